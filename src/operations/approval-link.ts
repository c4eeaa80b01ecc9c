/**
 * The page where a person decides on a change that waits. It is named by the change's id and grants nothing: whoever
 * opens it signs in first, and decides with a key.
 */
import type { Json } from '#base/json';
import type { Answer } from './operation.ts';

/** The change that waits for a person; a dry run waits for nobody. */
export function changeWaiting({ value }: Pick<Answer, 'value'>): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { state, dryRun, changeId } = value as { readonly [name: string]: Json };
  if (state !== 'previewed' || dryRun === true) return undefined;
  return typeof changeId === 'string' ? changeId : undefined;
}

/** `consoleUrl`: what people open, without a path. */
export function approvalUrl(consoleUrl: string, changeId: string): string {
  return `${consoleUrl}/changes/${encodeURIComponent(changeId)}`;
}

/** The same answer, with the page beside a change that waits. */
export function withApprovalUrl(answer: Answer, consoleUrl: string): Answer {
  const changeId = changeWaiting(answer);
  if (changeId === undefined) return answer;
  const value = answer.value as { readonly [name: string]: Json };
  return { ...answer, value: { ...value, approvalUrl: approvalUrl(consoleUrl, changeId) } };
}
