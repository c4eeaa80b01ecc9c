/** Whoever decides is a person at their own surface. */
import type { Requester } from './protocol.ts';
import { refuse } from './refuse.ts';

export function requireOperator({ kind, surface }: Requester): void {
  if (kind !== 'operator' || (surface !== 'cli' && surface !== 'console')) {
    refuse(
      'not-permitted',
      'only an operator decides, and never over an assistant: use the console or the holdfast command',
    );
  }
}
