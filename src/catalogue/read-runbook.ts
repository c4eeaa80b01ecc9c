/** One runbook: actions and scripts in their order. What a script is, its content's hash says. */
import { digestOf } from '#base/digest';
import type { Json } from '#base/json';
import { show } from '#base/nearest';
import type { Runbook, RunbookStep, Template } from './action.ts';
import { segmentsProblem } from './grammar.ts';
import { CONTRACT_KEYS, readContract, refuseUnused, type Source } from './read-contract.ts';
import { isNone, readArgv, readRunning } from './read-step.ts';
import { readTemplate } from './read-template.ts';
import type { Entry, Reader, Value } from './reader.ts';
import { type Names, parseTemplate } from './template.ts';

const STEP_KEYS = [
  'action',
  'with',
  'script',
  'args',
  'effect',
  'runAs',
  'timeoutSeconds',
  'atomic',
  'inverse',
] as const;
type StepKeys = { readonly [K in (typeof STEP_KEYS)[number]]?: Entry };
const MAX_STEPS = 32;
const ACTION = /^[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*(?:@[1-9][0-9]{0,5})?$/;

export function readRunbook(reader: Reader, value: Value, source: Source): Runbook | undefined {
  const record = reader.record(value, 'a runbook', [...CONTRACT_KEYS, 'steps']);
  const found = readContract(reader, value, record, source);
  if (found === undefined) return undefined;
  const { contract, names } = found;
  if (!contract.id.startsWith('runbook.'))
    reader.problem(record.id?.at ?? value.at, 'the id of a runbook begins with "runbook."');
  if (contract.diagnosis !== undefined)
    reader.problem(record.diagnosis?.at ?? value.at, 'a runbook is no diagnosis: leave it out');
  const items = record.steps === undefined ? [] : reader.list(record.steps, 'steps');
  if (items.length === 0 || items.length > MAX_STEPS)
    reader.problem(
      record.steps?.at ?? value.at,
      `a runbook has 1 to ${MAX_STEPS} steps, has ${items.length}`,
    );
  const steps = items.slice(0, MAX_STEPS).flatMap((item) => readStep(reader, item, names) ?? []);
  if (steps.some((step) => 'script' in step) && (contract.tier === 'T0' || contract.tier === 'T1'))
    reader.problem(record.tier?.at ?? value.at, 'a runbook with a script is at least T2');
  const { arguments: args, ...parts } = contract;
  if (steps.length === items.length) refuseUnused(reader, value, args, { parts, steps });
  const runbook = { ...contract, kind: 'runbook' as const, steps };
  const { origin, ...content } = runbook;
  return { ...runbook, origin, digest: digestOf(content as unknown as Json) };
}

function readStep(reader: Reader, item: Value, names: Names): RunbookStep | undefined {
  const record = reader.record(item, 'a step of a runbook', STEP_KEYS);
  if ((record.action === undefined) === (record.script === undefined)) {
    reader.problem(item.at, 'a step names an action or a script');
    return undefined;
  }
  return record.action === undefined
    ? readScript(reader, item, record, names)
    : readUse(reader, record.action, record, names);
}

function readUse(
  reader: Reader,
  entry: Entry,
  record: StepKeys,
  names: Names,
): RunbookStep | undefined {
  for (const key of [
    'script',
    'args',
    'effect',
    'runAs',
    'timeoutSeconds',
    'atomic',
    'inverse',
  ] as const)
    if (record[key] !== undefined)
      reader.problem(record[key].nameAt, `${key} is the action's own: leave it out`);
  const action = reader.textThat(entry, 'action', 80, (text) =>
    ACTION.test(text) ? undefined : 'must be the id of an action, like service.restart@1',
  );
  const given: Record<string, Template> = Object.create(null) as Record<string, Template>;
  for (const each of record.with === undefined ? [] : reader.entries(record.with, 'with')) {
    const template = readGiven(reader, each, names);
    if (template !== undefined) given[each.name] = template;
  }
  return action === undefined ? undefined : { action, with: given };
}

function readGiven(reader: Reader, entry: Entry, names: Names): Template | undefined {
  const scalar = (entry.node as { value?: unknown } | null)?.value;
  if (typeof scalar === 'number' || typeof scalar === 'boolean')
    return [{ literal: String(scalar) }];
  const text = reader.text(entry, entry.name, 4_096);
  if (text === undefined) return undefined;
  const read = parseTemplate(text, names, true);
  if ('value' in read) return read.value;
  reader.problem(entry.at, `${show(entry.name)} ${read.problem}`);
  return undefined;
}

function readScript(
  reader: Reader,
  item: Value,
  record: StepKeys,
  names: Names,
): RunbookStep | undefined {
  if (record.with !== undefined)
    reader.problem(record.with.nameAt, 'with is for actions: a script has args');
  const forward = readCall(reader, item, record, names);
  const running = readRunning(reader, record);
  if (record.inverse === undefined)
    reader.problem(item.at, 'inverse is missing: give a script, or "none" where nothing is left');
  const inverse =
    record.inverse === undefined || isNone(record.inverse)
      ? null
      : (readCall(
          reader,
          record.inverse,
          reader.record(record.inverse, 'inverse', ['script', 'args', 'effect']),
          names,
        ) ?? null);
  return forward && { ...forward, ...running, inverse };
}

function readCall(
  reader: Reader,
  item: Value,
  record: { readonly [K in 'script' | 'args' | 'effect']?: Entry },
  names: Names,
):
  | { script: string; args: NonNullable<ReturnType<typeof readArgv>>; effect: Template }
  | undefined {
  if (record.script === undefined) reader.problem(item.at, 'script is missing');
  const script = record.script && reader.textThat(record.script, 'script', 400, segmentsProblem);
  const args =
    record.args === undefined ? [] : readArgv(reader, item, record.args, 'args', names, false);
  const effect = readTemplate(reader, record.effect, 'effect', item, names, 200);
  if (script === undefined || args === undefined || effect === undefined) return undefined;
  return { script, args, effect };
}
