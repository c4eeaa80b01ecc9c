/** What the log knows of a `server.yaml` that a person confirmed at a terminal, before anybody could sign. */
import type { Log } from '#evidence';
import { lastRestore } from './restored.ts';

export const SERVER_CONFIRMED = 'server.confirmed';

/** Its digest. Of what was confirmed before a restore nothing is known any more. */
export async function confirmedServer(
  events: Pick<Log, 'read' | 'isRestored'>,
): Promise<string | undefined> {
  const [event] = await events.read({ operation: SERVER_CONFIRMED }, 1);
  const restored = await lastRestore(events);
  if (event === undefined || (restored !== undefined && restored.seq > event.seq)) return undefined;
  const digest = event.more?.['digest'];
  return typeof digest === 'string' ? digest : undefined;
}
