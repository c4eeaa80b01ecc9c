/**
 * A host as looks show it over weeks: everything that moves, flaps and comes in any order, and the
 * few things that somebody planted. All of it follows from a seed.
 */
import type { Json } from '#base/json';
import { type Instant, shift } from '#base/time';

export const MINUTE = 60_000_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export type Plant = {
  readonly host: number;
  readonly from: Instant;
  /** `null`: nobody mends it. */
  readonly until: Instant | null;
  readonly entity: string;
  readonly attribute: string;
  readonly kind: 'changed' | 'missing' | 'unexpected' | 'unknown';
  /** What is there instead; of a whole entity its attributes. */
  readonly value: Json;
};

export type Seen = {
  readonly observedAt: Instant;
  readonly facts: readonly { entity: string; attribute: string; value: Json }[];
  readonly complete: readonly string[];
  readonly shortfalls: readonly {
    kind: string;
    status: 'partial' | 'unreachable';
    reason: string;
  }[];
};

export type Chance = () => number;

/** A window in which something of the host is not as it should be, and which means nothing. */
type Flap = { readonly from: Instant; readonly until: Instant; readonly what: string };

export class NoisyHost {
  readonly name: string;
  readonly plants: readonly Plant[];
  readonly #chance: Chance;
  readonly #flaps: readonly Flap[];

