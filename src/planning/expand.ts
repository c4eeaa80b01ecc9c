/**
 * One action or runbook on one target, made exact: argv of every step and of its inverse, the facts
 * it rests on, what must be seen afterwards. Nothing here asks a host: facts and files come in.
 */
import { invariant } from '#base/fault';
import type { Json } from '#base/json';
import {
  type Action,
  type ArgumentType,
  type ArgumentValue,
  type Catalogue,
  type Contract,
  type FactTest,
  kindOfValue,
  nameOf,
  type ParsedArguments,
  parseArguments,
  pathProblem,
  type Runbook,
  type Runnable,
  type Template,
} from '#catalogue';
import {
  type Check,
  keyOf,
  type PlanArg,
  type PlanStep,
  type Precondition,
  type Target,
} from '#model';
import { planningFault } from './faults.ts';
import {
  type FileSeen,
  fillArgv,
  fillConditions,
  fillEntity,
  fillPath,
  fillText,
  fillValue,
  fillWords,
  holds,
  seeFile,
  type Values,
} from './fill.ts';
import { quoteWord } from './quote.ts';
import { sameJson } from './same-json.ts';

export type ExpandContext = {
  readonly changeId: string;
  /** Absolute directory on the target below which a change keeps what it needs to be undone. */
  readonly stateRoot: string;
  /** Absolute directory of scripts on the target; `null`: none is set, and none is run. */
  readonly runbookRoot: string | null;
  readonly catalogue: Pick<Catalogue, 'find'>;
  /** Whether a trusted source reports this entity on this target. */
  readonly reported: (entity: string) => boolean;
  /** The value that a trusted source reports now, or `undefined` where none does. */
  readonly fact: (entity: string, attribute: string) => { readonly value: Json } | undefined;
  readonly file: (path: string) => FileSeen;
};

export type Preview = {
  readonly argv: readonly string[];
  /** Another exit status refuses the change, for the reason `why`; `null`: only shown. */
  readonly exit: number | null;
  readonly why: string | null;
};

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
const CHANGE_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;

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
  if (of === 0 || of > MAX_STEPS)
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
          runAs: step.runAs,
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

/** Facts that the contract rests on, read once; a plan is made only where all it requires is so. */
function bind(
  contract: Contract,
  args: ParsedArguments,
  target: Target,
  context: ExpandContext,
): { values: Values; preconditions: Precondition[] } {
  if (contract.hostTypes !== 'any' && !contract.hostTypes.includes(target.hostType))
    throw planningFault(
      'wrong-host-type',
      `action is not for this host type: ${contract.id} is for ${contract.hostTypes.join(', ')}, ${target.id} is ${target.hostType}`,
    );
  // Both are ours; a path that they make wrong would be a hole that no grammar sees.
  invariant(pathProblem(context.stateRoot) === undefined, 'the state root is a path');
  invariant(CHANGE_ID.test(context.changeId), 'the id of a change is a plain name');
  const bound = new Map<string, { value: Json; type: ArgumentType }>();
  const values: Values = {
    action: contract.id,
    arguments: args,
    bound,
    host: keyOf(target.id),
    change: context.changeId,
    backup: `${context.stateRoot}/${context.changeId}`,
    file: context.file,
  };
  const preconditions: Precondition[] = [];
  const wanted = [
    ...contract.requires.map((each) => ({ each, test: each })),
    ...contract.binds.map((each) => ({ each, test: null })),
  ];
  for (const { each, test } of wanted) {
    const entity = fillEntity(each.entity, values);
    const { attribute, why } = each;
    const seen = context.fact(entity, attribute);
    if (test !== null && !passes(test, seen, values))
      throw planningFault('state-moved', refusalOf(test, entity, seen, values), {
        facts: { target: target.id, entity, attribute },
      });
    if (each.as !== null) {
      if (seen === undefined)
        throw planningFault(
          'state-moved',
          `no trusted source reports a fact that is needed: ${quoteWord(entity)} ${attribute}. Look at ${target.id}, then propose again`,
          { facts: { target: target.id, entity, attribute } },
        );
      bound.set(each.as.name, { value: seen.value, type: each.as.type });
    }
    preconditions.push({
      target: target.id,
      entity,
      attribute,
      value: seen?.value ?? null,
      absent: seen === undefined,
      why,
    });
  }
  return { values, preconditions };
}

function passes(
  test: FactTest,
  seen: { readonly value: Json } | undefined,
  values: Values,
): boolean {
  switch (test.test) {
    case 'present':
      return seen !== undefined;
    case 'absent':
      return seen === undefined || seen.value === null;
    case 'equals':
      return seen !== undefined && sameJson(seen.value, valueOf(test, values));
    case 'differs':
      return seen !== undefined && !sameJson(seen.value, valueOf(test, values));
  }
}

function valueOf({ value }: FactTest, values: Values): Json {
  return typeof value === 'object' && value !== null ? fillValue(value, values) : value;
}

function refusalOf(
  test: FactTest,
  entity: string,
  seen: { readonly value: Json } | undefined,
  values: Values,
): string {
  const wanted = {
    equals: `must be ${shown(valueOf(test, values))}`,
    differs: `must not be ${shown(valueOf(test, values))}`,
    present: 'must be there',
    absent: 'must not be there',
  }[test.test];
  const is = seen === undefined ? 'no trusted source reports it' : `is ${shown(seen.value)}`;
  return `the target is not as the action needs it: ${quoteWord(entity)} ${test.attribute} ${wanted}, ${is}: ${test.why}. Look at the target, then propose what fits`;
}

const WORD = /^[A-Za-z0-9._:+~-]{1,64}$/;

/** Free text of a target has no place in our sentences: only what is a word, a number or a truth is said. */
function shown(value: Json): string {
  if (typeof value !== 'string')
    return typeof value === 'object' ? 'something else' : String(value);
  return WORD.test(value) ? value : 'something else';
}

function checks(contract: Contract, values: Values, target: Target): Check[] {
  return [
    ...contract.verify.facts.map(
      (test): Check => ({
        kind: 'fact',
        target: target.id,
        entity: fillEntity(test.entity, values),
        attribute: test.attribute,
        test: test.test,
        value: valueOf(test, values),
      }),
    ),
    ...contract.verify.probes
      .filter((probe) => holds(probe.when, values))
      .map(
        (probe): Check => ({
          kind: 'probe',
          target: target.id,
          argv: wordsOnly(fillArgv(probe.argv, values)),
          exit: probe.exit,
          says: probe.says === null ? null : fillText(probe.says, values),
        }),
      ),
  ];
}

function previewsOf(contract: Contract, values: Values): Preview[] {
  return contract.preview
    .filter((each) => holds(each.when, values))
    .map(({ argv, exit, why }) => ({ argv: wordsOnly(fillArgv(argv, values)), exit, why }));
}

/** Probes and previews list no files, so their words are words. */
function wordsOnly(argv: readonly PlanArg[]): string[] {
  return argv.filter((word): word is string => typeof word === 'string');
}

function distinct(all: readonly Precondition[]): Precondition[] {
  const kept = new Map<string, Precondition>();
  for (const each of all) {
    const key = `${each.entity}\n${each.attribute}`;
    if (!kept.has(key)) kept.set(key, each);
  }
  return [...kept.values()];
}
