/** What is known of a target, kind by kind, each fact with its source and age. */
import { type ReactNode, useState } from 'react';
import { useAsk } from '../api/index.ts';
import {
  Badge,
  Button,
  Empty,
  ErrorPanel,
  Field,
  Foreign,
  Panel,
  Select,
  Skeleton,
  span,
  useNow,
} from '../kit/index.ts';
import type { CoverageRow, Fact, FactsAnswer } from './answers.ts';
import { Value } from './differences.tsx';
import { entitiesOf } from './entities.ts';
import { History } from './history.tsx';
import { question } from './moment.ts';
import type { MomentView } from './use-moment.ts';

const MOST = 500;
const TONES = {
  complete: 'good',
  partial: 'info',
  stale: 'warn',
  unreachable: 'bad',
  never: 'plain',
} as const;

export function TargetFacts({
  target,
  moment,
  kinds,
  kind,
  text,
  set,
}: {
  readonly target: string;
  readonly moment: MomentView;
  readonly kinds: Readonly<Record<string, number>>;
  readonly kind: string;
  readonly text: string;
  readonly set: (change: { kind?: string; text?: string }) => void;
}): ReactNode {
  const now = useNow(60_000);
  const names = Object.keys(kinds);
  const shown = kind !== '' ? kind : names.includes('host') ? 'host' : (names[0] ?? 'host');
  const { data, error, isPending, refetch } = useAsk<FactsAnswer>(
    'query_facts',
    {
      ...question(moment.chosen),
      target,
      kind: shown,
      limit: MOST,
      ...(text === '' ? {} : { text }),
    },
    ['facts'],
    { keep: true },
  );
  const entities = entitiesOf(data?.facts ?? [], target);
  return (
    <div className="target-facts">
      <div className="filters" data-filter>
        <Select
          label="Kind"
          value={shown}
          onChange={(next) => set({ kind: next })}
          options={(names.includes(shown) ? names : [shown, ...names]).map((name) => [
            name,
            `${name} (${kinds[name] ?? 0})`,
          ])}
        />
        <Field
          label="Filter"
          value={text}
          onChange={(next) => set({ text: next })}
          placeholder="any part"
        />
      </div>
      <Seen rows={(data?.coverage ?? []).filter((row) => row.kind === shown)} target={target} />
      {error === null ? null : <ErrorPanel error={error} retry={() => void refetch()} />}
      <Panel
        flush
        title={shown}
        aside={
          data === undefined
            ? null
            : data.nextCursor === null
              ? `${entities.length}`
              : `the first ${entities.length}: filter for others`
        }
      >
        {isPending ? <Skeleton rows={10} label="Loading facts" /> : null}
        {data !== undefined && entities.length === 0 ? (
          <Empty title="Nothing of this kind is known">
            <p>Not at this moment. Coverage above says whether it was looked at.</p>
          </Empty>
        ) : null}
        {entities.map(({ entity, name, facts }) => (
          <div key={entity} className="entity">
            <div className="entity-name">
              <Foreign text={name} from={target} />
            </div>
            <dl>
              {facts.map((fact) => (
                <FactRow
                  key={`${fact.attribute} ${fact.source}`}
                  fact={fact}
                  moment={moment}
                  now={now}
                />
              ))}
            </dl>
          </div>
        ))}
      </Panel>
    </div>
  );
}

function FactRow({
  fact,
  moment,
  now,
}: {
  readonly fact: Fact;
  readonly moment: MomentView;
  readonly now: number;
}): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <div>
        <dt>{fact.attribute}</dt>
        <dd>
          <Value value={fact.value} from={fact.target} />{' '}
          <span className="quiet small">
            {fact.source}, confirmed {span(fact.ageSeconds * 1_000)} before
            {fact.altered === true ? ', cleaned of a secret' : ''}
          </span>
        </dd>
        <dd className="history-act">
          <Button
            look="quiet"
            aria-expanded={isOpen}
            aria-label={`History of ${fact.attribute}`}
            onPress={() => setOpen(!isOpen)}
          >
            {isOpen ? 'Close' : 'History'}
          </Button>
        </dd>
      </div>
      {isOpen ? (
        <div className="history-row">
          <dt className="hidden-visually">History</dt>
          <dd className="history-place">
            <History fact={fact} moment={moment} now={now} />
          </dd>
        </div>
      ) : null}
    </>
  );
}

function Seen({
  rows,
  target,
}: {
  readonly rows: readonly CoverageRow[];
  readonly target: string;
}): ReactNode {
  if (rows.length === 0) return null;
  return (
    <ul className="kind-list plain-list">
      {rows.map(({ source, kind, status, ageSeconds, reason }) => (
        <li key={`${source ?? ''} ${kind}`}>
          <Badge tone={TONES[status]}>
            {kind}: {status}
          </Badge>{' '}
          <span className="quiet small">
            {source}
            {ageSeconds === null ? '' : `, ${span(ageSeconds * 1_000)} before`}
            {reason === null ? null : (
              <>
                : <Foreign text={reason} from={target} />
              </>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
