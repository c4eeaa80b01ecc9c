/**
 * The change road in a paper fleet: the real store, event log, catalogue, policies and signatures,
 * on simulated disks and hosts. `begin` gives a process over the state there is; it can be made to
 * die at a named point, after which nothing it does reaches anything any more.
 */
import { DatabaseSync } from 'node:sqlite';
import type { Adapter, Dispatch, Host } from '#adapters';
import {
  firstAuthority,
  type HostPolicy,
  hostPolicyDocument,
  NAMESPACES,
  NO_HASH,
  nextConfig,
  parseRevocations,
  parseSigners,
  publicKeyLine,
  signSshsig,
} from '#authority';
import { digestOf, sha256 } from '#base/digest';
import type { Json } from '#base/json';
import { silentLog } from '#base/log';
import type { Clock, Files } from '#base/ports';
import { formatInstant, type Instant } from '#base/time';
import type { Catalogue } from '#catalogue';
import type { EventInput, EventRecord, Log } from '#evidence';
import {
  type AuthorityState,
  type ChangeRoad,
  type ChangeView,
  type FaultPoint,
  openChangeRoad,
  type Proposal,
  type Requester,
  type RoadPorts,
} from '#execution';
import { type Inventory, parseInventory } from '#inventory';
import { LOCAL_SOURCE } from '#model';
import { DEFAULT_SETTINGS, loadPolicies, type PolicyEngine, type Settings } from '#policy';
import { aKey, aPrivateKey, NOON, signerLine } from '#samples/authority';
import { shippedCatalogue } from '#samples/catalogue';
import { anEvent } from '#samples/evidence';
import { shippedFiles } from '#samples/policy';
import { openMemoryStore, type Store } from '#store';
import { judgeCommand } from './commands.ts';
import { SimulatedDisk } from './simulated-files.ts';
import { type ProgramCall, type ProgramEnd, SimulatedHost } from './simulated-host.ts';
import { openTestLog, seededRandom } from './simulated-log.ts';

export const FLEET = `version: 1
targets:
  host:web-1:
    hostType: debian
    environment: test
    transport: local
    sources:
      - name: probe
  host:web-2:
    hostType: debian
    environment: test
    transport: ssh
    address: 192.0.2.2
`;
export const ORGANISATION = 'main';
const HOME = '/data/home';
const WIDE = { hour: { percent: 100, atLeast: 9 }, day: { percent: 100, atLeast: 9 } };
const DAY_GUARDS: Settings['guards'] = {
  ...DEFAULT_SETTINGS.guards,
  cooldownSeconds: 0,
  flap: { times: 100, withinSeconds: 7_200 },
  blastRadius: { groups: WIDE, redundancySets: WIDE },
};

/** Parsed and compiled once: they are the same for every world. */
const CATALOGUE = shippedCatalogue();
const engines = new Map<string, PolicyEngine>();

export const OPERATOR: Requester = {
  principal: 'operator:root@local',
  onBehalfOf: null,
  surface: 'cli',
  kind: 'operator',
  profile: 'operator',
  capabilities: [...new Set(CATALOGUE.all.map(({ capability }) => capability))],
  ceiling: 'T3',
  tainted: false,
  session: 'ses_operator',
  scopes: ['main/main'],
  requestId: 'req_operator',
  traceId: null,
};

export const ASSISTANT: Requester = {
  ...OPERATOR,
  principal: 'assistant:stdio',
  onBehalfOf: 'operator:root@local',
  surface: 'mcp-stdio',
  kind: 'assistant',
  profile: 'observer',
  session: 'ses_assistant',
  requestId: 'req_assistant',
};

export function aProposal(over: Partial<Proposal> = {}): Proposal {
  return {
    action: 'service.restart',
    targets: ['host:web-1'],
    arguments: { unit: 'nginx.service' },
    reason: 'it is down',
    dryRun: false,
    idempotencyKey: null,
    ...over,
  };
}

type Parsed = Pick<AuthorityState, 'signers' | 'signersText' | 'revocations' | 'hostPolicy'>;

class Died extends Error {}

/** A process: everything it touches goes through here, and nothing after its death. */
class Life {
  dead = false;
  dieAt: FaultPoint | undefined;
  /** Of the dying points, how often the point is passed first. */
  skip = 0;
  readonly passed: FaultPoint[] = [];

