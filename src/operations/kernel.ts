/**
 * The one path of every call, read or write, allowed or refused:
 * redact → find → policy → parse → can it be recorded → run → event → taint → answer.
 *
 * What goes on to change a machine passes the change road's own gates inside `run`.
 * Each call leaves exactly one event. A look answers once its event survives the death of this
 * process; a record commits only after its event survives a power cut, so nothing is ever kept
 * that the log does not know. Where a commit fails after that, a second event says so.
 */
import {
  capabilitiesOf,
  holding,
  isWhole,
  lowerTier,
  type Place,
  type Reach,
  type Sight,
  scopesSeen,
  sees,
  sightOf,
} from '#access';
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
import type { Tier } from '#model';
import type { PolicyEngine } from '#policy';
import type { FactReader, Store, StoreTransaction } from '#store';
import { type AuditArguments, auditArguments } from './audit-arguments.ts';
import {
  beyond,
  confinedFacts,
  confinedInventory,
  confinedObserve,
  confinedTrails,
  confinedTransaction,
} from './confine.ts';
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
  Pressing,
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
      draft = { ...draft, decision: confirmed(operation, call, draft.decision) };
      // A record names what is wrong in its own words first, in `prepare`.
      if (operation.effect !== 'record') mustBeReadable(audit);
      // The change road records by itself before anything counts; a stop holds whatever is broken.
      if (operation.effect === 'record' || operation.effect === 'administer')
        this.#mustBeRecordable();
      asking = await this.#asking(operation, call, requestId);
    } catch (thrown) {
      return this.#refuse(draft, thrown);
    }
    switch (operation.effect) {
      case 'look':
        return this.#answer(draft, call.caller, operation, () =>
          unlessGone(call.signal, async () =>
            operation.run(input, this.#lookPowers(operation, asking), asking),
          ),
        );
      case 'administer':
        return this.#answer(draft, call.caller, operation, async () =>
          operation.run(
            input,
            { ...this.#lookPowers(operation, asking), ...this.#adminPowers() },
            asking,
          ),
        );
      case 'record':
        return this.#record(draft, operation, input, asking, audit, call.signal);
      case 'change': {
        const powers = {
          ...this.#lookPowers(operation, asking),
          ...(await this.#changePowers(operation, call, asking)),
        };
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
    const parts = holding(caller.reach, operation.capability);
    if (parts.length === 0) throw notPermitted(operation, caller);
    if (operation.narrows !== true && !parts.some(isWhole)) throw beyond(operation.name);
    const capabilities = capabilitiesOf(parts);
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

  async #changePowers(
    operation: Operation,
    call: Call,
    { sight, isWhole: seesAll, requestId }: Asking,
  ): Promise<ChangePowers> {
    const { changes } = this.#world;
    const { caller } = call;
    const inventory = await this.#inventory();
    const held = holding(caller.reach, operation.capability);
    const parts = await Promise.all(
      held.map(async (part) => {
        const { scopes, targets } = sightIn(inventory, [part]);
        const profiles = new Set([caller.profile, ...(part.profiles ?? [])]);
        const ceilings = await Promise.all([...profiles].map((name) => changes.ceilingOf(name)));
        const ceiling = ceilings.reduce(lowerTier, part.ceiling);
        return { capabilities: part.capabilities, ceiling, scopes, targets };
      }),
    );
    const [only, ...others] = parts;
    const requester: Requester = {
      principal: caller.principal,
      onBehalfOf: caller.onBehalfOf,
      surface: caller.surface,
      kind: kindOf(caller.surface),
      profile: caller.profile,
      // Of several roles none counts before it is known which targets are meant.
      capabilities: others.length === 0 ? (only?.capabilities ?? []) : [],
      ceiling: others.length === 0 ? (only?.ceiling ?? 'T0') : 'T0',
      tainted: this.#isTainted(caller),
      session: caller.session,
      scopes: sight.scopes,
      ...(seesAll ? {} : { targets: sight.targets }),
      ...(others.length === 0 ? {} : { parts }),
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
      candidates.length === 0
        ? `no such operation: ${JSON.stringify(call.operation.slice(0, 80))}, and none is named like it. The HTTP API lists them: /api/v1/openapi.json, or /api in the console`
        : `no such operation: ${JSON.stringify(call.operation.slice(0, 80))}. Candidates: ${candidates.join(', ')}`,
      { facts: { candidates } },
    );
  }

  #inventory(): Promise<Inventory | Fault> {
    return this.#world.inventory().catch(asFault);
  }

  async #asking(operation: Operation, call: Call, requestId: string): Promise<Asking> {
    const { caller } = call;
    const inventory = await this.#inventory();
    const parts = holding(caller.reach, operation.capability);
    const seesAll = parts.some(isWhole);
    const sight = sightIn(inventory, parts);
    let view: Inventory | undefined;
    const read = (): Inventory => {
      if (inventory instanceof Fault) throw inventory;
      view ??= seesAll ? inventory : confinedInventory(inventory, sight);
      return view;
    };
    return {
      caller,
      requestId,
      sight,
      isWhole: seesAll,
      now: this.#world.clock.now(),
      answerBytes: call.answerBytes ?? DEFAULT_ANSWER_BYTES,
      progress: call.progress ?? (() => {}),
      get inventory() {
        return read();
      },
      get scopes() {
        return scopesSeen(seesAll ? { scopes: read().scopes, targets: [] } : sight);
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
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    let logged: EventInput | undefined;
    let value: Json;
    try {
      const observe = this.#observe(asking, signal);
      const prepared = await unlessGone(signal, async () =>
        operation.prepare(input, { ...this.#lookPowers(operation, asking), observe }, asking),
      );
      mustBeReadable(audit);
      value = await this.#world.store.write(async (transaction) => {
        const recorded = operation.run(prepared, this.#recordPowers(transaction, asking), asking);
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

  #lookPowers(operation: Operation, asking: Asking): LookPowers {
    const { isWhole: seesAll, sight } = asking;
    const { store, clock, events, trails, changes } = this.#world;
    const { catalogue } = changes;
    const declared = this.#declared;
    const pressing = () => pressingNow(store, changes.road, asking);
    const whole = { facts: store.read, clock, events, declared, trails, pressing, catalogue };
    if (seesAll) return whole;
    return {
      ...whole,
      facts: confinedFacts(store.read, sight),
      trails: confinedTrails(trails, sight),
      ...(operation.ownEvents === true ? {} : { events: noEvents(events) }),
    };
  }

  #observe(
    { isWhole: seesAll, sight }: Asking,
    signal: AbortSignal | undefined,
  ): ObservePowers['observe'] {
    const { observe } = this.#world;
    const looks: ObservePowers['observe'] =
      signal === undefined ? observe : (target, how) => observe(target, { ...how, signal });
    return seesAll ? looks : confinedObserve(looks, sight);
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
      identity,
      learning,
      leases,
      access,
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
      identity,
      learning,
      leases,
      access,
      declarations,
    };
  }

  #recordPowers(transaction: StoreTransaction, { isWhole: seesAll, sight }: Asking): RecordPowers {
    const { clock, random } = this.#world;
    const facts: FactReader = seesAll
      ? transaction.reader
      : confinedFacts(transaction.reader, sight);
    return {
      transaction: seesAll ? transaction : confinedTransaction(transaction, sight),
      facts,
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

/** What is begun for somebody who is not here any more is given up, whatever part of it does not hear of that. */
async function unlessGone<T>(signal: AbortSignal | undefined, begin: () => Promise<T>): Promise<T> {
  if (signal === undefined) return begin();
  const { promise: gone, reject } = Promise.withResolvers<never>();
  const give = (): void =>
    reject(
      new Fault(
        'unavailable',
        'asker-gone',
        'whoever asked is not here any more, so it was given up: ask again',
      ),
    );
  signal.addEventListener('abort', give, { once: true });
  try {
    if (signal.aborted) give();
    return await (signal.aborted ? gone : Promise.race([begin(), gone]));
  } finally {
    signal.removeEventListener('abort', give);
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

/** Whether the kernel would let it through so far: for lists of what may be asked. */
export function mayAsk(operation: Operation, caller: Caller): boolean {
  const parts = holding(caller.reach, operation.capability);
  return (
    isOffered(operation, caller) &&
    parts.length > 0 &&
    (operation.narrows === true || parts.some(isWhole))
  );
}

function isOffered(operation: Operation, { surface }: Caller): boolean {
  if (!ASSISTANT_SURFACES.has(surface) || operation.assistants) return true;
  return surface === 'api' && operation.leases === true;
}

function offered(operation: Operation, { caller }: Call): void {
  if (isOffered(operation, caller)) return;
  throw new Fault(
    'refused',
    'not-offered',
    `not offered to assistants: ${operation.name}. Ask an operator to do it with the holdfast command`,
    { facts: { operation: operation.name } },
  );
}

/**
 * A session says who signed in. What `confirms` takes a passkey as well; the terminal of this service's own account holds
 * the directory, and a lease was confirmed when it was issued.
 */
function confirmed(
  { name, title, confirms }: Operation,
  call: Call,
  decision: EventInput['decision'],
): EventInput['decision'] {
  if (confirms === undefined || call.caller.surface !== 'console') return decision;
  const by = call.confirmed;
  if (by !== undefined && (confirms === 'recent' || by.how === 'each'))
    return { ...decision, because: `${decision.because}; confirmed by ${by.by}` };
  throw new Fault(
    'refused',
    'passkey-needed',
    `${confirms === 'each' ? 'a passkey of yours has to sign for this' : 'it is a while ago that a passkey of yours signed'}: confirm it in the console`,
    { facts: { operation: name, title, confirms } },
  );
}

/** Events tell of everybody: no part of them is of some targets alone. */
function noEvents(events: EventLog): LookPowers['events'] {
  return {
    read: () => Promise.reject(beyond('the event log')),
    get size(): number {
      throw beyond('the event log');
    },
    health: () => events.health(),
  };
}

/** Of stops and changes that the caller could list as well: an order tells as much as a list. */
function pressingNow(
  { changes }: Pick<Store, 'changes'>,
  road: Pick<ChangeRoad, 'stops'>,
  { caller, inventory }: Pick<Asking, 'caller' | 'inventory'>,
): Pressing {
  const sight = sightOf(holding(caller.reach, 'changes.read'), inventory);
  const isSeen = (place: Place | undefined): boolean => place !== undefined && sees(sight, place);
  const subjects = road.stops().stops.map(({ subject }) => subject);
  return {
    stopped: new Set(
      subjects.flatMap((each) =>
        each.kind === 'target' && isSeen(inventory.byId.get(each.name)) ? [each.name] : [],
      ),
    ),
    waiting: new Set(
      changes
        .inStates(['previewed'])
        .filter(({ targets }) => targets.every(isSeen))
        .flatMap(({ targets }) => targets.map(({ id }) => id)),
    ),
  };
}

/** With an inventory that cannot be read nothing is seen, and whoever may still can stop what is theirs. */
function sightIn(inventory: Inventory | Fault, parts: Reach): Sight {
  return inventory instanceof Fault ? { scopes: [], targets: [] } : sightOf(parts, inventory);
}

/** Of all there is, or of the first place that the caller reaches. */
function scopeOf(reach: Reach): string {
  if (reach.some(isWhole)) return 'all';
  const [scope] = reach.flatMap(({ scopes }) => (scopes === 'all' ? ['all'] : scopes));
  return scope ?? 'none';
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
    scope: scopeOf(call.caller.reach),
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
