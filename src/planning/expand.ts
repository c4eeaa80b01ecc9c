/**
 * One action or runbook on one target, made exact: argv of every step and of its inverse, the facts
 * it rests on, what must be seen afterwards. Nothing here asks a host: facts and files come in.
 */
import {
  type Action,
  type ArgumentType,
  type ArgumentValue,
  kindOfValue,
  nameOf,
  type ParsedArguments,
  parseArguments,
  pathProblem,
  type Runbook,
  type Runnable,
  type Template,
} from '#catalogue';
import { type Check, type PlanArg, type PlanStep, type Precondition, type Target } from '#model';
import { bind, checks, type ExpandContext, type Preview, previewsOf } from './bind.ts';
import { planningFault } from './faults.ts';
import {
  fillArgv,
  fillConditions,
  fillPath,
  fillText,
  fillWords,
  holds,
  seeFile,
  type Values,
} from './fill.ts';
import { quoteWord } from './quote.ts';

export type Expansion = {
  readonly target: string;
  /** Forward steps in order, then their inverses in the order they would run: last step first. */
  readonly steps: readonly PlanStep[];
  readonly preconditions: readonly Precondition[];
  readonly verification: readonly Check[];
  readonly previews: readonly Preview[];
  readonly stabiliseSeconds: number;
  readonly irreversible: string | null;
};

/** A step before it is known how many there are. */
type Part = Omit<PlanStep, 'target' | 'step' | 'of' | 'direction'>;
type Pair = { readonly forward: Part; readonly inverse: Part | null };

type Gathered = {
  readonly pairs: readonly Pair[];
  readonly preconditions: readonly Precondition[];
  readonly verification: readonly Check[];
  readonly previews: readonly Preview[];
};

const MAX_STEPS = 128;

export function expand(
  runnable: Runnable,
  args: ParsedArguments,
  target: Target,
  context: ExpandContext,
): Expansion {
  const gathered =
    runnable.kind === 'action'
      ? expandAction(runnable, args, target, context)
      : expandRunbook(runnable, args, target, context);
  const of = gathered.pairs.length;
  // What a diagnosis reads, it says itself.
  const isDiagnosis = runnable.diagnosis !== undefined;
  if ((of === 0 && !isDiagnosis) || of > MAX_STEPS)
    throw planningFault(
      'invalid-arguments',
      `nothing would be run, or too much: ${runnable.id} comes to ${of} steps with these arguments, accepted are 1 to ${MAX_STEPS}`,
    );
  const numbered = gathered.pairs.map((pair, index) => ({ ...pair, step: index + 1 }));
  return {
    target: target.id,
    steps: [
      ...numbered.map(({ forward, step }) => placed(forward, target, step, of, 'forward')),
      ...numbered
        .toReversed()
        .flatMap(({ inverse, step }) =>
          inverse === null ? [] : [placed(inverse, target, step, of, 'inverse')],
        ),
    ],
    preconditions: distinct(gathered.preconditions),
    verification: gathered.verification,
    previews: gathered.previews,
    stabiliseSeconds: runnable.stabiliseSeconds,
    irreversible: runnable.irreversible,
  };
}

function placed(
  part: Part,
  target: Target,
  step: number,
  of: number,
  direction: PlanStep['direction'],
): PlanStep {
  return { target: target.id, step, of, direction, ...part };
}

function expandAction(
  action: Action,
  args: ParsedArguments,
  target: Target,
  context: ExpandContext,
): Gathered {
  const { values, preconditions } = bind(action, args, target, context);
  return {
    pairs: action.steps
      .filter((step) => holds(step.when, values))
      .map((step) => {
        const common = {
          action: nameOf(action),
          // What the controller carries runs as we do: it needs no more, and another account could not read what is ours.
          runAs: action.carrier === undefined ? step.runAs : context.account,
          files: step.files.map((each) => hashed(fillPath(each, values), values)),
          timeoutSeconds: step.timeoutSeconds,
          atomic: step.atomic,
        };
        return {
          forward: {
            ...common,
            argv: fillArgv(step.argv, values),
            stdin: step.stdin === null ? null : String(args[step.stdin]),
            conditions: fillConditions(step.conditions, values),
            effect: fillWords(step.effect, values),
          },
          inverse: step.inverse && {
            ...common,
            argv: fillArgv(step.inverse.argv, values),
            stdin: null,
            conditions: fillConditions(step.inverse.conditions, values),
            effect: fillWords(step.inverse.effect, values),
          },
        };
      }),
    preconditions,
    verification: checks(action, values, target),
    previews: previewsOf(action, values),
  };
}

