/**
 * The event stream: hints of what moved, never data. A burst becomes one refetch; after a gap everything on the
 * screen is asked again, so nothing missed stays unseen. A page that nobody sees holds no stream for long: a browser
 * has six connections for all its tabs, and a seventh tab would wait for ever.
 */
import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { Gather } from './gather.ts';
import { API, open as openAt } from './send.ts';
import { isTopic, markTopics, TOPICS, type Topic } from './topics.ts';

export type Connection = 'connecting' | 'live' | 'lost';

const UNSEEN_MS = 5_000;
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
  const gather = new Gather<Topic>(
    {
      now: () => performance.now(),
      after: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
      chance: () => Math.random(),
    },
    (topics) => markTopics(client, topics),
  );
  let stop: AbortController | undefined;
  let leaving: ReturnType<typeof setTimeout> | undefined;
  let retrying: ReturnType<typeof setTimeout> | undefined;
  let retryMs = FIRST_RETRY_MS;
  let wasLost = false;

  const hint = (line: string): void => {
    if (!line.startsWith('data:')) return;
    gather.hint(topicsOf(line.slice('data:'.length)));
  };
  // By hand, since what the browser has for it (EventSource) sends no header, and so no proof.
  const open = async (): Promise<void> => {
    retrying = undefined;
    stop = new AbortController();
    const { signal } = stop;
    try {
      const answer = await openAt('GET', `${API}/events`, undefined, signal, {
        accept: 'text/event-stream',
      });
      retryMs = FIRST_RETRY_MS;
      become('live');
      if (wasLost) gather.hint(TOPICS);
      wasLost = false;
      await readLines(answer, hint);
    } catch {
      // Refused, cut off or let go: what matters is asked below.
    }
    if (signal.aborted) return;
    stop = undefined;
    wasLost = true;
    become('lost');
    void client.invalidateQueries({ queryKey: ['session'] });
    retrying = setTimeout(() => void open(), retryMs);
    retryMs = Math.min(retryMs * 2, MOST_RETRY_MS);
  };
  const leave = (): void => {
    clearTimeout(retrying);
    retrying = undefined;
    stop?.abort();
    stop = undefined;
    wasLost = true;
  };
  const look = (): void => {
    const isSeen = document.visibilityState !== 'hidden';
    gather.show(isSeen);
    clearTimeout(leaving);
    if (!isSeen) leaving = setTimeout(leave, UNSEEN_MS);
    else if (stop === undefined && retrying === undefined) void open();
  };
  become('connecting');
  document.addEventListener('visibilitychange', look);
  void open();
  look();
  return () => {
    document.removeEventListener('visibilitychange', look);
    clearTimeout(leaving);
    gather.stop();
    leave();
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