  reach<T>(act: () => T | Promise<T>): Promise<T> {
    return this.dead ? new Promise<T>(() => {}) : Promise.resolve(act());
  }

  at(point: FaultPoint): Promise<void> {
    if (this.dead) return new Promise(() => {});
    this.passed.push(point);
    if (point !== this.dieAt || this.skip-- > 0) return Promise.resolve();
    this.dead = true;
    return Promise.reject(new Died(point));
  }
}

export type World = Awaited<ReturnType<typeof aChangeWorld>>;

export type WorldOptions = {
  /** What a look says, where it is not what it usually is. */
  readonly look?: (argv: readonly string[]) => string | undefined;
  readonly fleet?: string;
  /** Hosts that there are, and that `fleet` names; default `host:web-1` and `host:web-2`. */
  readonly hosts?: readonly string[];
  readonly settings?: Partial<Settings>;
  readonly catalogue?: Catalogue;
  /** Whether `observe` records what there is; a bench that is about something else says no. */
  readonly observes?: boolean;
  /** Another disk than the simulated one, which costs memory with each append. */
  readonly files?: Files;
  readonly program?: (call: ProgramCall) => ProgramEnd;
  /** Further keys that may sign, and where passkeys are made. */
  readonly signers?: readonly ReturnType<typeof signerLine>[];
  readonly origins?: readonly string[];
  /** The log is written by the clock that hosts have, as bundles want it. */
  readonly oneClock?: true;
};

