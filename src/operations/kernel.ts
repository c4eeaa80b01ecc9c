/**
 * The one path of every call, read or write, allowed or refused:
 * redact → find → capability → parse → can it be recorded → run → event → answer.
 *
 * Each call leaves exactly one event. A look answers once its event survives the death of this
 * process; a record commits only after its event survives a power cut, so nothing is ever kept
 * that the log does not know. Where a commit fails after that, a second event says so.
 */
import { sha256 } from '#base/digest';
import { asFault, Fault } from '#base/fault';
import { newId } from '#base/ids';
import { canonicalJson, type Json } from '#base/json';
import type { Log } from '#base/log';
import type { Clock, Random } from '#base/ports';
import type { Instant } from '#base/time';
import type { EventInput, EventLog } from '#evidence';
import { type Inventory, nearest } from '#inventory';
import type { Store, StoreTransaction } from '#store';
import { type AuditArguments, auditArguments } from './audit-arguments.ts';
import { DeclaredFacts } from './drift-state.ts';
import type {
  AdminPowers,
  Answer,
  Asking,
  Call,
  LookPowers,
  ObservePowers,
  Operation,
  RecordPowers,
  Surface,
} from './operation.ts';
import { PROFILES } from './operation.ts';
import { parseInput } from './parse-input.ts';

export type World = ObservePowers &
  AdminPowers & {
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
    readonly store: Store;
    readonly events: EventLog;
    /** The inventory in force now; rejects with its fault while it is wrong. */
    readonly inventory: () => Promise<Inventory>;
  };

/** Whatever these hold, they are offered what is meant for assistants and nothing else. */
const ASSISTANT_SURFACES: ReadonlySet<Surface> = new Set(['mcp-stdio', 'mcp-http']);

const DEFAULT_ANSWER_BYTES = 16 * 1024 * 1024;

/** Answers calls, one by one or many at a time. */
export class Kernel {
  readonly #world: World;
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #declared = new DeclaredFacts();

  constructor(world: World, operations: readonly Operation[]) {
    this.#world = world;
    this.#operations = new Map(operations.map((operation) => [operation.name, operation]));
  }

  /** Throws a Fault where there is no answer; the event is left either way. */
  async perform(call: Call): Promise<Answer> {
    const requestId = newId('req', this.#world.random);
    const audit = auditArguments(call.input);
    const draft = eventDraft(call, requestId, audit);
    let operation: Operation;
    let input: unknown;
    let asking: Asking;
    try {
      operation = this.#find(call);
      authorise(operation, call);
      input = parseInput(operation, call.input);
      // A record names what is wrong in its own words first, in `prepare`.
      if (operation.effect !== 'record') mustBeReadable(audit);
      if (operation.effect !== 'look') this.#mustBeRecordable();
      asking = await this.#asking(call, requestId);
    } catch (thrown) {
      return this.#refuse(draft, thrown);
    }
    switch (operation.effect) {
      case 'look':
        return this.#answer(draft, operation, async () =>
          operation.run(input, this.#lookPowers(), asking),
        );
      case 'administer':
        return this.#answer(draft, operation, async () =>
          operation.run(input, { ...this.#lookPowers(), ...this.#adminPowers() }, asking),
        );
      case 'record':
        return this.#record(draft, operation, input, asking, audit);
    }
  }

  #find(call: Call): Operation {
    const operation = this.#operations.get(call.operation);
    if (operation !== undefined) return operation;
    const candidates = nearest(call.operation.slice(0, 80), this.#operations.keys(), 5);
    throw new Fault(
      'missing',
      'unknown-operation',
      `no such operation: ${JSON.stringify(call.operation.slice(0, 80))}. Candidates: ${candidates.join(', ')}`,
      { facts: { candidates } },
    );
  }

  async #asking(call: Call, requestId: string): Promise<Asking> {
    const { caller } = call;
    const inventory = await this.#world.inventory().catch(asFault);
    const read = (): Inventory => {
      if (inventory instanceof Fault) throw inventory;
      return inventory;
    };
    return {
      caller,
      requestId,
      now: this.#world.clock.now(),
      answerBytes: call.answerBytes ?? DEFAULT_ANSWER_BYTES,
      progress: call.progress ?? (() => {}),
      get inventory() {
        return read();
      },
      get scopes() {
        return caller.scopes === 'all' ? read().scopes : caller.scopes;
      },
    };
  }

  #mustBeRecordable(): void {
    const { writable, reason } = this.#world.events.health();
    if (writable) return;
    throw new Fault(
      'unavailable',
      'log-unwritable',
      `the event log cannot be written, so nothing that writes is accepted: ${reason ?? 'unknown reason'}. Free the disk or mend the log directory, then restart the service`,
    );
  }

