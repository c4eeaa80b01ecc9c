/** One fact over time: numbers as a line, anything else as runs with their words. */
import type { ReactNode } from 'react';
import { useAsk } from '../api/index.ts';
import { ErrorPanel, Skeleton, Time } from '../kit/index.ts';
import type { Fact, SparklineAnswer } from './answers.ts';
import { Value } from './differences.tsx';
import { lineOf, share } from './entities.ts';
import { question, windowOf } from './moment.ts';
import type { MomentView } from './use-moment.ts';

const SHOWN = 12;

export function History({
  fact,
  moment,
  now,
}: {
  readonly fact: Fact;
  readonly moment: MomentView;
  readonly now: number;
}): ReactNode {
  const { chosen, span } = moment;
  const window = windowOf(span, now, chosen.asOf);
  const { data, error, isPending } = useAsk<SparklineAnswer>(
    'fact_sparkline',
    {
      target: fact.target,
      entity: fact.entity,
      attribute: fact.attribute,
      source: fact.source,
      from: new Date(window.fromMs).toISOString(),
      until: new Date(window.untilMs).toISOString(),
      ...question({ asOf: '', knownAt: chosen.knownAt }),
    },
    ['facts'],
    { keep: true },
  );
  if (error !== null) return <ErrorPanel error={error} />;
  if (isPending) return <Skeleton rows={2} label="Loading the history" />;
  const { runs, from, until, more } = data;
  const line = lineOf(runs, from, until);
  const last = runs.slice(-SHOWN).toReversed();
  return (
    <div className="history">
      <svg
        className="sparkline"
        viewBox="0 0 100 1"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${runs.length} values of ${fact.attribute}, listed below`}
      >
        {line.kind === 'line' ? (
          <path className="sparkline-line" d={line.points} />
        ) : (
          runs.map((run) => {
            const begin = share(run.from, from, until);
            const width = Math.max(0.2, share(run.until, from, until) - begin);
            return (
              <rect
                key={run.from}
                className="sparkline-run"
                x={begin}
                y={0.25}
                width={width}
                height={0.5}
              />
            );
          })
        )}
      </svg>
      <div className="time-ends-plain small quiet" aria-hidden="true">
        <Time at={from} form="utc" />
        <Time at={until} form="utc" />
      </div>
      {runs.length === 0 ? (
        <p className="quiet">Nothing was known of it in this window.</p>
      ) : (
        <ol className="history-runs" reversed>
          {last.map((run) => (
            <li key={run.from}>
              <Value value={run.value} from={fact.target} />{' '}
              <span className="quiet small">
                since <Time at={run.from} form="utc" />
              </span>
            </li>
          ))}
        </ol>
      )}
      {runs.length > SHOWN || more ? (
        <p className="quiet small">The last {last.length} are listed; there were more.</p>
      ) : null}
    </div>
  );
}