  constructor(name: string, plants: readonly Plant[], from: Instant, days: number, chance: Chance) {
    this.name = name;
    this.plants = plants;
    this.#chance = chance;
    this.#flaps = Array.from({ length: days }, (_, day) => [
      this.#flap(from, day, 'nginx', 4),
      this.#flap(from, day, 'worker', 4),
      this.#flap(from, day, 'clock', 4),
      this.#flap(from, day, 'container', 10),
      this.#flap(from, day, 'job', 10),
      this.#flap(from, day, 'away', 6),
    ]).flat();
  }

  #flap(from: Instant, day: number, what: string, minutes: number): Flap {
    const begins = shift(from, Math.floor(day * DAY + this.#chance() * DAY));
    return {
      from: begins,
      until: shift(begins, Math.floor(this.#chance() * minutes * MINUTE)),
      what,
    };
  }

  #isIn(what: string, at: Instant): boolean {
    return this.#flaps.some((flap) => flap.what === what && flap.from <= at && at < flap.until);
  }

  /** Whether the host answers nobody. */
  isAway(at: Instant): boolean {
    return this.#isIn('away', at) || this.#planted(at).some(({ kind }) => kind === 'unknown');
  }

  look(at: Instant): Seen {
    if (this.isAway(at)) {
      const shortfalls = KINDS.map((kind) => ({
        kind,
        status: 'unreachable' as const,
        reason: 'connection timed out',
      }));
      return { observedAt: at, facts: [], complete: [], shortfalls };
    }
    const entities = this.#truth(at);
    for (const { entity, attribute, kind, value } of this.#planted(at)) {
      if (attribute === '*' && kind === 'missing') entities.delete(entity);
      else if (attribute === '*') entities.set(entity, { ...(value as object) });
      else if (kind === 'missing') delete entities.get(entity)?.[attribute];
      else {
        const known = entities.get(entity) ?? {};
        known[attribute] = value;
        entities.set(entity, known);
      }
    }
    const partial = this.#chance() < 0.01 ? this.#one(KINDS) : undefined;
    const facts = this.#shuffled(
      [...entities].flatMap(([entity, attributes]) => {
        if (partial !== undefined && entity.startsWith(`${partial}:`) && this.#chance() < 0.5)
          return [];
        return Object.entries(attributes).map(([attribute, value]) => ({
          entity,
          attribute,
          value,
        }));
      }),
    );
    return {
      observedAt: at,
      facts,
      complete: KINDS.filter((kind) => kind !== partial),
      shortfalls:
        partial === undefined
          ? []
          : [{ kind: partial, status: 'partial', reason: 'output was cut' }],
    };
  }

  #planted(at: Instant): readonly Plant[] {
    return this.plants.filter(({ from, until }) => from <= at && (until === null || at < until));
  }

  #truth(at: Instant): Map<string, Record<string, Json>> {
    const entities = new Map<string, Record<string, Json>>();
    const of = (kind: string, key: string, attributes: Record<string, Json>): void => {
      entities.set(`${kind}:${this.name}/${key}`, attributes);
    };
    const pid = (): number => 300 + Math.floor(this.#chance() * 30_000);
    const passing = this.#one(['activating', 'deactivating', 'reloading', 'inactive', 'failed']);
    for (const service of ['nginx', 'worker', 'sshd', 'app', 'db']) {
      const active = this.#isIn(service, at) ? passing : 'active';
      of('service', `${service}.service`, {
        'state.active': active,
        'state.enabled': 'enabled',
        'state.failed': active === 'failed',
        'state.current': active,
        'state.sub': this.#one(['running', 'reload', 'exited']),
        since: String(this.#chance()),
        restarts: Math.floor(this.#chance() * 9),
        user: service === 'sshd' ? 'root' : 'www-data',
        overrides: this.#shuffled(['/etc/a.conf', '/etc/b.conf', '/etc/c.conf']),
      });
    }
    of('container', 'web', {
      state: this.#isIn('container', at) ? 'restarting' : 'running',
      image: 'web:1',
      networks: this.#shuffled(['front', 'back']),
      ports: this.#shuffled(['80/tcp', '443/tcp']),
      id: String(this.#chance()),
      status: `Up ${Math.floor(this.#chance() * 99)} minutes`,
    });
    if (this.#isIn('job', at))
      of('container', `job-${Math.floor(this.#chance() * 1e6)}`, { state: 'running', image: 'ci' });
    for (const port of [22, 443]) {
      of('port', `tcp/0.0.0.0:${port}`, {
        protocol: 'tcp',
        address: '0.0.0.0',
        port,
        process: port === 22 ? 'sshd' : 'nginx',
        pid: pid(),
      });
    }
    for (let i = 0; i < 2; i++) {
      const port = 32_768 + Math.floor(this.#chance() * 28_000);
      of('port', `udp/0.0.0.0:${port}`, { protocol: 'udp', port, process: 'resolver', pid: pid() });
    }
    of('user', 'ada', { uid: 1000, shell: '/bin/bash', groups: this.#shuffled(['adm', 'sudo']) });
    of('user', 'root', { uid: 0, shell: '/bin/bash', groups: [] });
    of('group', 'adm', { gid: 4, members: this.#shuffled(['ada', 'syslog', 'root']) });
    of('file', '/etc/shadow', { mode: this.#one(['0640', '640']), owner: 'root', sha256: 'ab12' });
    of('file', '/etc/ssh/sshd_config', { mode: '0600', owner: 'root' });
    of('sshd_setting', 'permitrootlogin', {
      value: this.#one(['prohibit-password', 'without-password']),
    });
    of('sshd_setting', 'passwordauthentication', { value: this.#one(['no', 'No']) });
    of('sshd_setting', 'allowusers', { value: this.#shuffled(['ada', 'ops']) });
    of('kernel_parameter', 'net.ipv4.ip_local_port_range', {
      value: this.#one(['32768\t60999', '32768 60999', '32768 60999\n']),
    });
    of('kernel_parameter', 'net.ipv4.ip_forward', { value: this.#one(['0', 0]) });
    for (const name of ['openssl', 'bash', 'curl', 'zlib'])
      of('package', name, { version: '3.0.11-1~deb12u2', architecture: 'amd64' });
    of('filesystem', '/', {
      sizeBytes: 8 * 2 ** 30,
      usedBytes: Math.floor(this.#chance() * 2 ** 32),
      inodesUsed: Math.floor(this.#chance() * 1e6),
    });
    of('mount', '/', { type: 'ext4', options: this.#shuffled(['rw', 'relatime', 'discard']) });
    of('address', `eth0/10.0.${Math.floor((at / DAY) * 2) % 250}.7`, {
      family: 'inet',
      prefix: 24,
      dynamic: true,
      lifetimeSeconds: Math.floor(this.#chance() * 86_400),
    });
    of('address', 'eth1/192.0.2.10', { family: 'inet', prefix: 24, dynamic: false });
    of('time_sync', 'clock', {
      provider: 'chrony',
      synchronized: !this.#isIn('clock', at),
      offsetSeconds: this.#chance(),
    });
    of('certificate', '/etc/ssl/web.pem', {
      notAfter: this.#one(['2027-01-01T00:00:00Z', '2027-01-01T01:00:00+01:00']),
      subjectAltNames: this.#shuffled(['a.test', 'b.test']),
      fingerprint: this.#one(['ABCDEF', 'abcdef']),
    });
    return entities;
  }

  #one<T>(of: readonly T[]): T {
    return of[Math.floor(this.#chance() * of.length)] as T;
  }

  #shuffled<T>(of: readonly T[]): T[] {
    return of
      .map((value) => ({ value, order: this.#chance() }))
      .sort((a, b) => a.order - b.order)
      .map(({ value }) => value);
  }
}

export const KINDS = [
  'service',
  'container',
  'port',
  'user',
  'group',
  'file',
  'sshd_setting',
  'kernel_parameter',
  'package',
  'filesystem',
  'mount',
  'address',
  'time_sync',
  'certificate',
];
