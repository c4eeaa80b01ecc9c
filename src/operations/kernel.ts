/**
 * The one path of every call, read or write, allowed or refused:
 * redact → find → policy → parse → can it be recorded → run → event → taint → answer.
 *
 * What goes on to change a machine passes the change road's own gates inside `run`.
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
import type { Catalogue } from '#catalogue';
import type { EventInput, EventLog } from '#evidence';
import type { ChangeRoad, Requester } from '#execution';
import { type Inventory, nearest } from '#inventory';
import { TIERS, type Tier } from '#model';
import type { PolicyEngine } from '#policy';
import type { Store, StoreTransaction } from '#store';
import { type AuditArguments, auditArguments } from './audit-arguments.ts';
import type { DriftSources } from './drift-sources.ts';
import { DeclaredFacts } from './drift-state.ts';
import type {
  AdminPowers,
  Answer,
  Asking,
  Call,
  Caller,
  ChangePowers,
  CommandPowers,
  LookPowers,
  ObservePowers,
  Operation,
  RecordPowers,
  Surface,
  TrailPowers,
} from './operation.ts';
import { parseInput } from './parse-input.ts';
import { whatTargetsSaid } from './taint.ts';

export type World = ObservePowers &
  AdminPowers & {
    readonly changes: {
      readonly road: ChangeRoad;
      readonly catalogue: () => Promise<Catalogue>;
      readonly commands: CommandPowers;
      /** The policy in force; rejects with its fault where there is none. */
      readonly policy: () => Promise<PolicyEngine>;
      /** The highest tier of a profile. */
      readonly ceilingOf: (profile: string) => Promise<Tier>;
    };
    readonly trails: TrailPowers;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
    /** Left out: nothing is declared but what the store keeps. */
    readonly drift?: DriftSources;
    readonly store: Store;
    readonly events: EventLog;
    /** The inventory in force now; rejects with its fault while it is wrong. */
    readonly inventory: () => Promise<Inventory>;
  };

/** Whatever these hold, they are offered what is meant for assistants and nothing else. */
const ASSISTANT_SURFACES: ReadonlySet<Surface> = new Set(['mcp-stdio', 'mcp-http', 'api']);

const DEFAULT_ANSWER_BYTES = 16 * 1024 * 1024;

/** Answers calls, one by one or many at a time. */
export class Kernel {
  readonly #world: World;
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #declared: DeclaredFacts;

  constructor(world: World, operations: readonly Operation[]) {
    this.#world = world;
    this.#declared = new DeclaredFacts(world.drift);
    this.#operations = new Map(operations.map((operation) => [operation.name, operation]));
  }

  /** Throws a Fault where there is no answer; the event is left either way. */
  async perform(call: Call): Promise<Answer> {
    const requestId = newId('req', this.#world.random);
    const audit = await this.#audit(call);
    let draft = eventDraft(call, requestId, audit);
    let operation: Operation;
    let input: unknown;
    let asking: Asking;
    try {
      operation = this.#find(call);
      offered(operation, call);
      draft = { ...draft, decision: await this.#permit(operation, call) };
      input = parseInput(operation, call.input);
      // A record names what is wrong in its own words first, in `prepare`.
      if (operation.effect !== 'record') mustBeReadable(audit);
      // The change road records by itself before anything counts; a stop holds whatever is broken.
      if (operation.effect === 'record' || operation.effect === 'administer')
        this.#mustBeRecordable();
      asking = await this.#asking(call, requestId);
    } catch (thrown) {
      return this.#refuse(draft, thrown);
    }
    switch (operation.effect) {
      case 'look':
        return this.#answer(draft, call.caller, operation, async () =>
          operation.run(input, this.#lookPowers(), asking),
        );
      case 'administer':
        return this.#answer(draft, call.caller, operation, async () =>
          operation.run(input, { ...this.#lookPowers(), ...this.#adminPowers() }, asking),
        );
      case 'record':
        return this.#record(draft, operation, input, asking, audit);
      case 'change': {
        const powers = { ...this.#lookPowers(), ...(await this.#changePowers(call, requestId)) };
        return this.#answer(draft, call.caller, operation, async () =>
          operation.run(input, powers, asking),
        );
      }
    }
  }

  async #audit({ operation: name, input }: Call): Promise<AuditArguments> {
    const operation = this.#operations.get(name);
    if (operation?.audits === undefined) return auditArguments(input, operation?.hides);
    const whole = auditArguments(input, operation.hides);
    if (whole.problem !== undefined) return whole;
    const catalogue = await this.#world.changes.catalogue().catch(() => undefined);
    return auditArguments(operation.audits(input, catalogue), operation.hides);
  }

  /** What the profile holds, and then what the policy says; without a policy only what mends. */
  async #permit(operation: Operation, { caller }: Call): Promise<EventInput['decision']> {
    const capabilities: readonly string[] = caller.reach.capabilities;
    if (!capabilities.includes(operation.capability)) throw notPermitted(operation, caller);
    if (operation.mends === true) return { verdict: 'allow', because: `profile ${caller.profile}` };
    const policy = await this.#world.changes.policy();
    const decision = policy.decideLook(
      { kind: kindOf(caller.surface), profile: caller.profile, capabilities },
      operation.capability,
    );
    if (decision.verdict === 'allow')
      return { verdict: 'allow', because: decision.policies.join(' ') };
    throw new Fault(
      'refused',
      'policy-denied',
      `denied by policy: ${decision.says}. holdfast policy explain shows which policies spoke`,
      { facts: { operation: operation.name, policies: decision.policies } },
    );
  }

  async #changePowers(call: Call, requestId: string): Promise<ChangePowers> {
    const { changes, inventory } = this.#world;
    const { caller } = call;
    // With an inventory that cannot be read nothing is seen, and whoever may still can stop everything.
    const scopes =
      caller.reach.scopes === 'all'
        ? await inventory().then(
            (read) => read.scopes,
            () => [],
          )
        : caller.reach.scopes;
    const requester: Requester = {
      principal: caller.principal,
      onBehalfOf: caller.onBehalfOf,
      surface: caller.surface,
      kind: kindOf(caller.surface),
      profile: caller.profile,
      capabilities: caller.reach.capabilities,
      ceiling: lower(await changes.ceilingOf(caller.profile), caller.reach.ceiling),
      tainted: this.#isTainted(caller),
      session: caller.session,
      scopes,
      requestId,
      traceId: call.traceId ?? null,
    };
    const { road, commands } = changes;
    return { road, commands, requester };
  }

