import type { QueryClient } from '@tanstack/react-query';

export const TOPICS = [
  'changes',
  'findings',
  'facts',
  'targets',
  'stops',
  'leases',
  'sessions',
  'log',
] as const;
export type Topic = (typeof TOPICS)[number];

export function isTopic(text: unknown): text is Topic {
  return TOPICS.some((topic) => topic === text);
}

/** Refetches what is on the screen and depends on any of these; the rest is only marked as old. */
export async function markTopics(client: QueryClient, topics: readonly Topic[]): Promise<void> {
  await client.invalidateQueries({
    predicate: ({ meta }) => {
      const told = meta?.['topics'];
      return Array.isArray(told) && topics.some((topic) => told.includes(topic));
    },
  });
}
