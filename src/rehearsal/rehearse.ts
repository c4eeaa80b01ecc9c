/**
 * The contract test of an action: what its file says is tried on a host that nobody depends on.
 *
 * - It does what its verification looks for, and its inverse brings back what was there before.
 * - Done twice it does no harm: it is refused, it fails and says so, or nothing more changes.
 * - Stopped before any step, or killed in any step, what was done can be taken back.
 *
 * A host that was seen to change by nothing shows nothing: that counts as failed.
 */
import { asFault } from '#base/fault';
import type { Json } from '#base/json';
import { type Catalogue, nameOf, parseArguments, type Runnable } from '#catalogue';
import { type Check, keyOf, kindOf, type PlanStep } from '#model';
import { type Expansion, expand, type FileSeen } from '#planning';
import { broken, difference, forwardOf, held, isGood, said, sameValue, wordsOf } from './ends.ts';
import type {
  RehearsalHost,
  RehearsalOrder,
  Report,
  SeenFact,
  StepEnd,
  Trial,
  Try,
} from './protocol.ts';

/** Five seconds and what looking takes: what was asked for may take a moment to be seen. */
const SETTLE_TRIES = 20;
/** The same once something never came to be: the test has failed, and the rest is for a person to read. */
const LESS_TRIES = 3;
const SETTLE_MS = 250;
const STATE_ROOT = '/var/lib/holdfast/changes';
/** A rehearsal runs nothing that the controller carries. */
const PROGRAM_ROOT = '/opt/holdfast';

/** Tries `action` in every way its contract speaks of. Never throws for what the action does. */
export async function contractTest(
  action: Runnable,
  host: RehearsalHost,
  trials: readonly Trial[],
  catalogue: Pick<Catalogue, 'find'>,
): Promise<Report> {
  const tries: Try[] = [];
  for (const trial of trials) {
    const rehearsal = new Rehearsal(action, host, trial, catalogue);
    for (const [name, act] of await rehearsal.list()) {
      tries.push(await attempt(`${trial.name}: ${name}`, act));
    }
  }
  if (tries.length === 0) tries.push({ name: 'trials', held: false, says: 'there are none' });
  return {
    action: nameOf(action),
    digest: action.digest,
    where: host.where,
    result: tries.every(({ held }) => held) ? 'passed' : 'failed',
    tries,
  };
}

type Seen = {
  readonly facts: Map<string, readonly SeenFact[]>;
  readonly files: Map<string, FileSeen>;
};
const nothingSeen = (): Seen => ({ facts: new Map(), files: new Map() });

type Act = () => Promise<string>;

async function attempt(name: string, act: Act): Promise<Try> {
  try {
    return { name, held: true, says: await act() };
  } catch (thrown) {
    const { code, message, cause } = asFault(thrown);
    const says = code === 'internal' ? String(cause) : message;
    return { name, held: false, says };
  }
}

class Rehearsal {
  readonly #action: Runnable;
  readonly #host: RehearsalHost;
  readonly #trial: Trial;
  readonly #catalogue: Pick<Catalogue, 'find'>;
  /** What plans were made from. */
  #seen = nothingSeen();
  #before: readonly string[] = [];
  #changes = 0;
  #patience = SETTLE_TRIES;

  constructor(
    action: Runnable,
    host: RehearsalHost,
    trial: Trial,
    catalogue: Pick<Catalogue, 'find'>,
  ) {
    this.#action = action;
    this.#host = host;
    this.#trial = trial;
    this.#catalogue = catalogue;
  }

