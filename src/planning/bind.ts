/**
 * Facts of a target, read once and bound: what a plan rests on before, and what is looked for after.
 */
import { invariant } from '#base/fault';
import type { Json } from '#base/json';
import {
  type ArgumentType,
  type Catalogue,
  type Contract,
  type FactTest,
  type ParsedArguments,
  pathProblem,
} from '#catalogue';
import { type Check, keyOf, type PlanArg, type Precondition, type Target } from '#model';
import { planningFault } from './faults.ts';
import {
  type FileSeen,
  fillArgv,
  fillEntity,
  fillText,
  fillValue,
  holds,
  type Values,
} from './fill.ts';
import { quoteWord } from './quote.ts';
import { sameJson } from './same-json.ts';

const CHANGE_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;

export type ExpandContext = {
  readonly changeId: string;
  /** Absolute directory on the target below which a change keeps what it needs to be undone. */
  readonly stateRoot: string;
  /** Absolute directory that Holdfast is installed in, on the controller. */
  readonly programRoot: string;
  /** The account that Holdfast runs as, on the controller. */
  readonly account: string;
  /** Absolute directory of scripts on the target; `null`: none is set, and none is run. */
  readonly runbookRoot: string | null;
  readonly catalogue: Pick<Catalogue, 'find'>;
  /** Whether a trusted source reports this entity on this target. */
  readonly reported: (entity: string) => boolean;
  /** The value that a trusted source reports now, or `undefined` where none does. */
  readonly fact: (entity: string, attribute: string) => { readonly value: Json } | undefined;
  readonly file: (path: string) => FileSeen;
  /** As if all that is required were so: for consent in advance, where it is tested when something is to run. */
  readonly supposed?: true;
};

export type Preview = {
  readonly argv: readonly string[];
  /** Another exit status refuses the change, for the reason `why`; `null`: only shown. */
  readonly exit: number | null;
  readonly why: string | null;
};

/** Facts that the contract rests on, read once; a plan is made only where all it requires is so. */
export function bind(
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
  // Also of an action inside a runbook, which has an environment of its own.
  if (contract.environments !== 'any' && !contract.environments.includes(target.environment))
    throw planningFault(
      'not-permitted',
      `the action is not for this environment: ${contract.id} is for ${contract.environments.join(', ')}, ${target.id} is ${target.environment}`,
    );
  // Both are ours; a path that they make wrong would be a hole that no grammar sees.
  invariant(pathProblem(context.stateRoot) === undefined, 'the state root is a path');
  invariant(pathProblem(context.programRoot) === undefined, 'the root of the program is a path');
  invariant(CHANGE_ID.test(context.changeId), 'the id of a change is a plain name');
  const bound = new Map<string, { value: Json; type: ArgumentType }>();
  const values: Values = {
    action: contract.id,
    arguments: args,
    bound,
    host: keyOf(target.id),
    change: context.changeId,
    backup: `${context.stateRoot}/${context.changeId}`,
    program: context.programRoot,
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
    if (test !== null && context.supposed !== true && !passes(test, seen, values))
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

/** What must be seen afterwards, with the values from before. */
export function checks(contract: Contract, values: Values, target: Target): Check[] {
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

export function previewsOf(contract: Contract, values: Values): Preview[] {
  return contract.preview
    .filter((each) => holds(each.when, values))
    .map(({ argv, exit, why }) => ({ argv: wordsOnly(fillArgv(argv, values)), exit, why }));
}

/** Probes and previews list no files, so their words are words. */
function wordsOnly(argv: readonly PlanArg[]): string[] {
  return argv.filter((word): word is string => typeof word === 'string');
}
