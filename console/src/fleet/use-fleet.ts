/** The pages of a fleet's list, asked one after the other as far as somebody looks. All are of one moment. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { ask, asProblem, type Problem, useAsk } from '../api/index.ts';
import type { FleetPageAnswer, ListRow, States } from './answers.ts';

const PAGE = 100;
/** A step through time brings what fits on a screen, and some more. */
const STEP_PAGE = 50;
/** A slider that stands still for this long is looked at: only then is the whole fleet counted. */
const REST_MS = 500;

export type FleetRows = {
  readonly first: FleetPageAnswer | undefined;
  /** Counted once the slider rests, where rows alone are asked for; those of the moment before until then. */
  readonly states: States | null;
  readonly rows: readonly ListRow[];
  readonly error: Problem | null;
  readonly isPending: boolean;
  /** What is shown is of the question before. */
  readonly isOld: boolean;
  readonly more: () => void;
  readonly retry: () => void;
};

/** `isStepping`: of moments that are stepped through; a step asks for nothing but the rows that are shown. */
export function useFleet(question: object, isStepping: boolean): FleetRows {
  const input = isStepping ? { ...question, counts: false } : question;
  const rested = useRested(JSON.stringify(question));
  const counted = useAsk<FleetPageAnswer>(
    'fleet_list',
    { ...question, limit: 1 },
    ['facts', 'findings', 'targets'],
    { keep: true, enabled: isStepping && rested === JSON.stringify(question) },
  );
  const query = useInfiniteQuery({
    queryKey: ['ask', 'fleet_list', input],
    queryFn: async ({ pageParam, signal }) => {
      try {
        const cursor = pageParam === null ? {} : { cursor: pageParam };
        return await ask<FleetPageAnswer>(
          'fleet_list',
          { ...input, limit: isStepping ? STEP_PAGE : PAGE, ...cursor },
          signal,
        );
      } catch (thrown) {
        if (signal.aborted) throw thrown;
        throw asProblem(thrown);
      }
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    meta: { topics: ['facts', 'findings', 'targets'] },
    placeholderData: (before) => before,
  });
  const { data, error, isPending, isPlaceholderData, hasNextPage, isFetchingNextPage } = query;
  const rows = useMemo(() => data?.pages.flatMap((page) => page.rows) ?? [], [data]);
  return {
    first: data?.pages[0],
    states: data?.pages[0]?.states ?? counted.data?.states ?? null,
    rows,
    error: error as Problem | null,
    isPending,
    isOld: isPlaceholderData,
    more: () => {
      if (hasNextPage && !isFetchingNextPage && !isPlaceholderData) void query.fetchNextPage();
    },
    retry: () => void query.refetch(),
  };
}

/** What did not change for a while. */
function useRested(text: string): string {
  const [rested, setRested] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return rested;
}
