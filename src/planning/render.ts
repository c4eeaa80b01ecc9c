/**
 * A plan as plain lines, for the person who is to sign it. Made from the plan alone: what is not in
 * the plan cannot be shown here, and what is in it and runs is shown to the byte.
 */
import { sha256 } from '#base/digest';
import type { Json } from '#base/json';
import { formatInstant } from '#base/time';
import type { Check, Plan, PlanRollout, PlanStep, Precondition } from '#model';
import { planDigest } from './plan.ts';
import { quoteWord, quoteWords } from './quote.ts';

/** The argv as words; a file of the step stands as its path. */
export function stepWords(step: PlanStep): string[] {
  return step.argv.map((word) =>
    typeof word === 'string' ? word : (step.files[word.file - 1]?.path ?? `file ${word.file}`),
  );
}

export function renderPlan(plan: Plan): readonly string[] {
  const forward = plan.steps.filter((step) => step.direction === 'forward');
  const inverse = plan.steps.filter((step) => step.direction === 'inverse');
  const { principal, onBehalfOf } = plan.requestedBy;
  return [
    `change ${quoteWord(plan.change)}, plan ${planDigest(plan)}`,
    `action ${quoteWord(`${plan.action.id}@${plan.action.version}`)}, tier ${plan.tier}`,
    `asked for by ${quoteWord(principal)}${onBehalfOf === null ? '' : ` on behalf of ${quoteWord(onBehalfOf)}`}`,
    `reason ${prose(JSON.stringify(plan.reason))}`,
    ...(plan.undoes === null ? [] : [`takes back change ${quoteWord(plan.undoes)}`]),
    ...(plan.tainted ? ['what was asked for derives from text that a target wrote'] : []),
    ...Object.entries(plan.arguments).map(
      ([name, value]) => `argument ${quoteWord(name)} = ${argument(value)}`,
    ),
    `targets ${plan.targets.map(({ id }) => quoteWord(id)).join(' ')}`,
    ...plan.targets.flatMap(({ id, carrier }) =>
      carrier === undefined
        ? []
        : [
            `nothing of it runs on ${quoteWord(id)} itself: it runs on ${quoteWord(carrier.id)}, the machine Holdfast runs on`,
          ],
    ),
    ...(plan.rollout === undefined ? [] : renderRollout(plan.rollout)),
    '',
    'what will run:',
    ...forward.flatMap(renderStep),
    '',
    ...(plan.irreversible === null
      ? inverse.length === 0
        ? ['how it is taken back: nothing is left to take back']
        : ['how it is taken back:', ...inverse.flatMap(renderStep)]
      : [`it cannot be taken back: ${prose(plan.irreversible)}`]),
    '',
    ...(plan.preconditions.length === 0
      ? ['it rests on no facts']
      : ['it rests on these facts, and is refused when one of them changes:']),
    ...plan.preconditions.map(renderPrecondition),
    '',
    `${plan.stabiliseSeconds} seconds afterwards one must see:`,
    ...plan.verification.map(renderCheck),
    '',
    `made ${formatInstant(plan.madeAt)}, decide by ${formatInstant(plan.decideBy)}`,
  ];
}

function renderRollout({ batches, waitSeconds, maxFailures }: PlanRollout): string[] {
  return [
    '',
    `in ${batches.length} ${batches.length === 1 ? 'batch' : 'batches'}, each verified before the next begins ${waitSeconds} seconds later:`,
    ...batches.map((batch, i) => `  batch ${i + 1}: ${batch.map(quoteWord).join(' ')}`),
    maxFailures === 0
      ? '  it pauses when one target fails, until a person decides'
      : `  it pauses when more than ${maxFailures} ${maxFailures === 1 ? 'target fails' : 'targets fail'}, until a person decides`,
  ];
}

function renderStep(step: PlanStep): string[] {
  const traits = [
    `as ${quoteWord(step.runAs)}`,
    `at most ${step.timeoutSeconds} s`,
    ...(step.atomic ? ['finishes even under a stop'] : []),
  ];
  return [
    `  ${quoteWord(step.target)} ${step.step}/${step.of}: ${prose(step.effect)}`,
    `    $ ${quoteWords(stepWords(step))}`,
    `      ${traits.join(', ')}`,
    ...step.files.map(({ path, sha256: hash }) => `      program ${quoteWord(path)} ${hash}`),
    ...step.conditions.map((each) =>
      each.kind === 'file-absent'
        ? `      only while ${quoteWord(each.path)} is not there`
        : `      only while ${quoteWord(each.path)} is ${each.sha256}`,
    ),
    ...(step.stdin === null ? [] : input(step.stdin)),
  ];
}

/** Every line of the input behind a bar, so that none can be taken for a line of ours. */
function input(stdin: string): string[] {
  const bytes = new TextEncoder().encode(stdin).length;
  const lines = stdin.split('\n');
  const ends = lines.at(-1) === '';
  return [
    `      input of ${bytes} bytes, ${sha256(stdin)}${ends || stdin === '' ? '' : ', without a line feed at its end'}:`,
    ...(ends ? lines.slice(0, -1) : lines).map((line) => `      | ${printable(line)}`),
  ];
}

/** Words of people in their own script, without anything that steers or hides. */
function prose(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escaped);
}

/** Text as it is where it is printable ASCII; everything else, and the escape sign, as an escape. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]|\\/gu, escaped);
}

function escaped(c: string): string {
  return c === '\\' ? '\\\\' : `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`;
}

function argument(value: Json): string {
  if (typeof value !== 'string') return json(value);
  const text = quoteWord(value);
  return text.length <= 200 ? text : `${value.length} characters, ${sha256(value)}`;
}

function renderPrecondition(each: Precondition): string {
  const is = each.absent ? 'is not reported' : `is ${json(each.value)}`;
  return `  ${quoteWord(each.target)}: ${quoteWord(each.entity)} ${quoteWord(each.attribute)} ${is} (${prose(each.why)})`;
}

export function renderCheck(check: Check): string {
  if (check.kind === 'probe') {
    const says = check.says === null ? '' : ` and says ${quoteWord(check.says)}`;
    return `  ${quoteWord(check.target)}: ${quoteWords(check.argv)} ends with ${check.exit}${says}`;
  }
  const words = {
    equals: `is ${json(check.value)}`,
    differs: `is no longer ${json(check.value)}`,
    absent: 'is not reported',
    present: 'is reported',
  }[check.test];
  return `  ${quoteWord(check.target)}: ${quoteWord(check.entity)} ${quoteWord(check.attribute)} ${words}`;
}

function json(value: unknown): string {
  return JSON.stringify(value).replace(/[^\x20-\x7e]/gu, escaped);
}
