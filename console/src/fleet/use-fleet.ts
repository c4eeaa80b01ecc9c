/** The pages of a fleet's list, asked one after the other as far as somebody looks. All are of one moment. */
import {
  infiniteQueryOptions,
  type QueryKey,
  useInfiniteQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { ask, asProblem, type Problem, useAsk } from '../api/index.ts';
import type { FleetPageAnswer, ListRow, States } from './answers.ts';
import { sameRows } from './same-rows.ts';
import { once } from './steady.ts';

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
  const rested = useRested(JSON.stringify(question));
  const counted = useAsk<FleetPageAnswer>(
    'fleet_list',
    { ...question, limit: 1 },
    ['facts', 'findings', 'targets'],
    { keep: true, enabled: isStepping && rested === JSON.stringify(question) },
  );
  const query = useInfiniteQuery({
    ...pagesOf(question, isStepping),
    placeholderData: (before) => before,
  });
  const { data, error, isPending, isPlaceholderData, hasNextPage, isFetchingNextPage } = query;
  const shown = useRef<readonly ListRow[]>([]);
  const rows = useMemo(
    () => sameRows(shown.current, once(data?.pages.flatMap((page) => page.rows) ?? [])),
    [data],
  );
  useEffect(() => {
    shown.current = rows;
  }, [rows]);
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

/** A question for which answers may be had before it is shown. */
export type Ahead = { readonly question: object; readonly isStepping: boolean };

/**
 * Asks for a step as soon as it is known, before the address and the page follow; and, once that is shown, for the one
 * behind it in the same direction. What is asked ahead and not wanted any more is given up.
 */
export function useFleetAhead(isOld: boolean): (to: Ahead, then: Ahead) => void {
  const client = useQueryClient();
  const next = useRef<Ahead>(undefined);
  const asked = useRef<QueryKey[]>([]);
  const askFor = useCallback(
    ({ question, isStepping }: Ahead): void => {
      const options = pagesOf(question, isStepping);
      asked.current.push(options.queryKey);
      void client.prefetchInfiniteQuery(options);
    },
    [client],
  );
  useEffect(() => {
    if (isOld || next.current === undefined) return;
    askFor(next.current);
    next.current = undefined;
  });
  return useCallback(
    (to, then) => {
      const wanted = JSON.stringify(pagesOf(to.question, to.isStepping).queryKey);
      for (const queryKey of asked.current.splice(0)) {
        if (JSON.stringify(queryKey) === wanted) continue;
        const isShown = (client.getQueryCache().find({ queryKey })?.getObserversCount() ?? 0) > 0;
        if (!isShown) void client.cancelQueries({ queryKey, exact: true });
      }
      askFor(to);
      next.current = then;
    },
    [client, askFor],
  );
}

function pagesOf(question: object, isStepping: boolean) {
  const input = isStepping ? { ...question, counts: false } : question;
  return infiniteQueryOptions({
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
    meta: {
      topics: [
        'facts',
        'findings',
        'targets',
        // What waits and what is stopped moves nothing in any other order.
        ...('sort' in question && question.sort === 'need' ? ['changes', 'stops'] : []),
      ],
    },
  });
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
