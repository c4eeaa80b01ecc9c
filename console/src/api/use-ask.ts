/**
 * Queries and actions over operations.
 *
 * `useAsk` names the topics that make its answer old: a hint of the event stream refetches it. `useAct` is for what
 * changes something; afterwards it marks the topics it touches.
 */
import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { ask } from './ask.ts';
import type { Json } from './json.ts';
import { asProblem, type Problem } from './problem.ts';
import { markTopics, type Topic } from './topics.ts';

export type AskOptions = {
  /** `false`: not now. */
  readonly enabled?: boolean;
  /** What was shown stays while another input is asked: for filters and sliders. */
  readonly keep?: boolean;
  readonly everyMs?: number | false;
};

export function useAsk<Value = Json>(
  operation: string,
  input: object,
  topics: readonly Topic[],
  { enabled = true, keep = false, everyMs = false }: AskOptions = {},
): UseQueryResult<Value, Problem> {
  return useQuery<Value, Problem>({
    queryKey: ['ask', operation, input],
    queryFn: async ({ signal }) => {
      try {
        return await ask<Value>(operation, input, signal);
      } catch (thrown) {
        if (signal.aborted) throw thrown;
        throw asProblem(thrown);
      }
    },
    meta: { topics },
    enabled,
    refetchInterval: everyMs,
    ...(keep ? { placeholderData: (before: unknown) => before as never } : {}),
  });
}

/** What an answer that is here already tells, whatever its question was: to be shown until a slower one comes. */
export function useSeen<Value, Found>(
  operation: string,
  find: (answer: Value) => Found | undefined,
): Found | undefined {
  const answers = useQueryClient().getQueriesData<Value>({ queryKey: ['ask', operation] });
  for (const [, answer] of answers) {
    const found = answer === undefined ? undefined : find(answer);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function useAct<Value = Json, Input extends object = object>(
  operation: string,
  topics: readonly Topic[],
): UseMutationResult<Value, Problem, Input> {
  const client = useQueryClient();
  return useMutation<Value, Problem, Input>({
    mutationFn: async (input) => {
      try {
        return await ask<Value>(operation, input);
      } catch (thrown) {
        throw asProblem(thrown);
      }
    },
    onSettled: () => markTopics(client, topics),
  });
}
