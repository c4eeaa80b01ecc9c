/** Ready-made questions that a person can pick in their client. They only lead to tools that are there. */
import { completable, type GetPromptResult, type McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod/v4';

const MAX_TEXT = 200;

/** `targets` completes the name of a target. */
export function mountPrompts(
  server: McpServer,
  targets: (prefix: string) => Promise<string[]>,
): void {
  const target = completable(
    z.string().max(MAX_TEXT).describe('like host:web-1, as describe_system lists it'),
    targets,
  );
  server.registerPrompt(
    'explain_drift',
    {
      title: 'Explain drift',
      description: 'What differs from the blessed baseline of a target, and what matters of it.',
      argsSchema: z.object({ target }),
    },
    (given) =>
      ask(
        `Explain what differs from the baseline of ${quote(given.target)}. Call drift_scan for it, then fact_history for the critical findings to say when each began. Group what belongs together, worst first. Say which kinds were not fully seen. Change nothing.`,
      ),
  );
  server.registerPrompt(
    'what_changed',
    {
      title: 'What changed',
      description: 'What became different on a target since a moment.',
      argsSchema: z.object({
        target,
        since: z.string().max(MAX_TEXT).describe('RFC 3339, like 2026-01-31T09:30:00Z'),
      }),
    },
    (given) =>
      ask(
        `Tell what changed on ${quote(given.target)} since ${quote(given.since)}. Call compare_facts with from.asOf at that moment and to left empty, and page to the end. Sum up by kind; name users, keys, ports and sshd settings one by one. Say what the coverage leaves open.`,
      ),
  );
}

function ask(text: string): GetPromptResult {
  return { messages: [{ role: 'user', content: { type: 'text', text } }] };
}

/** What the person typed, as data on one line. */
function quote(text: string): string {
  return JSON.stringify(text);
}