function expandRunbook(
  runbook: Runbook,
  args: ParsedArguments,
  target: Target,
  context: ExpandContext,
): Gathered {
  const { values, preconditions } = bind(runbook, args, target, context);
  const parts = runbook.steps.map((step, index): Gathered => {
    if ('script' in step)
      return { ...NOTHING, pairs: [scriptPair(runbook, step, values, context)] };
    // Two uses of one action must not keep what they need to be undone in one place.
    const own = { ...context, changeId: `${context.changeId}-${index + 1}` };
    const action = context.catalogue.find(step.action);
    if (action.kind === 'runbook')
      throw planningFault(
        'invalid-arguments',
        `a runbook cannot run a runbook: ${runbook.id} names ${action.id}`,
      );
    if (action.diagnosis !== undefined)
      throw planningFault(
        'invalid-arguments',
        `a runbook cannot run a diagnosis: ${runbook.id} names ${action.id}. Ask for it by itself`,
      );
    return expandAction(action, argumentsOf(action, step.with, values, own), target, own);
  });
  const own = {
    ...NOTHING,
    preconditions,
    verification: checks(runbook, values, target),
    previews: previewsOf(runbook, values),
  };
  const all = [own, ...parts];
  return {
    pairs: all.flatMap((each) => each.pairs),
    preconditions: all.flatMap((each) => each.preconditions),
    // A later step may change what an earlier one made so: the runbook says what must be seen.
    verification: own.verification,
    previews: all.flatMap((each) => each.previews),
  };
}

const NOTHING: Gathered = { pairs: [], preconditions: [], verification: [], previews: [] };

/** What a runbook hands to an action passes the action's own grammar, and must be known like any other. */
function argumentsOf(
  action: Action,
  given: Readonly<Record<string, Template>>,
  values: Values,
  context: ExpandContext,
): ParsedArguments {
  const types = new Map(action.arguments.map((each) => [each.name, each.type]));
  const read = Object.entries(given).map(([name, template]): [string, ArgumentValue] => [
    name,
    typed(types.get(name), fillText(template, values)),
  ]);
  const known = (kind: string): ReadonlySet<string> =>
    new Set(
      read.flatMap(([name, value]) => {
        const type = types.get(name);
        const text = String(value);
        return type !== undefined &&
          kindOfValue(type, text) === kind &&
          isReported(kind, text, values, context)
          ? [text]
          : [];
      }),
    );
  return parseArguments(action, Object.fromEntries(read), known);
}

function isReported(kind: string, name: string, values: Values, context: ExpandContext): boolean {
  return context.reported(`${kind}:${values.host}/${name}`);
}

function typed(type: ArgumentType | undefined, text: string): ArgumentValue {
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  if ((type === 'number' || type === 'process') && /^(0|[1-9][0-9]{0,15})$/.test(text))
    return Number(text);
  return text;
}

type ScriptStep = Extract<Runbook['steps'][number], { readonly script: string }>;

function scriptPair(
  runbook: Runbook,
  step: ScriptStep,
  values: Values,
  context: ExpandContext,
): Pair {
  const part = (call: {
    readonly script: string;
    readonly args: ScriptStep['args'];
    readonly effect: Template;
  }): Part => {
    const argv: PlanArg[] = [{ file: 1 }, ...fillArgv(call.args, values)];
    return {
      action: nameOf(runbook),
      argv,
      runAs: step.runAs,
      stdin: null,
      files: [hashed(scriptPath(runbook, call.script, context), values)],
      conditions: [],
      timeoutSeconds: step.timeoutSeconds,
      atomic: step.atomic,
      effect: fillWords(call.effect, values),
    };
  };
  return { forward: part(step), inverse: step.inverse === null ? null : part(step.inverse) };
}

function scriptPath(runbook: Runbook, script: string, { runbookRoot }: ExpandContext): string {
  if (runbookRoot === null)
    throw planningFault(
      'no-adapter',
      `no runbook root is set: ${runbook.id} has scripts. Set the directory that its scripts lie in, then propose again`,
    );
  const path = `${runbookRoot}/${script}`;
  const problem = pathProblem(path);
  if (problem === undefined) return path;
  throw planningFault('no-adapter', `runbook root cannot be used: ${quoteWord(path)} ${problem}`);
}

function hashed(path: string, values: Values): { path: string; sha256: string } {
  const seen = seeFile(path, values);
  if (seen !== 'absent') return { path, sha256: seen.sha256 };
  throw planningFault(
    'state-moved',
    `a program of the plan is not there: ${quoteWord(path)}. Put it there, then propose again`,
  );
}

function distinct(all: readonly Precondition[]): Precondition[] {
  const kept = new Map<string, Precondition>();
  for (const each of all) {
    const key = `${each.entity}\n${each.attribute}`;
    if (!kept.has(key)) kept.set(key, each);
  }
  return [...kept.values()];
}
