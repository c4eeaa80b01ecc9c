/**
 * A fleet to look at in the console: hosts of several sites with services, packages, addresses and what they depend
 * on, looked at every hour by five collectors each. Some drift, some cannot be reached, some nobody looks at any more.
 * The same numbers give the same fleet.
 */
import { sha256 } from '#base/digest';
import type { Json } from '#base/json';
import type { Instant } from '#base/time';
import { findingFacts } from '#drift';
import { DRIFT_SOURCE, type Finding, REACH_SOURCE, SSH_SOURCE } from '#model';
import type { FactInput, ObservationInput, Store } from '#store';

const HOUR = 3_600_000_000;
const SITES = ['acme/paris', 'acme/berlin', 'acme/tokyo', 'acme/austin'] as const;
const ROLES = ['web', 'db', 'cache', 'queue', 'edge'] as const;
const OS = [
  ['Debian GNU/Linux 12 (bookworm)', '6.1.0-28-amd64'],
  ['Debian GNU/Linux 13 (trixie)', '6.12.48-amd64'],
  ['Ubuntu 24.04.1 LTS', '6.8.0-51-generic'],
] as const;
const PACKAGES = ['openssl', 'bash', 'curl', 'nginx', 'zlib1g', 'sudo', 'tzdata', 'rsync'] as const;
const AT_ONCE = 100;

export type FleetSize = {
  readonly hosts: number;
  readonly rounds: number;
  /** When the last round was. */
  readonly until: Instant;
};

export type FleetHost = {
  readonly n: number;
  readonly id: string;
  readonly name: string;
  readonly role: (typeof ROLES)[number];
  readonly scope: string;
};

/** Odd numbers on purpose: none of these divides another. */
const isNever = (n: number): boolean => n % 499 === 498;
const isUnreachable = (n: number): boolean => n % 71 === 70;
const isForgotten = (n: number): boolean => n % 211 === 210;
const isPartial = (n: number): boolean => n % 59 === 58;
const isDrifted = (n: number): boolean => n % 23 === 22;

export function hostOf(n: number): FleetHost {
  const role = ROLES[n % ROLES.length] as FleetHost['role'];
  const name = `${role}-${String(n).padStart(4, '0')}`;
  return { n, name, id: `host:${name}`, role, scope: SITES[n % SITES.length] as string };
}

export function fleetYaml(hosts: number): string {
  const lines = [
    'version: 1',
    `scope: ${SITES[0]}`,
    `defaults: {staleAfter: 2h}`,
    `scopes: [${SITES.slice(1).join(', ')}]`,
  ];
  lines.push('redundancySets:');
  for (let n = 0; n < hosts; n += 15) lines.push(`  db-${n / 15}: []`);
  lines.push('targets:');
  for (let n = 0; n < hosts; n += 1) {
    const { id, role, scope } = hostOf(n);
    const os = n % OS.length === 2 ? 'ubuntu' : 'debian';
    const environment = n % 7 === 0 ? 'staging' : 'production';
    lines.push(`  ${id}:`);
    lines.push(`    {scope: ${scope}, hostType: ${os}, environment: ${environment},`);
    lines.push(`    transport: ssh, address: 10.${n >> 16}.${(n >> 8) & 255}.${n & 255},`);
    const set = role === 'db' ? `, redundancySet: db-${Math.floor(n / 15)}` : '';
    const via = n % ROLES.length !== 4 && n > 4 ? `, via: [${hostOf(4).id}]` : '';
    lines.push(`    owner: team-${role}, tags: [${role}]${set}${via}}`);
  }
  return `${lines.join('\n')}\n`;
}

/** About a hundred facts for each host; an hour between rounds, one host in a hundred changes in each. */
export async function fillFleet(store: Store, { hosts, rounds, until }: FleetSize): Promise<void> {
  let recorded = store.read.lastRecordedAt() ?? 0;
  let ids = store.read.counts().observations;
  for (let round = 0; round < rounds; round += 1) {
    const at = (until - (rounds - 1 - round) * HOUR) as Instant;
    for (let from = 0; from < hosts; from += AT_ONCE) {
      await store.write((transaction) => {
        for (let n = from; n < Math.min(hosts, from + AT_ONCE); n += 1)
          for (const look of looksAt(n, round, rounds, (at + n * 1_000) as Instant)) {
            ids += 1;
            recorded = Math.max(recorded + 1, look.observedAt + 2_000_000);
            transaction.record({
              ...look,
              id: `obs_fleet_${ids}`,
              recordedAt: recorded as Instant,
              actor: 'service:holdfast',
              reason: null,
              sha256: sha256(`fleet ${ids}`),
            });
          }
      });
    }
  }
}

type Look = Omit<ObservationInput, 'id' | 'recordedAt' | 'actor' | 'reason' | 'sha256'>;

