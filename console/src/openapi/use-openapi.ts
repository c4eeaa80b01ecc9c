import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { asProblem, type Problem, send } from '../api/index.ts';
import { type ApiOperation, operationsOf } from './openapi.ts';

/** What this caller may ask for; it does not change while a session lasts. */
export function useOperations(): UseQueryResult<readonly ApiOperation[], Problem> {
  return useQuery<readonly ApiOperation[], Problem>({
    queryKey: ['openapi'],
    queryFn: async ({ signal }) => {
      try {
        return operationsOf(await send('GET', '/openapi.json', undefined, signal));
      } catch (thrown) {
        throw asProblem(thrown);
      }
    },
    staleTime: 300_000,
  });
}
