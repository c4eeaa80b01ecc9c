/** A whole kernel on a simulated disk: a store in memory, a real event log, a paper fleet. */
import { reachOf } from '#access';
import { Fault } from '#base/fault';
import { silentLog } from '#base/log';
import type { Clock } from '#base/ports';
import { type Instant, instant } from '#base/time';
import type { Catalogue } from '#catalogue';
import type { EventRecord, Log } from '#evidence';
import { openChangeRoad } from '#execution';
import { openIdentity } from '#identity';
import { type Inventory, parseInventory } from '#inventory';
import { type Answer, type Call, type Caller, Kernel, OPERATIONS, type World } from '#operations';
import { DEFAULT_SETTINGS, loadPolicies } from '#policy';
import { shippedCatalogue } from '#samples/catalogue';
import { anEvent } from '#samples/evidence';
import { shippedFiles } from '#samples/policy';
import { openMemoryStore, type Store } from '#store';
import { commandPowers } from './commands.ts';
import { type FileFaultPlan, SimulatedDisk } from './simulated-files.ts';
import { openTestLog, seededRandom } from './simulated-log.ts';

export const FLEET = `version: 1
targets:
  host:web-1:
    hostType: debian
    environment: test
    transport: local
    sources:
      - name: probe
      - name: trusted-probe
        trusted: true
      - name: packages-only
        kinds: [package]
  host:web-2:
    hostType: debian
    sources:
      - name: probe
drift:
  ignore:
    - entity: package:*/tzdata
      reason: updated by itself
`;

/** Read and compiled once, when a world first asks: they are the same for every one, and take half a second. */
const kept: { catalogue?: Catalogue; policy?: ReturnType<typeof loadPolicies> } = {};
const catalogue = async (): Promise<Catalogue> => {
  kept.catalogue ??= shippedCatalogue();
  return kept.catalogue;
};
const policy = async (): Promise<ReturnType<typeof loadPolicies>> => {
  kept.policy ??= loadPolicies(shippedFiles(), DEFAULT_SETTINGS);
  return kept.policy;
};

export const OPERATOR: Caller = {
  principal: 'operator:ada@local',
  onBehalfOf: null,
  surface: 'cli',
  profile: 'operator',
  session: 'cli',
  reach: reachOf('operator'),
};

export const ASSISTANT: Caller = {
  principal: 'assistant:stdio',
  onBehalfOf: 'operator:ada@local',
  surface: 'mcp-stdio',
  profile: 'observer',
  session: 'stdio_test',
  reach: reachOf('observer'),
};

export type TestWorld = {
  readonly disk: SimulatedDisk;
  readonly store: Store;
  readonly log: Log;
  readonly kernel: Kernel;
  /** Sets the clock; it stands still otherwise. */
  at(text: string): void;
  fleet(text: string): void;
  ask(operation: string, input: unknown, more?: Partial<Call>): Promise<Answer>;
  /** The answer's value, loosely typed for assertions. */
  // oxlint-disable-next-line typescript/no-explicit-any
  value(operation: string, input: unknown, more?: Partial<Call>): Promise<any>;
  events(): Promise<readonly EventRecord[]>;
};

