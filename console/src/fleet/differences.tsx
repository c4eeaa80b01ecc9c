/** What differs between two moments. Values are a host's own words. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { ask, asProblem, type Json } from '../api/index.ts';
import { Badge, Button, Empty, ErrorPanel, Foreign, Panel, Skeleton, Time } from '../kit/index.ts';
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
    from,
    to,
    limit: ROWS,
    ...(target === undefined ? {} : { target }),
    ...(scope === undefined || scope === '' ? {} : { scope }),
  };
  const query = useInfiniteQuery({
    queryKey: ['ask', 'fact_differences', input],
    queryFn: async ({ pageParam, signal }) => {
      try {
        const cursor = pageParam === null ? {} : { cursor: pageParam };
        return await ask<DifferenceAnswer>('fact_differences', { ...input, ...cursor }, signal);
      } catch (thrown) {
        if (signal.aborted) throw thrown;
        throw asProblem(thrown);
      }
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    meta: { topics: ['facts'] },
    placeholderData: (before) => before,
  });
  const { data, error, isPending, hasNextPage, isFetchingNextPage } = query;
  if (error !== null) return <ErrorPanel error={error} retry={() => void query.refetch()} />;
  if (isPending) return <Skeleton rows={10} label="Comparing" />;
  const lines = data.pages
    .flatMap((page) => page.differences)
    .map((each) => [how(each), each] as const);
  return (
    <Panel
      title="What differs"
      flush
      aside={
        <>
          between {from.asOf === undefined ? 'now' : <Time at={from.asOf} form="utc" />} and{' '}
          {to.asOf === undefined ? 'now' : <Time at={to.asOf} form="utc" />}, without what moves by
          itself
        </>
      }
    >
      {lines.length === 0 ? (
        <Empty title={hasNextPage ? 'Nothing differs so far' : 'Nothing differs'}>
          <p>
            {hasNextPage
              ? 'A part of the fleet was looked through.'
              : 'All that is known of both moments is the same.'}
          </p>
        </Empty>
      ) : (
        <ul className="lines differences">
          {lines.map(([word, each]) => (
            <li key={`${order(each)} ${each.source}`}>
              <Badge
                tone={word === 'added' ? 'good' : word === 'removed' ? 'bad' : 'info'}
                mark={word === 'added' ? '+' : word === 'removed' ? '−' : '≠'}
              >
                {word}
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
      {hasNextPage ? (
        <p className="panel-note">
          <Button isPending={isFetchingNextPage} onPress={() => void query.fetchNextPage()}>
            Look further
          </Button>
        </p>
      ) : null}
    </Panel>
  );
}

function how(each: Difference): 'added' | 'removed' | 'changed' {
  if (!('before' in each)) return 'added';
  return 'after' in each ? 'changed' : 'removed';
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
