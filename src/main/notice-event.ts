/** What the log says of a notice: that it was taken, or given up; never its text. */
import { sha256 } from '#base/digest';
import type { Instant } from '#base/time';
import type { EventInput } from '#evidence';
import type { Notice } from '#notices';

export function noticeEvent(
  { id, subscription, event }: Notice,
  tries: number,
  outcome: 'done' | 'failed',
  fault: string | null,
): EventInput {
  return {
    kind: 'notice.sent',
    requestId: id,
    traceId: null,
    scope: 'none',
    principal: 'service:holdfast',
    onBehalfOf: null,
    surface: 'service',
    operation: 'notice.sent',
    arguments: { subscription, event },
    decision: { verdict: 'allow', because: 'notices.yaml' },
    outcome,
    fault,
    targets: [],
    output: null,
    tainted: false,
    more: { tries },
  };
}

export function reportId(subscription: string, schedule: string, at: Instant): string {
  return sha256(`${subscription} ${schedule} ${at}`).slice(0, 24);
}
