/** Files as AIDE compares them: it tells only what differs, so whatever it tells is unexpected, and it must have ended. */
import { digestOf } from '#base/digest';
import type { Maker } from './compile.ts';

const PART = { kind: 'integrity', source: 'collector.aide' } as const;

export const integrityMaker: Maker<null> = {
  read: () => null,
  compile: (_, { name }, { target }) => ({
    id: `integrity:${name}`,
    kind: 'integrity',
    name,
    scope: target.scope,
    target: target.id,
    expectations: [],
    closed: [PART],
    needs: [PART],
    since: null,
    digest: digestOf(['integrity', name, target.id]),
  }),
};