function looksAt(n: number, round: number, rounds: number, at: Instant): Look[] {
  const host = hostOf(n);
  const left = rounds - round;
  if (isNever(n) || (isForgotten(n) && round > 0 && left <= 30)) return [];
  const base = { scope: host.scope, target: host.id, type: 'observed' as const, observedAt: at };
  const ssh = { ...base, source: SSH_SOURCE, shortfalls: [], complete: [] };
  const isDown = isUnreachable(n) && left <= 3;
  const reach: Look = {
    ...base,
    source: REACH_SOURCE,
    complete: ['host'],
    shortfalls: [],
    facts: facts(host.id, {
      'reach.state': isDown ? 'unreachable' : 'reachable',
      'reach.reason': isDown ? 'connect: no route to host' : null,
    }),
  };
  const kinds = [['host'], ['service'], ['package', 'user'], ['interface', 'address', 'network']];
  if (isDown) {
    const reason = 'connect: no route to host';
    const shortfalls = kinds
      .flat()
      .map((kind) => ({ kind, status: 'unreachable' as const, reason }));
    return [{ ...ssh, shortfalls, facts: [] }, reach];
  }
  const parts = [
    systemFacts(host, round),
    serviceFacts(host, round),
    packageFacts(host, round),
    networkFacts(host),
  ];
  const looks = parts.map((part, k): Look => {
    const own = kinds[k] as string[];
    return isPartial(n) && k === 2
      ? {
          ...ssh,
          shortfalls: own.map((kind) => ({ kind, status: 'partial', reason: 'time limit' })),
          facts: part,
        }
      : { ...ssh, complete: own, facts: part };
  });
  looks.push(reach);
  const finding =
    isDrifted(n) && left <= 20 ? [driftOf(host, at, left, left === Math.min(20, rounds))] : [];
  return [...looks, ...finding];
}

function facts(entity: string, values: Readonly<Record<string, Json>>): FactInput[] {
  return Object.entries(values).map(([attribute, value]) => ({ entity, attribute, value }));
}

/** How often something of the host was changed by a round. */
const turn = (n: number, round: number): number => Math.floor((round + (n % 100)) / 100);

function systemFacts({ n, id, name }: FleetHost, round: number): FactInput[] {
  const [os, kernel] = OS[n % OS.length] as (typeof OS)[number];
  return facts(id, {
    'os.name': os,
    'kernel.release': kernel,
    architecture: 'x86_64',
    hostname: name,
    'cpu.count': 2 + (n % 7) * 2,
    'memory.totalBytes': (4 + (n % 5) * 4) << 20,
    uptimeSeconds: 86_400 + round * 3_600,
    load: Math.round(100 * (1 + Math.sin((n + round * 7) / 9))) / 100,
    'memory.availableBytes': (1 << 20) * (1 + ((n + round * 3) % 9)),
  });
}

function serviceFacts({ n, name, role }: FleetHost, round: number): FactInput[] {
  const upstream = hostOf(Math.max(1, n - (n % 5) + 1));
  const main = facts(`service:${name}/${role}.service`, {
    'state.active': turn(n, round) % 7 === 6 ? 'failed' : 'active',
    'state.enabled': 'enabled',
    ...(role === 'web'
      ? { dependsOn: [{ ref: `service:${upstream.name}/${upstream.role}.service` }] }
      : {}),
  });
  const others = Array.from({ length: 14 }, (_, k) =>
    facts(`service:${name}/unit-${k}.service`, {
      'state.active': 'active',
      'state.enabled': k % 3 === 0 ? 'static' : 'enabled',
    }),
  );
  return [...main, ...others.flat()];
}

function packageFacts({ n, name }: FleetHost, round: number): FactInput[] {
  const packages = Array.from({ length: 24 }, (_, k) => {
    const base = PACKAGES[k % PACKAGES.length] as string;
    const version = k === 0 ? `3.0.${15 + turn(n, round)}` : `1.${k}.${n % 4}`;
    return facts(`package:${name}/${base}${k < 8 ? '' : k}`, { version, state: 'installed' });
  });
  const users = facts(`user:${name}/root`, { uid: 0, shell: '/bin/bash' });
  return [...packages.flat(), ...users];
}

function networkFacts({ n, name, id }: FleetHost): FactInput[] {
  const network = `network:10.${n >> 16}.${(n >> 8) & 255}.0/24`;
  const entity = `interface:${name}/eth0`;
  return [
    ...facts(entity, {
      type: 'ethernet',
      mtu: 1_500,
      host: { ref: id },
      network: { ref: network },
    }),
    ...facts(`address:${name}/eth0/10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, {
      family: 'inet',
      prefix: 24,
      interface: { ref: entity },
    }),
  ];
}

function driftOf(host: FleetHost, at: Instant, left: number, isFirst: boolean): Look {
  const finding: Finding = {
    id: `finding_${sha256(host.id).slice(0, 16)}`,
    scope: host.scope,
    target: host.id,
    baseline: 'baseline_fleet',
    declared: 'blessed',
    entity: `package:${host.name}/openssl`,
    attribute: 'version',
    kind: 'changed',
    severity: host.n % 5 === 0 ? 'critical' : 'warning',
    observed: '3.0.15',
    desired: '3.0.16',
    notBefore: (at - HOUR) as Instant,
    firstSeen: at,
    lastSeen: at,
    looks: 1,
    status: left <= 2 && host.n % 3 === 0 ? 'resolved' : 'open',
    owner: `team-${host.role}`,
    because: null,
    cause: null,
  };
  return {
    scope: host.scope,
    target: host.id,
    type: 'drift',
    source: DRIFT_SOURCE,
    observedAt: at,
    complete: [],
    shortfalls: [],
    facts: findingFacts(finding).filter(({ attribute }) => isFirst || attribute === 'status'),
  };
}