// oxlint-disable-next-line typescript/explicit-module-boundary-types -- `World` is what it answers
export async function aChangeWorld(options: WorldOptions = {}) {
  let now = NOON * 1_000_000;
  const clock: Clock = {
    now: () => now as Instant,
    monotonicMs: () => now / 1_000,
    // Whatever is ready first has its turn: who waits for an answer only so long still gets it.
    sleep: async (ms, signal) => {
      const until = now + ms * 1_000;
      await new Promise((resolve) => setImmediate(resolve));
      if (signal?.aborted !== true) now = Math.max(now, until);
    },
  };
  const seconds = (): number => Math.floor(now / 1_000_000);
  const random = seededRandom(11);
  const disk = new SimulatedDisk(3);
  const files = options.files ?? disk.start();
  await files.makeDirectory(HOME);
  const { log } = await openTestLog(files, options.oneClock === true ? { clock } : {});
  let db: DatabaseSync | undefined;
  const store = openMemoryStore((path) => {
    db = new DatabaseSync(path);
    return db;
  });

  const facts = new Map<string, Json>([
    ['host:web-1 service:web-1/nginx.service state.current', 'failed'],
    ['host:web-1 service:web-1/nginx.service state.load', 'loaded'],
    ['host:web-1 service:web-1/ssh.service state.current', 'active'],
    ['host:web-1 service:web-1/ssh.service state.load', 'loaded'],
    ['host:web-2 service:web-2/nginx.service state.current', 'active'],
    ['host:web-2 service:web-2/nginx.service state.load', 'loaded'],
  ]);
  for (const id of options.hosts ?? []) {
    const name = id.slice('host:'.length);
    facts.set(`${id} service:${name}/nginx.service state.current`, 'failed');
    facts.set(`${id} service:${name}/nginx.service state.load`, 'loaded');
  }
  const set = (host: string, unit: string, state: string): void => {
    facts.set(`host:${host} service:${host}/${unit} state.current`, state);
  };
  const state = {
    fleet: options.fleet ?? FLEET,
    settings: {
      ...DEFAULT_SETTINGS,
      organisation: ORGANISATION,
      mode: 'open',
      guards: DAY_GUARDS,
      ...options.settings,
    } as Settings,
    catalogue: options.catalogue ?? CATALOGUE,
    baselines: sha256('baselines'),
    hasRecovery: true,
    restored: null as string | null,
    observing: async (_targets: readonly string[]): Promise<void> => {},
    files: new Map<string, string>(),
  };

  const controlPlane = aPrivateKey('control-plane');
  const hosts = new Map<string, SimulatedHost>();
  const sent: Dispatch[] = [];
  let epoch = 0;
  for (const id of options.hosts ?? ['host:web-1', 'host:web-2']) {
    const name = id.slice('host:'.length);
    hosts.set(
      id,
      new SimulatedHost({
        organisation: ORGANISATION,
        hostId: sha256(id).slice(0, 32),
        epoch: ++epoch,
        now: seconds,
        controlPlane: publicKeyLine(controlPlane),
        present: state.files,
        program: (call) => {
          const told = options.program?.(call);
          if (told !== undefined) return told;
          const [program, verb, , unit = ''] = call.argv;
          if (program === 'systemctl' && (verb === 'start' || verb === 'restart'))
            set(name, unit, 'active');
          if (program === 'systemctl' && verb === 'stop') set(name, unit, 'inactive');
          return { stdout: 'done\n' };
        },
        look: (argv) => {
          const told = options.look?.(argv);
          if (told !== undefined) return { exit: 0, stdout: told };
          if (argv[1] !== 'is-active') return { exit: 0, stdout: `${argv.join(' ')}\n` };
          const is = facts.get(`${id} service:${name}/${argv.at(-1)} state.current`);
          return { exit: is === 'active' ? 0 : 3, stdout: '' };
        },
      }),
    );
  }

  let read: { readonly text: string; readonly inventory: Inventory } | undefined;
  const inventory = async (): Promise<Inventory> => {
    if (read?.text !== state.fleet) {
      read = { text: state.fleet, inventory: parseInventory(state.fleet, 'fleet.yaml') };
    }
    return read.inventory;
  };
  const policy = async (): Promise<PolicyEngine> => {
    const key = digestOf(JSON.parse(JSON.stringify(state.settings)) as Json);
    const settings = { ...state.settings, digest: key };
    let engine = engines.get(key);
    if (engine === undefined) {
      engine = loadPolicies(shippedFiles(), settings);
      engines.set(key, engine);
    }
    return engine;
  };

  const first = firstAuthority({
    operator: 'alice',
    key: aKey('alice').line,
    profile: 'solo',
    origins: options.origins ?? [],
  });
  const rule = { quorum: 1, assurance: 'same-user' } as const;
  let authority: typeof first = {
    ...first,
    lines: [
      ...first.lines,
      signerLine('bob', aKey('bob')),
      signerLine('recovery', aKey('recovery')),
      ...(options.signers ?? []),
    ],
    policy: {
      ...first.policy,
      rules: { T1: rule, T2: rule, T3: rule, standing: rule, config: rule, lift: rule },
    },
  };
  const hex = (digest: string): string => digest.replace(/^sha256:/, '');
  const digests = async (): Promise<AuthorityState['now']> => {
    const { signers, revocations, hostPolicy } = inForce.files;
    return {
      inventory: hex((await inventory()).digest),
      policy: hex((await policy()).digest),
      catalogue: hex(state.catalogue.digest),
      baselines: state.baselines,
      signers: sha256(signers),
      revocations: sha256(revocations),
      hostPolicy: sha256(hostPolicy),
    };
  };
  const config = async () => {
    const now = {
      inventory: hex((await inventory()).digest),
      policy: hex((await policy()).digest),
      catalogue: hex(state.catalogue.digest),
      baselines: state.baselines,
    };
    const next = nextConfig({
      organisation: ORGANISATION,
      current: null,
      authority,
      digests: now,
      issued: seconds(),
      checkpoint: { size: 0, root: NO_HASH },
    });
    return { ...next, signature: aKey('alice').sign(NAMESPACES.config, next.text) };
  };
  let inForce = await config();
  let kept: { readonly of: typeof inForce; readonly parsed: Parsed } | undefined;
  /** Parsed once for each config, as the service does. */
  const parsed = (): Parsed => {
    if (kept?.of !== inForce) {
      const { signers, revocations, hostPolicy } = inForce.files;
      kept = {
        of: inForce,
        parsed: {
          signers: parseSigners(signers),
          signersText: signers,
          revocations: parseRevocations(revocations),
          hostPolicy: hostPolicyDocument.parse(hostPolicy),
        },
      };
    }
    return kept.parsed;
  };
  const tellHosts = async (): Promise<void> => {
    for (const host of hosts.values()) {
      const answer = await host.config({
        order: inForce.text,
        signatures: [inForce.signature],
        ...inForce.files,
      });
      if (answer.verdict !== 'ok') throw new Error(`config: ${answer.code} ${answer.detail}`);
    }
  };
  await tellHosts();

  const record = async (only?: readonly string[]): Promise<void> => {
    for (const target of (await inventory()).targets) {
      if (only?.includes(target.id) === false) continue;
      const of = [...facts].filter(([key]) => key.startsWith(`${target.id} `));
      await store.write((transaction) => {
        const at = Math.max(now, (transaction.reader.lastRecordedAt() ?? 0) + 1) as Instant;
        transaction.record({
          id: `obs_${at}_${target.id}`,
          scope: target.scope,
          target: target.id,
          source: LOCAL_SOURCE,
          type: 'observed',
          observedAt: at,
          recordedAt: at,
          complete: ['service'],
          shortfalls: [],
          facts: of.map(([key, value]) => {
            const [, entity = '', attribute = ''] = key.split(' ');
            return { entity, attribute, value };
          }),
          actor: 'service:holdfast',
          reason: null,
          sha256: sha256('observed'),
        });
        now = Math.max(now, at);
      });
    }
  };
  await record();

  const ports = (life: Life): RoadPorts => {
    const adapter: Adapter = {
      name: 'simulated',
      host: async (target) => {
        const host = hosts.get(target.id) as Host;
        return {
          status: () => life.reach(() => host.status()),
          run: (dispatch) =>
            life.reach(async () => {
              sent.push(dispatch);
              const answer = await host.run(dispatch);
              return life.dead ? new Promise<never>(() => {}) : answer;
            }),
          job: (nonce) => life.reach(() => host.job(nonce)),
          cancel: (nonces) => life.reach(() => host.cancel(nonces)),
          stop: (stop) => life.reach(() => host.stop(stop)),
          lift: (order, signatures) => life.reach(() => host.lift(order, signatures)),
          config: (given) => life.reach(() => host.config(given)),
          look: (argv, timeout) => life.reach(() => host.look(argv, timeout)),
        };
      },
    };
    return {
      clock: { ...clock, sleep: (ms, signal) => life.reach(() => clock.sleep(ms, signal)) },
      random,
      files: mortal(files, life),
      home: HOME,
      log: silentLog,
      store: {
        read: store.read,
        changes: store.changes,
        write: (act) =>
          life.reach(() =>
            store.write(async (transaction) => {
              const result = await act(transaction);
              if (life.dead) throw new Died('in a transaction');
              return result;
            }),
          ),
      } as Store,
      events: {
        append: (event: EventInput) => {
          if (!life.dead) return log.append(event);
          const never = new Promise<never>(() => {});
          return { written: never, durable: never };
        },
        health: () => log.health(),
        read: (...args: Parameters<Log['read']>) => log.read(...args),
      } as unknown as Log,
      inventory,
      catalogue: async () => state.catalogue,
      policy,
      settings: async () => state.settings,
      authority: async (): Promise<AuthorityState> => ({
        organisation: ORGANISATION,
        ...parsed(),
        config: { text: inForce.text, signatures: [inForce.signature] },
        now: await digests(),
        operators: [
          { id: 'alice', name: 'Alice', accounts: ['root@local'], since: '2026-01-01T00:00:00Z' },
          { id: 'bob', name: 'Bob', accounts: ['bob@local'], since: '2026-01-01T00:00:00Z' },
        ],
        hasRecovery: state.hasRecovery,
        restored: state.restored,
      }),
      judgeCommand,
      readOn: (target, argv, seconds) =>
        adapter.host(target).then((host) => host.look(argv, seconds)),
      adapterOf: (target) => (hosts.has(target.id) ? adapter : undefined),
      enrolled: async (target) => {
        const host = hosts.get(target.id);
        if (host === undefined) return undefined;
        const status = await host.status();
        return {
          organisation: status.organisation,
          hostId: status.hostId,
          epoch: status.epoch,
          receiptKey: status.receiptKey,
        };
      },
      fileOf: async (_target, path) => {
        const seen = state.files.get(path);
        return seen === undefined ? 'absent' : { sha256: seen };
      },
      roots: {
        state: '/var/lib/holdfast/undo',
        runbooks: '/opt/runbooks',
        program: '/opt/holdfast',
        account: 'root',
      },
      checkpoint: async () => ({ size: 0, root: NO_HASH }),
      signRun: async (text) => signSshsig(controlPlane, NAMESPACES.run, text),
      keepOutput: async (text) => ({ sha256: sha256(text), length: Buffer.byteLength(text) }),
      observe: (targets) =>
        life.reach(async () => {
          await state.observing(targets.map(({ id }) => id));
          if (options.observes !== false) await record(targets.map(({ id }) => id));
        }),
      at: (point) => life.at(point),
    };
  };

  /** A process over what there is now. */
  const begin = (dieAt?: FaultPoint, skip = 0): { road: ChangeRoad; life: Life } => {
    const life = new Life();
    life.dieAt = dieAt;
    life.skip = skip;
    return { road: openChangeRoad(ports(life)), life };
  };
  const { road } = begin();
  await road.resume();

  return {
    road,
    begin,
    store,
    disk,
    files,
    log,
    controlPlane,
    /** The database as someone with its file could write it. */
    edit: (sql: string): void => {
      db?.setAuthorizer(null);
      for (const { name } of db
        ?.prepare(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`)
        .all() ?? [])
        db?.exec(`DROP TRIGGER ${String(name)}`);
      db?.exec(sql);
    },
    clock,
    hosts,
    facts,
    state,
    sent,
    ports,
    set,
    host: (id = 'host:web-1'): SimulatedHost => hosts.get(id) as SimulatedHost,
    pass: (secondsToPass: number): void => {
      now += secondsToPass * 1_000_000;
    },
    record,
    /** Puts what is on paper in force, signed by alice. */
    signConfig: async (): Promise<void> => {
      inForce = await config();
    },
    /** The signers file as somebody with its file could write it. */
    editSigners: (edit: (text: string) => string): void => {
      inForce = { ...inForce, files: { ...inForce.files, signers: edit(inForce.files.signers) } };
    },
    rules: async (rules: Partial<HostPolicy['rules']>): Promise<void> => {
      authority = {
        ...authority,
        policy: { ...authority.policy, rules: { ...authority.policy.rules, ...rules } },
      };
      inForce = await config();
    },
    revoke: async (operator: string): Promise<void> => {
      authority = {
        ...authority,
        lines: authority.lines.filter(({ operators }) => !operators.includes(operator)),
      };
      inForce = await config();
    },
    sign: (operator: string, text: string): string => aKey(operator).sign(NAMESPACES.change, text),
    /** Reads the page and brings alice's signature, as an operator at the command line does. */
    approve: async (
      id: string,
      operator = 'alice',
      on: ChangeRoad = road,
      more: { typedTarget?: string; reason?: string } = {},
    ): Promise<ChangeView> => {
      const page = await on.approvalPage(OPERATOR, id);
      return on.approve(OPERATOR, {
        changeId: id,
        signature: aKey(operator).sign(NAMESPACES.change, page.envelope),
        typedTarget: more.typedTarget ?? null,
        reason: more.reason ?? null,
      });
    },
    events: async (): Promise<readonly EventRecord[]> => {
      await log.append(anEvent({ kind: 'test.marker' })).durable;
      const events = await log.read({}, 10_000);
      return events.filter(({ kind }) => kind.startsWith('change.')).toReversed();
    },
    now: (): string => formatInstant(now as Instant),
  };
}

function mortal<T extends object>(target: T, life: Life): T {
  return new Proxy(target, {
    get: (object, name) => {
      const value = Reflect.get(object, name) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => life.reach(() => value.apply(object, args) as unknown);
    },
  });
}

/** Resolves when the process has died, or when what it was asked for ended. */
export async function untilDeath(
  life: { readonly dead: boolean },
  work: Promise<unknown>,
): Promise<unknown> {
  let ended = false;
  const settled = work.then(
    (value) => {
      ended = true;
      return value;
    },
    (thrown: unknown) => {
      ended = true;
      return thrown;
    },
  );
  for (let turn = 0; turn < 20_000; turn++) {
    if (ended) return settled;
    if (life.dead) {
      // Let whatever it had begun come to rest.
      for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
      return undefined;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('it neither ended nor died');
}
