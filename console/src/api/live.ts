/**
 * The event stream: hints of what moved, never data. A burst becomes one refetch; after a gap everything on the
 * screen is asked again, so nothing missed stays unseen.
 */
import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { API } from './send.ts';
import { isTopic, markTopics, TOPICS, type Topic } from './topics.ts';

export type Connection = 'connecting' | 'live' | 'lost';

const GATHER_MS = 250;
const FIRST_RETRY_MS = 1_000;
const MOST_RETRY_MS = 30_000;

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
  let source: EventSource | undefined;
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
  const hint = (event: MessageEvent<string>): void => {
    for (const topic of topicsOf(event.data)) moved.add(topic);
    if (moved.size > 0) gathering ??= setTimeout(flush, GATHER_MS);
  };
  const open = (): void => {
    source = new EventSource(`${API}/events`);
    source.addEventListener('open', () => {
      retryMs = FIRST_RETRY_MS;
      become('live');
      if (wasLost) void markTopics(client, TOPICS);
      wasLost = false;
    });
    source.addEventListener('message', hint);
    source.addEventListener('error', () => {
      // Opened anew by hand: a refused stream (a session that ended) is not tried again by the browser.
      source?.close();
      wasLost = true;
      become('lost');
      void client.invalidateQueries({ queryKey: ['session'] });
      retrying = setTimeout(open, retryMs);
      retryMs = Math.min(retryMs * 2, MOST_RETRY_MS);
    });
  };
  become('connecting');
  open();
  return () => {
    clearTimeout(gathering);
    clearTimeout(retrying);
    source?.close();
  };
}

function topicsOf(data: string): readonly Topic[] {
  try {
    const told = JSON.parse(data) as { readonly topic?: unknown };
    return isTopic(told.topic) ? [told.topic] : [];
  } catch {
    return [];
  }
}
