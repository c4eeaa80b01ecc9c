/** One action: its contract, its steps, and the rules that its tier puts on them. */
import { digestOf } from '#base/digest';
import type { Json } from '#base/json';
import type { Action, StepSpec } from './action.ts';
import { CONTRACT_KEYS, readContract, refuseUnused, type Source } from './read-contract.ts';
import { readStep } from './read-step.ts';
import type { Reader, Value } from './reader.ts';

const ACTION_KEYS = [...CONTRACT_KEYS, 'steps'] as const;
const MAX_STEPS = 32;

export function readAction(reader: Reader, value: Value, source: Source): Action | undefined {
  const record = reader.record(value, 'an action', ACTION_KEYS);
  const found = readContract(reader, value, record, source);
  if (found === undefined) return undefined;
  const { contract, names } = found;
  const items = record.steps === undefined ? [] : reader.list(record.steps, 'steps');
  const isDiagnosis = contract.diagnosis !== undefined;
  if (isDiagnosis && record.steps !== undefined)
    reader.problem(record.steps.at, 'a diagnosis has no steps of its own: leave steps out');
  if (!isDiagnosis && (items.length === 0 || items.length > MAX_STEPS))
    reader.problem(
      record.steps?.at ?? value.at,
      `an action has 1 to ${MAX_STEPS} steps, has ${items.length}`,
    );
  const steps: StepSpec[] = [];
  for (const item of items.slice(0, MAX_STEPS)) {
    const step = readStep(reader, item, names, contract.tier === 'T0');
    if (step !== undefined) steps.push(step);
  }
  const { arguments: args, ...parts } = contract;
  if (steps.length === items.length && !isDiagnosis)
    refuseUnused(reader, value, args, { parts, steps });
  const action = { ...contract, kind: 'action' as const, steps };
  const { origin, ...content } = action;
  return { ...action, origin, digest: digestOf(content as unknown as Json) };
}
