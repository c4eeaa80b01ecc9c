/** Whoever decides is a person at their own surface. */
import type { Requester } from './protocol.ts';
import { refuse } from './refuse.ts';

export function requireOperator({ kind, surface }: Requester): void {
  if (kind !== 'operator' || surface === 'mcp-stdio' || surface === 'mcp-http') {
    refuse(
      'not-permitted',
      'only an operator decides, and never over an assistant: use the holdfast command',
    );
  }
}