  async #answer(
    draft: EventInput,
    operation: Operation,
    run: () => Promise<unknown>,
  ): Promise<Answer> {
    let value: Json;
    try {
      value = operation.output.parse(await run()) as Json;
    } catch (thrown) {
      return this.#refuse(draft, thrown);
    }
    const event = {
      ...draft,
      outcome: 'done' as const,
      output: outputOf(value),
      tainted: operation.taints,
    };
    const notices: string[] = [];
    try {
      await this.#world.events.append(event).written;
    } catch (thrown) {
      // A look still answers when it cannot be recorded, and says so; nothing else does.
      if (operation.effect !== 'look') throw asFault(thrown);
      this.#world.log.error('event not written', thrown, { operation: operation.name });
      notices.push(
        'the event log cannot be written: this answer is not on record, and nothing that writes is accepted',
      );
    }
    return { requestId: draft.requestId, value, notices };
  }

  async #record(
    draft: EventInput,
    operation: Extract<Operation, { effect: 'record' }>,
    input: unknown,
    asking: Asking,
    audit: AuditArguments,
  ): Promise<Answer> {
    let logged: EventInput | undefined;
    try {
      const prepared = await operation.prepare(
        input,
        { ...this.#lookPowers(), observe: this.#world.observe },
        asking,
      );
      mustBeReadable(audit);
      const value = await this.#world.store.write(async (transaction) => {
        const recorded = operation.run(prepared, this.#recordPowers(transaction), asking);
        const answer = operation.output.parse(recorded.value) as Json;
        const event: EventInput = {
          ...draft,
          outcome: 'done',
          output: outputOf(answer),
          tainted: operation.taints,
          targets: recorded.targets,
          // What was recorded and the digest of what that left in the store: `verify` holds the facts to it.
          more: { observations: transaction.recorded().map(({ id, digest }) => [id, digest]) },
        };
        await this.#world.events.append(event).durable;
        logged = event;
        return answer;
      });
      return { requestId: draft.requestId, value, notices: [] };
    } catch (thrown) {
      if (logged === undefined) return this.#refuse(draft, thrown);
      const fault = asFault(thrown);
      await this.#world.events.append({
        ...logged,
        kind: 'operation.undone',
        outcome: 'failed',
        fault: fault.code,
        output: null,
      }).durable;
      throw new Fault(
        'unavailable',
        'not-committed',
        'the store could not commit, nothing was kept: ask again',
        { cause: thrown },
      );
    }
  }

  /** Leaves the event of a call without an answer, then throws its fault. */
  async #refuse(draft: EventInput, thrown: unknown): Promise<never> {
    const fault = asFault(thrown);
    if (fault.kind === 'broken')
      this.#world.log.error('operation failed', thrown, {
        operation: draft.operation,
        requestId: draft.requestId,
      });
    const refused = fault.kind === 'refused';
    try {
      await this.#world.events.append({
        ...draft,
        outcome:
          refused ||
          fault.kind === 'invalid' ||
          fault.kind === 'missing' ||
          fault.kind === 'conflict'
            ? 'refused'
            : 'failed',
        fault: fault.code,
        ...(refused ? { decision: { verdict: 'deny' as const, because: fault.code } } : {}),
      }).written;
    } catch (unwritten) {
      this.#world.log.error('event not written', unwritten, { operation: draft.operation });
    }
    throw fault;
  }

  #lookPowers(): LookPowers {
    const { store, clock, events } = this.#world;
    return { facts: store.read, clock, events, declared: this.#declared };
  }

  #adminPowers(): AdminPowers {
    const { editInventory, verify, backup, doctor } = this.#world;
    return { editInventory, verify, backup, doctor };
  }

  #recordPowers(transaction: StoreTransaction): RecordPowers {
    const { clock, random } = this.#world;
    return {
      transaction,
      facts: transaction.reader,
      declared: this.#declared,
      // Strictly after everything recorded before, also when the wall clock was set back.
      recordedAt: () =>
        Math.max(clock.now(), (transaction.reader.lastRecordedAt() ?? 0) + 1) as Instant,
      newId: (prefix) => newId(prefix, random),
      moment: () => {
        const now = clock.now();
        return {
          asOf: now,
          knownAt: Math.max(now, transaction.reader.lastRecordedAt() ?? now) as Instant,
        };
      },
    };
  }
}

/** What cannot be told in an event is not done: nobody hides what they asked for behind half a character. */
function mustBeReadable({ problem }: AuditArguments): void {
  if (problem === undefined) return;
  throw new Fault(
    'invalid',
    'invalid-input',
    `arguments cannot be read: ${problem.path.replace('$', 'it').slice(0, 200)} ${problem.problem}. Give JSON of valid Unicode`,
  );
}

function authorise(operation: Operation, call: Call): void {
  if (ASSISTANT_SURFACES.has(call.caller.surface) && !operation.assistants) {
    throw new Fault(
      'refused',
      'not-offered',
      `not offered to assistants: ${operation.name}. Ask an operator to do it with the holdfast command`,
      { facts: { operation: operation.name } },
    );
  }
  const held: readonly string[] = PROFILES[call.caller.profile];
  if (held.includes(operation.capability)) return;
  throw new Fault(
    'refused',
    'not-permitted',
    `not permitted: ${operation.name} needs the capability ${operation.capability}, which the profile ${call.caller.profile} does not hold. Ask an operator to do it with the holdfast command`,
    {
      facts: {
        operation: operation.name,
        capability: operation.capability,
        profile: call.caller.profile,
      },
    },
  );
}

function eventDraft(call: Call, requestId: string, audit: AuditArguments): EventInput {
  return {
    kind: 'operation',
    requestId,
    traceId: call.traceId ?? null,
    scope: call.caller.scopes === 'all' ? 'all' : (call.caller.scopes[0] ?? 'none'),
    principal: call.caller.principal,
    onBehalfOf: call.caller.onBehalfOf,
    surface: call.caller.surface,
    operation: auditName(call.operation),
    arguments: audit.arguments,
    decision: { verdict: 'allow', because: `profile ${call.caller.profile}` },
    outcome: 'started',
    fault: null,
    targets: audit.targets,
    output: null,
    tainted: false,
  };
}

/** Operation names are ours; what is not one is kept short and plain. */
function auditName(name: string): string {
  return /^[a-z][a-z0-9_]{0,63}$/.test(name) ? name : 'unknown';
}

function outputOf(value: Json): { sha256: string; length: number } {
  const text = canonicalJson(value);
  return { sha256: sha256(text), length: Buffer.byteLength(text) };
}