export async function aWorld(
  over: Partial<World> & { readonly diskFault?: FileFaultPlan } = {},
): Promise<TestWorld> {
  let now = instant('2026-03-01T12:00:00Z');
  let text = FLEET;
  const disk = new SimulatedDisk(1);
  const { log } = await openTestLog(disk.start(over.diskFault));
  const store = over.store ?? openMemoryStore();
  const refuse = async (): Promise<never> => {
    throw new Error('not in this world');
  };
  let parsed: { readonly text: string; readonly inventory: Inventory } | undefined;
  const inventory = async (): Promise<Inventory> => {
    if (parsed?.text !== text) parsed = { text, inventory: parseInventory(text, 'fleet.yaml') };
    return parsed.inventory;
  };
  const unreached = async (): Promise<never> => {
    throw new Fault('unavailable', 'not-in-this-world', 'nothing of that kind is in this world');
  };
  const clock: Clock = {
    now: () => now,
    monotonicMs: () => now / 1000,
    sleep: async () => {},
  };
  // Nobody may sign here and no host is reached: what goes further is in `change-world.ts`.
  const road = openChangeRoad({
    clock,
    random: seededRandom(5),
    files: disk.start(),
    home: '/data/home',
    log: silentLog,
    store,
    events: log,
    inventory,
    catalogue,
    policy,
    settings: async () => DEFAULT_SETTINGS,
    authority: unreached,
    judgeCommand: async () => ({
      tier: 'deny',
      normalForm: null,
      says: 'no commands in this world',
    }),
    readOn: unreached,
    adapterOf: () => undefined,
    enrolled: async () => undefined,
    fileOf: async () => undefined,
    roots: {
      state: '/var/lib/holdfast',
      runbooks: null,
      program: '/opt/holdfast',
      account: 'root',
    },
    checkpoint: async () => ({ size: 0, root: '0'.repeat(64) }),
    signRun: unreached,
    keepOutput: unreached,
    observe: unreached,
    at: () => {},
  });
  const identity = await openIdentity({
    path: ':memory:',
    files: disk.start(),
    clock,
    random: seededRandom(7),
  });
  const kernel = new Kernel(
    {
      clock,
      random: seededRandom(3),
      log: silentLog,
      store,
      events: log,
      inventory,
      observe: refuse as unknown as World['observe'],
      trails: { changes: () => [], read: async () => ({ events: [], trails: [], why: null }) },
      editInventory: async (edit) => {
        text = edit(text);
      },
      verify: refuse,
      backup: refuse,
      doctor: refuse,
      changes: {
        road,
        catalogue,
        commands: commandPowers(),
        policy,
        ceilingOf: async () => 'T3',
      },
      authority: {
        operators: refuse,
        status: refuse,
        page: refuse,
        apply: refuse,
        wait: refuse,
        waiting: refuse,
      },
      policies: {
        test: refuse,
        explain: refuse,
        replay: refuse,
        show: refuse,
        matrix: refuse,
        check: refuse,
        save: refuse,
      },
      identity: {
        console: refuse,
        confirmServer: refuse,
        invite: refuse,
        invitations: refuse,
        passkeys: refuse,
        renamePasskey: refuse,
        removePasskey: refuse,
        sessions: refuse,
        endSession: refuse,
        endSessions: refuse,
        recoveryCodes: refuse,
        glass: refuse,
        closeGlass: refuse,
      },
      enrolment: {
        start: refuse,
        add: refuse,
        remove: refuse,
        list: refuse,
        page: refuse,
        apply: refuse,
        keys: refuse,
      },
      leases: identity.leases,
      access: {
        access: async () => undefined,
        operators: async () => ['ada'],
        unsigned: async () => null,
      },
      learning: { suggestions: refuse, statistics: refuse, draft: refuse, move: refuse },
      declarations: { list: refuse, show: refuse, propose: refuse },
      proof: {
        bundle: refuse,
        status: refuse,
        output: refuse,
        hold: refuse,
        prune: refuse,
        export: refuse,
        checkpoint: refuse,
        prove: refuse,
      },
      ...over,
    },
    OPERATIONS,
  );
  const ask: TestWorld['ask'] = (operation, input, more = {}) =>
    kernel.perform({
      operation,
      input,
      caller: OPERATOR,
      confirmed: { how: 'each', by: 'a test' },
      ...more,
    });
  return {
    disk,
    store,
    log,
    kernel,
    at: (when) => {
      now = instant(when) as Instant;
    },
    fleet: (given) => {
      text = given;
    },
    ask,
    value: async (operation, input, more) => (await ask(operation, input, more)).value,
    events: async () => {
      // What was only written is listed once something after it is durable.
      await log.append(anEvent({ kind: 'test.marker' })).durable;
      const events = await log.read({}, 10_000);
      return events.filter((event) => !event.kind.startsWith('test.')).toReversed();
    },
  };
}
