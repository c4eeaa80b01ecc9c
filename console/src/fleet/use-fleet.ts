/** The pages of a fleet's list, asked one after the other as far as somebody looks. All are of one moment. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { ask, asProblem, type Problem } from '../api/index.ts';
import type { FleetPageAnswer, ListRow } from './answers.ts';

const PAGE = 100;

export type FleetRows = {
  readonly first: FleetPageAnswer | undefined;
  readonly rows: readonly ListRow[];
  readonly error: Problem | null;
  readonly isPending: boolean;
  /** What is shown is of the question before. */
  readonly isOld: boolean;
  readonly more: () => void;
  readonly retry: () => void;
};

export function useFleet(input: object): FleetRows {
  const query = useInfiniteQuery({
    queryKey: ['ask', 'fleet_list', input],
    queryFn: async ({ pageParam, signal }) => {
      try {
        const cursor = pageParam === null ? {} : { cursor: pageParam };
        return await ask<FleetPageAnswer>(
          'fleet_list',
          { ...input, limit: PAGE, ...cursor },
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