  /** What cannot be read counts as tainted. */
  #isTainted({ session }: Caller): boolean {
    try {
      return this.#world.changes.road.taintOf(session) !== undefined;
    } catch (thrown) {
      this.#world.log.error('taint cannot be read', thrown);
      return true;
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
        return caller.reach.scopes === 'all' ? read().scopes : caller.reach.scopes;
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
    caller: Caller,
    operation: Operation,
    run: () => Promise<unknown>,
  ): Promise<Answer> {
    let value: Json;
    try {
      value = operation.output.parse(await run()) as Json;
    } catch (thrown) {
      return this.#refuse(draft, thrown);
    }
    const said = operation.taints ? whatTargetsSaid(value) : null;
    const told = operation.effect === 'change' ? (operation.told?.(value) ?? {}) : {};
    const event = {
      ...draft,
      ...told,
      outcome: 'done' as const,
      output: operation.confidential === true ? null : outputOf(value),
      tainted: said !== null,
    };
    // Before the caller reads it: what it asks for next may already be the target's wish.
    if (said !== null && ASSISTANT_SURFACES.has(caller.surface))
      await this.#world.changes.road.addTaint(caller.session, operation.name, said);
    const notices: string[] = [];
    try {
      await this.#world.events.append(event).written;
    } catch (thrown) {
      // A look still answers when it cannot be recorded, and says so. What the change road did is on its own record.
      if (operation.effect === 'administer') throw asFault(thrown);
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
    let value: Json;
    try {
      const prepared = await operation.prepare(
        input,
        { ...this.#lookPowers(), observe: this.#world.observe },
        asking,
      );
      mustBeReadable(audit);
      value = await this.#world.store.write(async (transaction) => {
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
    // Before the caller reads it, as with every answer that a target had a say in.
    const said = operation.taints ? whatTargetsSaid(value) : null;
    if (said !== null && ASSISTANT_SURFACES.has(asking.caller.surface))
      await this.#world.changes.road.addTaint(asking.caller.session, operation.name, said);
    return { requestId: draft.requestId, value, notices: [] };
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
        ...(fault.facts['argv'] === undefined ? {} : { more: { argv: fault.facts['argv'] } }),
        ...(refused ? { decision: { verdict: 'deny' as const, because: fault.code } } : {}),
      }).written;
    } catch (unwritten) {
      this.#world.log.error('event not written', unwritten, { operation: draft.operation });
    }
    throw fault;
  }

  #lookPowers(): LookPowers {
    const { store, clock, events, trails, changes } = this.#world;
    const { catalogue } = changes;
    return { facts: store.read, clock, events, declared: this.#declared, trails, catalogue };
  }

  #adminPowers(): AdminPowers {
    const {
      editInventory,
      verify,
      backup,
      doctor,
      authority,
      policies,
      proof,
      enrolment,
      learning,
      declarations,
    } = this.#world;
    return {
      editInventory,
      verify,
      backup,
      doctor,
      authority,
      policies,
      proof,
      enrolment,
      learning,
      declarations,
    };
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

function offered(operation: Operation, { caller }: Call): void {
  if (!ASSISTANT_SURFACES.has(caller.surface) || operation.assistants) return;
  throw new Fault(
    'refused',
    'not-offered',
    `not offered to assistants: ${operation.name}. Ask an operator to do it with the holdfast command`,
    { facts: { operation: operation.name } },
  );
}

function notPermitted({ name, capability }: Operation, { profile }: Caller): Fault {
  return new Fault(
    'refused',
    'not-permitted',
    `not permitted: ${name} needs the capability ${capability}, which the profile ${profile} does not hold. Ask an operator to do it with the holdfast command`,
    { facts: { operation: name, capability, profile } },
  );
}

function kindOf(surface: Surface): Requester['kind'] {
  if (ASSISTANT_SURFACES.has(surface)) return 'assistant';
  return surface === 'service' ? 'service' : 'operator';
}

function eventDraft(call: Call, requestId: string, audit: AuditArguments): EventInput {
  return {
    kind: 'operation',
    requestId,
    traceId: call.traceId ?? null,
    scope: call.caller.reach.scopes === 'all' ? 'all' : (call.caller.reach.scopes[0] ?? 'none'),
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

function lower(a: Tier, b: Tier): Tier {
  return TIERS.indexOf(a) < TIERS.indexOf(b) ? a : b;
}