  async list(): Promise<readonly (readonly [string, Act])[]> {
    if (this.#action.tier === 'T0') return [['looks, and changes nothing', () => this.#looks()]];
    const count = await this.#countOfSteps();
    if (typeof count === 'string') {
      return [['is planned', () => Promise.reject(broken(count))]];
    }
    const steps = Array.from({ length: count }, (_, index) => index + 1);
    return [
      ['does it, and takes it back', () => this.#forth()],
      ['does it twice', () => this.#twice()],
      ...(this.#trial.isBrief === true ? [] : this.#interrupted(steps)),
    ];
  }

  #interrupted(steps: readonly number[]): [string, Act][] {
    return [
      ...steps.map((step): [string, Act] => [
        `is stopped before step ${step} of ${steps.length}`,
        () => this.#stopped(step),
      ]),
      ...steps.map((step): [string, Act] => [
        `is killed in step ${step} of ${steps.length}`,
        () => this.#killed(step),
      ]),
    ];
  }

  async #countOfSteps(): Promise<number | string> {
    try {
      await this.#begin();
      return forwardOf(await this.#plan()).length;
    } catch (thrown) {
      return asFault(thrown).message;
    }
  }

  async #looks(): Promise<string> {
    await this.#begin();
    const { steps } = await this.#plan();
    for (const { argv } of [...steps, ...steps]) {
      const { exit } = await this.#host.look(wordsOf(argv));
      held(exit === 0, `a look ended with ${exit}: ${wordsOf(argv).join(' ')}`);
    }
    await this.#isAs(this.#before, 'looking has changed something');
    return 'twice';
  }

  async #forth(): Promise<string> {
    await this.#begin();
    const plan = await this.#plan();
    for (const { argv, exit, why } of plan.previews) {
      const seen = await this.#host.look(argv);
      held(exit === null || seen.exit === exit, `its preview refuses it: ${why ?? argv.join(' ')}`);
    }
    const order = await this.#order(plan);
    await this.#all(order, forwardOf(plan));
    await this.#verified(plan);
    const after = await this.#host.snapshot();
    const mustShow = !['none', 'transient'].includes(this.#action.sideEffect);
    held(
      !mustShow ||
        difference(this.#before, after) !== undefined ||
        this.#action.irreversible !== null,
      'nothing that is watched has changed, so this shows nothing: choose other arguments',
    );
    for (const step of forwardOf(plan)) {
      const again = await order.run(step);
      held(again.kind === 'refused', `step ${step.step} ran a second time under one order`);
    }
    await this.#isAs(after, 'a step that was refused has changed something');
    return this.#takeBack(order, plan, plan.steps.length);
  }

  async #twice(): Promise<string> {
    await this.#begin();
    const first = await this.#plan();
    const order = await this.#order(first);
    await this.#all(order, forwardOf(first));
    const after = await this.#host.snapshot();
    const said = await this.#secondTime(after);
    await this.#takeBack(order, first, first.steps.length);
    return said;
  }

  async #secondTime(after: readonly string[]): Promise<string> {
    const before = this.#seen;
    this.#seen = nothingSeen();
    let second: Expansion;
    try {
      second = await this.#plan();
    } catch (thrown) {
      const fault = asFault(thrown);
      if (fault.code !== 'state-moved') throw thrown;
      return 'the second time is not planned';
    } finally {
      // The plans of other tries are made from the state before.
      this.#seen = before;
    }
    const order = await this.#order(second);
    let done = 0;
    let end: StepEnd | undefined;
    for (const step of forwardOf(second)) {
      end = await order.run(step);
      if (!isGood(end)) break;
      done = step.step;
    }
    const hasFailed = end !== undefined && !isGood(end);
    if (hasFailed || !this.#action.idempotent) {
      await this.#inverses(order, second, done);
      if (this.#action.irreversible === null) {
        await this.#isAs(
          after,
          'the second time, taken back, has left something',
          this.#trial.comesBack,
        );
      }
      return hasFailed
        ? `the second time ended at step ${done + 1}`
        : 'the second time ran as well';
    }
    await this.#isAs(
      after,
      'it says that it is idempotent, and the second time has changed something',
    );
    await this.#inverses(order, second, done);
    return 'the second time has changed nothing';
  }

  async #stopped(step: number): Promise<string> {
    await this.#begin();
    const plan = await this.#plan();
    const order = await this.#order(plan);
    await this.#all(order, forwardOf(plan).slice(0, step - 1));
    const next = forwardOf(plan)[step - 1];
    await this.#host.stop();
    try {
      const end = next === undefined ? undefined : await order.run(next);
      held(end?.kind === 'refused' && end.code === 'stopped', `step ${step} ran under a stop`);
    } finally {
      await this.#host.lift();
    }
    return this.#takeBack(order, plan, step - 1);
  }

  async #killed(step: number): Promise<string> {
    await this.#begin();
    const plan = await this.#plan();
    const order = await this.#order(plan);
    await this.#all(order, forwardOf(plan).slice(0, step - 1));
    const next = forwardOf(plan)[step - 1];
    held(next !== undefined, 'there is such a step');
    const end = await order.killed(next);
    held(end.kind === 'ended', `step ${step} did not start: ${said(end)}`);
    if (isGood(end)) return `too late to kill; ${await this.#takeBack(order, plan, step)}`;
    // The host refuses the inverse of what did not end by itself: a person proposes it as a change of its own.
    const inverse = plan.steps.find((each) => each.direction === 'inverse' && each.step === step);
    if (inverse !== undefined) {
      const own: PlanStep = { ...inverse, direction: 'forward', step: 1, of: 1 };
      const change = this.#nextChange();
      await (await this.#host.order(change, [own])).run(own);
    }
    return `${said(end)}; ${await this.#takeBack(order, plan, step - 1)}`;
  }

  async #begin(): Promise<void> {
    await this.#trial.prepare();
    this.#before = await this.#host.snapshot();
  }

  /**
   * A plan as the change road would make it, but for facts and files: those it asks for are fetched,
   * and it is made again. What was seen is kept: every try begins from one state.
   */
  async #plan(): Promise<Expansion> {
    const host = keyOf(this.#host.target.id);
    const changeId = this.#nextChange();
    for (;;) {
      const kinds = new Set<string>();
      const paths = new Set<string>();
      const factsOf = (kind: string): readonly SeenFact[] => {
        const seen = this.#seen.facts.get(kind);
        if (seen === undefined) kinds.add(kind);
        return seen ?? [];
      };
      const known = (kind: string): ReadonlySet<string> =>
        new Set(factsOf(kind).map(({ entity }) => keyOf(entity).slice(host.length + 1)));
      const plan = (): Expansion =>
        expand(
          this.#action,
          parseArguments(this.#action, this.#trial.arguments, known),
          this.#host.target,
          {
            changeId,
            stateRoot: STATE_ROOT,
            programRoot: PROGRAM_ROOT,
            account: 'root',
            runbookRoot: this.#host.runbookRoot,
            catalogue: this.#catalogue,
            reported: (entity) => factsOf(kindOf(entity)).some((fact) => fact.entity === entity),
            fact: (entity, attribute) =>
              factsOf(kindOf(entity)).find(
                (fact) => fact.entity === entity && fact.attribute === attribute,
              ),
            file: (path) => {
              if (!this.#seen.files.has(path)) paths.add(path);
              return this.#seen.files.get(path);
            },
          },
        );
      try {
        const made = plan();
        if (kinds.size + paths.size === 0) return made;
      } catch (thrown) {
        if (kinds.size + paths.size === 0) throw thrown;
      }
      await this.#see([...kinds], [...paths]);
    }
  }

  async #see(kinds: readonly string[], paths: readonly string[]): Promise<void> {
    const facts = kinds.length === 0 ? [] : await this.#host.facts(kinds);
    for (const kind of kinds) {
      this.#seen.facts.set(
        kind,
        facts.filter(({ entity }) => kindOf(entity) === kind),
      );
    }
    for (const path of paths) this.#seen.files.set(path, await this.#host.file(path));
  }

  #nextChange(): string {
    this.#changes += 1;
    return `rehearsal-${this.#changes}`;
  }

  #order(plan: Expansion): Promise<RehearsalOrder> {
    return this.#host.order(`rehearsal-${this.#changes}`, plan.steps);
  }

  async #all(order: RehearsalOrder, steps: readonly PlanStep[]): Promise<void> {
    for (const step of steps) {
      const end = await order.run(step);
      held(isGood(end), `step ${step.step} ${said(end)}: ${wordsOf(step.argv).join(' ')}`);
    }
  }

  async #inverses(order: RehearsalOrder, plan: Expansion, done: number): Promise<void> {
    const steps = plan.steps.filter(
      ({ direction, step }) => direction === 'inverse' && step <= done,
    );
    for (const step of steps) {
      const end = await order.run(step);
      held(
        isGood(end),
        `the inverse of step ${step.step} ${said(end)}: ${wordsOf(step.argv).join(' ')}`,
      );
    }
  }

  /** Runs the inverses of the first `done` steps, and sees that nothing is left of them. */
  async #takeBack(order: RehearsalOrder, plan: Expansion, done: number): Promise<string> {
    if (this.#action.irreversible !== null) return 'not to be taken back, as it says';
    await this.#inverses(order, plan, done);
    await this.#isAs(this.#before, 'taken back, it has left something', this.#trial.comesBack);
    return 'taken back';
  }

  async #verified({ verification }: Expansion): Promise<void> {
    const kinds = verification.flatMap((check) =>
      check.kind === 'fact' ? kindOf(check.entity) : [],
    );
    let failed: Check | undefined;
    for (let tried = 0; tried < this.#patience; tried++) {
      if (tried > 0) await this.#host.sleep(SETTLE_MS);
      failed = undefined;
      const facts = kinds.length === 0 ? [] : await this.#host.facts(kinds);
      for (const check of verification) {
        if (failed === undefined && !(await this.#holds(check, facts))) failed = check;
      }
      if (failed === undefined) return;
    }
    this.#patience = LESS_TRIES;
    held(false, `its own verification does not hold: ${JSON.stringify(failed)}`);
  }

  async #holds(check: Check, facts: readonly SeenFact[]): Promise<boolean> {
    if (check.kind === 'probe') {
      const { exit, stdout } = await this.#host.look(check.argv);
      return exit === check.exit && (check.says === null || stdout.includes(check.says));
    }
    const seen = facts.find(
      (fact) => fact.entity === check.entity && fact.attribute === check.attribute,
    );
    const equals = seen !== undefined && sameValue(seen.value, check.value as Json);
    switch (check.test) {
      case 'equals':
        return equals;
      case 'differs':
        return seen !== undefined && !equals;
      case 'present':
        return seen !== undefined;
      case 'absent':
        return seen === undefined || seen.value === null;
    }
  }

  async #isAs(
    expected: readonly string[],
    complaint: string,
    counts: (line: string) => string | undefined = (line) => line,
  ): Promise<void> {
    const counted = (lines: readonly string[]): string[] =>
      lines.flatMap((line) => counts(line) ?? []);
    let differs: string | undefined;
    for (let tried = 0; tried < this.#patience; tried++) {
      if (tried > 0) await this.#host.sleep(SETTLE_MS);
      differs = difference(counted(expected), counted(await this.#host.snapshot()));
      if (differs === undefined) return;
    }
    this.#patience = LESS_TRIES;
    held(false, `${complaint}: ${differs}`);
  }
}
