/** What a view shows (filters, sorting, time, selection) stands in its address, as plain text, and nowhere else. */
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';

export type View<Name extends string> = Readonly<Record<Name, string>>;

/**
 * `defaults` names everything the view knows; what equals its default is left out of the address.
 * `set` replaces the present address while a person types, and adds to the history with `push`.
 */
export function useView<Name extends string>(
  defaults: View<Name>,
): readonly [View<Name>, (change: Partial<View<Name>>, how?: { readonly push?: boolean }) => void] {
  const search = useSearch({ strict: false }) as Readonly<Record<string, string | undefined>>;
  const navigate = useNavigate();
  const names = JSON.stringify(defaults);
  const view = useMemo(() => {
    const known = JSON.parse(names) as View<Name>;
    const entries = Object.entries(known).map(([name, value]) => [name, search[name] ?? value]);
    return Object.fromEntries(entries) as View<Name>;
  }, [names, search]);
  const set = useCallback(
    (change: Partial<View<Name>>, how: { readonly push?: boolean } = {}) => {
      const known = JSON.parse(names) as Readonly<Record<string, string>>;
      void navigate({
        to: '.',
        search: (before: Record<string, unknown>) => {
          const next = { ...before, ...change };
          return Object.fromEntries(
            Object.entries(next).filter(
              ([name, value]) => value !== undefined && value !== known[name],
            ),
          );
        },
        replace: how.push !== true,
        resetScroll: false,
      } as never);
    },
    [names, navigate],
  );
  return [view, set];
}
