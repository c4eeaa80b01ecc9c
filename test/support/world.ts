/** A whole kernel on a simulated disk: a store in memory, a real event log, a paper fleet. */
import type { Json } from '#base/json';
import { silentLog } from '#base/log';
import { type Instant, instant } from '#base/time';
import type { EventRecord, Log } from '#evidence';
import { type Inventory, parseInventory } from '#inventory';
import { type Answer, type Call, type Caller, Kernel, OPERATIONS, type World } from '#operations';
import { anEvent } from '#samples/evidence';
import { openMemoryStore, type Store } from '#store';
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

export const OPERATOR: Caller = {
  principal: 'operator:ada@local',
  onBehalfOf: null,
  surface: 'cli',
  profile: 'operator',
  scopes: 'all',
};

export const ASSISTANT: Caller = {
  principal: 'assistant:stdio',
  onBehalfOf: 'operator:ada@local',
  surface: 'mcp-stdio',
  profile: 'observer',
  scopes: 'all',
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
  const refuse = async (): Promise<Json> => {
    throw new Error('not in this world');
  };
  const kernel = new Kernel(
    {
      clock: {
        now: () => now,
        monotonicMs: () => now / 1000,
        sleep: async () => {},
      },
      random: seededRandom(3),
      log: silentLog,
      store,
      events: log,
      inventory: async (): Promise<Inventory> => parseInventory(text, 'fleet.yaml'),
      observe: refuse as unknown as World['observe'],
      editInventory: async (edit) => {
        text = edit(text);
      },
      verify: refuse,
      backup: refuse,
      doctor: refuse,
      ...over,
    },
    OPERATIONS,
  );
  const ask: TestWorld['ask'] = (operation, input, more = {}) =>
    kernel.perform({ operation, input, caller: OPERATOR, ...more });
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
