import { useAsk } from '../api/index.ts';

/** How many changes wait for a person. */
export function useWaiting(): number {
  const { data } = useAsk<{ readonly changes: readonly unknown[] }>(
    'changes_list',
    { pending: true, limit: 200 },
    ['changes'],
  );
  return data?.changes.length ?? 0;
}
