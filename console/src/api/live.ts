/**
 * The event stream: hints of what moved, never data. A burst becomes one refetch; after a gap everything on the
 * screen is asked again, so nothing missed stays unseen.
 */
import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { API, open as openAt } from './send.ts';
import { isTopic, markTopics, TOPICS, type Topic } from './topics.ts';

export type Connection = 'connecting' | 'live' | 'lost';

const GATHER_MS = 250;
const FIRST_RETRY_MS = 1_000;
const MOST_RETRY_MS = 30_000;
const MOST_LINE = 1_000;

let connection: Connection = 'connecting';
const listeners = new Set<() => void>();

function become(next: Connection): void {
  if (connection === next) return;
  connection = next;
  for (const listener of listeners) listener();
}

export function useConnection(): Connection {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => connection,
  );
}

/** Follows until the answer is called. */
export function followLive(client: QueryClient): () => void {
  const moved = new Set<Topic>();
  let stop = new AbortController();
  let gathering: ReturnType<typeof setTimeout> | undefined;
  let retrying: ReturnType<typeof setTimeout> | undefined;
  let retryMs = FIRST_RETRY_MS;
  let wasLost = false;

  const flush = (): void => {
    gathering = undefined;
    const topics = [...moved];
    moved.clear();
    void markTopics(client, topics);
  };
  const hint = (line: string): void => {
    if (!line.startsWith('data:')) return;
    for (const topic of topicsOf(line.slice('data:'.length))) moved.add(topic);
    if (moved.size > 0) gathering ??= setTimeout(flush, GATHER_MS);
  };
  // By hand, since what the browser has for it (EventSource) sends no header, and so no proof.
  const open = async (): Promise<void> => {
    stop = new AbortController();
    const { signal } = stop;
    try {
      const answer = await openAt('GET', `${API}/events`, undefined, signal, {
        accept: 'text/event-stream',
      });
      retryMs = FIRST_RETRY_MS;
      become('live');
      if (wasLost) void markTopics(client, TOPICS);
      wasLost = false;
      await readLines(answer, hint);
    } catch {
      // Refused, cut off or let go: what matters is asked below.
    }
    if (signal.aborted) return;
    wasLost = true;
    become('lost');
    void client.invalidateQueries({ queryKey: ['session'] });
    retrying = setTimeout(() => void open(), retryMs);
    retryMs = Math.min(retryMs * 2, MOST_RETRY_MS);
  };
  become('connecting');
  void open();
  return () => {
    clearTimeout(gathering);
    clearTimeout(retrying);
    stop.abort();
  };
}

/** The lines of a stream, until it ends. */
async function readLines(answer: Response, line: (text: string) => void): Promise<void> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = (lines.pop() ?? '').slice(0, MOST_LINE);
    for (const each of lines) line(each);
  }
}

function topicsOf(data: string): readonly Topic[] {
  try {
    const told = JSON.parse(data) as { readonly topic?: unknown };
    return isTopic(told.topic) ? [told.topic] : [];
  } catch {
    return [];
  }
}
