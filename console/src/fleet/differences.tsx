/** What differs between two moments. Values are a host's own words. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type Json, useAsk } from '../api/index.ts';
import { Badge, Empty, ErrorPanel, Foreign, Panel, Skeleton, Time } from '../kit/index.ts';
import type { Difference, DifferenceAnswer } from './answers.ts';
import { question } from './moment.ts';
import type { MomentView } from './use-moment.ts';

const ROWS = 200;

export function Differences({
  moment: { chosen, versus },
  target,
  scope,
}: {
  readonly moment: MomentView;
  readonly target?: string;
  readonly scope?: string;
}): ReactNode {
  const other = question({ asOf: versus === 'now' ? '' : versus, knownAt: chosen.knownAt });
  const self = question(chosen);
  const isOtherFirst = (other.asOf ?? '9') < (self.asOf ?? '9');
  const [from, to] = isOtherFirst ? [other, self] : [self, other];
  const input = {
    ...{ from, to, limit: ROWS },
    ...(target === undefined ? {} : { target }),
    ...(scope === undefined || scope === '' ? {} : { scope }),
  };
  const { data, error, isPending, refetch } = useAsk<DifferenceAnswer>(
    'compare_facts',
    input,
    ['facts'],
    { keep: true },
  );
  if (error !== null) return <ErrorPanel error={error} retry={() => void refetch()} />;
  if (isPending) return <Skeleton rows={10} label="Comparing" />;
  const lines = [
    ...data.added.map((each) => ['added', each] as const),
    ...data.removed.map((each) => ['removed', each] as const),
    ...data.changed.map((each) => ['changed', each] as const),
  ].toSorted(([, a], [, b]) => order(a).localeCompare(order(b)));
  return (
    <Panel
      title="What differs"
      flush
      aside={
        <>
          between {from.asOf === undefined ? 'now' : <Time at={from.asOf} form="utc" />} and{' '}
          {to.asOf === undefined ? 'now' : <Time at={to.asOf} form="utc" />}
          {data.nextCursor === null ? null : `; the first ${ROWS}`}
        </>
      }
    >
      {lines.length === 0 ? (
        <Empty title="Nothing differs">
          <p>All that is known of both moments is the same.</p>
        </Empty>
      ) : (
        <ul className="lines differences">
          {lines.map(([how, each]) => (
            <li key={`${order(each)} ${each.source}`}>
              <Badge
                tone={how === 'added' ? 'good' : how === 'removed' ? 'bad' : 'info'}
                mark={how === 'added' ? '+' : how === 'removed' ? '−' : '≠'}
              >
                {how}
              </Badge>
              <span className="line-main">
                <Foreign text={each.entity} from={each.target} /> {each.attribute}
                {target === undefined ? (
                  <>
                    {' '}
                    <Link to="/targets/$id" params={{ id: each.target } as never}>
                      {each.target}
                    </Link>
                  </>
                ) : null}
              </span>
              <span className="line-under">
                <Value value={each.before} from={each.target} /> <span aria-label="became">→</span>{' '}
                <Value value={each.after} from={each.target} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function order({ target, entity, attribute }: Difference): string {
  return `${target}\n${entity}\n${attribute}`;
}

const LONG = 160;

/** A value on one line. */
export function Value({
  value,
  from,
}: {
  readonly value: Json | undefined;
  readonly from: string;
}): ReactNode {
  if (value === undefined) return <span className="quiet">nothing</span>;
  if (value === null || typeof value === 'boolean' || typeof value === 'number')
    return <span className="number">{value === null ? 'none' : String(value)}</span>;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return <Foreign text={text.length > LONG ? `${text.slice(0, LONG)}…` : text} from={from} />;
}
