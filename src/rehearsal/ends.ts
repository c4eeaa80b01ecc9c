/** Small words about plans and how their steps ended. */
import { Fault } from '#base/fault';
import { canonicalJson, type Json } from '#base/json';
import type { PlanStep } from '#model';
import type { Expansion } from '#planning';
import type { StepEnd } from './protocol.ts';

const SHOWN_LINES = 6;

export function forwardOf({ steps }: Expansion): readonly PlanStep[] {
  return steps.filter(({ direction }) => direction === 'forward');
}

export function isGood(end: StepEnd): boolean {
  return end.kind === 'ended' && end.result === 'exited' && end.status === 0;
}

export function said(end: StepEnd): string {
  return end.kind === 'refused'
    ? `was refused as ${end.code}`
    : `ended as ${end.result} ${end.status}${end.says === '' ? '' : ` (${end.says})`}`;
}

export function wordsOf(argv: PlanStep['argv']): string[] {
  return argv.map((word) => (typeof word === 'string' ? word : `file ${word.file}`));
}

export function sameValue(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

/** Lines that are in one of the two only, a few of them. */
export function difference(
  before: readonly string[],
  after: readonly string[],
): string | undefined {
  const [was, is] = [new Set(before), new Set(after)];
  const lines = [
    ...before.filter((line) => !is.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !was.has(line)).map((line) => `+ ${line}`),
  ];
  return lines.length === 0 ? undefined : lines.slice(0, SHOWN_LINES).join('; ');
}

export function broken(words: string): Fault {
  return new Fault('refused', 'contract-broken', words);
}

export function held(holds: boolean, words: string): asserts holds {
  if (!holds) throw broken(words);
}
