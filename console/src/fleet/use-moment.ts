/** The moment of a view, from its address: shared by the fleet, the map and a target, and carried along by their links. */
import { useMemo } from 'react';
import { useView } from '../use-view.ts';
import { type Chosen, isMoment } from './moment.ts';

export const MOMENT = {
  asOf: '',
  knownAt: '',
  span: '1d',
  /** The other moment of a comparison; with `now` it is compared with the present. */
  versus: '',
} as const;

export type MomentView = {
  readonly chosen: Chosen;
  readonly span: string;
  readonly versus: string;
  readonly isPast: boolean;
  readonly set: (change: Partial<Record<keyof typeof MOMENT, string>>) => void;
  /** What a link to another page of the same moment takes along. */
  readonly carried: Readonly<Record<string, string>>;
};

export function useMoment(): MomentView {
  const [view, set] = useView<keyof typeof MOMENT>(MOMENT);
  const { asOf, knownAt, span, versus } = view;
  return useMemo(() => {
    const chosen = { asOf: isMoment(asOf) ? asOf : '', knownAt: isMoment(knownAt) ? knownAt : '' };
    const carried = Object.fromEntries(
      Object.entries({ ...chosen, span: span === MOMENT.span ? '' : span }).filter(
        ([, value]) => value !== '',
      ),
    );
    const isPast = chosen.asOf !== '' || chosen.knownAt !== '';
    return { chosen, span, versus, isPast, set, carried };
  }, [asOf, knownAt, span, versus, set]);
}
