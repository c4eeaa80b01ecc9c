import { QueryClient } from '@tanstack/react-query';
import { Problem } from './problem.ts';

/** Live hints refetch; so what is here is old only while the connection is gone. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (failures, thrown) =>
        failures < 2 && thrown instanceof Problem && thrown.kind === 'unavailable',
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false },
  },
});
