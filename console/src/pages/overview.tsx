/** What needs somebody now, then how the fleet stands, then what was done last. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useAsk } from '../api/index.ts';
import { actionName, who } from '../change/shapes.ts';
import { type ChangeLine, type Kinds, type Overview, STATES } from '../fleet/answers.ts';
import { failedSince, type Need, needsOf, seenShare } from '../fleet/need.ts';
import { FindingCounts, FleetStateBadge, STATE_LOOKS, StatesBar } from '../fleet/state.tsx';
import {
  Code,
  Empty,
  ErrorPanel,
  Foreign,
  LinkButton,
  Page,
  Panel,
  Skeleton,
  StateBadge,
  span,
  TierBadge,
  Time,
  useNow,
} from '../kit/index.ts';
import '../fleet/fleet.css';

const WEEK_MS = 604_800_000;
const CHANGES = ['changes', 'stops'] as const;

type Changes = { readonly changes: readonly ChangeLine[] };
type Config = { readonly status: string; readonly changed: readonly unknown[] };

export function OverviewPage(): ReactNode {
  const fleet = useAsk<Overview>('fleet_overview', {}, ['facts', 'findings', 'targets']);
  const waiting = useAsk<Changes>('changes_list', { pending: true, limit: 200 }, ['changes']);
  const ambiguous = useAsk<Changes>('changes_list', { state: 'ambiguous' }, CHANGES);
  const failed = useAsk<Changes>('changes_list', { state: 'failed' }, CHANGES);
  const recent = useAsk<Changes>('changes_list', { limit: 8 }, CHANGES);
  const config = useAsk<Config>('config_status', {}, ['targets']);
  const now = useNow(60_000);
  const needs = needsOf({
    overview: fleet.data,
    waiting: waiting.data?.changes.length ?? 0,
    ambiguous: ambiguous.data?.changes ?? [],
    failed: failedSince(failed.data?.changes ?? [], now - WEEK_MS),
    config: config.data,
  });
  const asked = [fleet, waiting, ambiguous, failed, config];
  // Nothing is said to be well before all of it was heard.
  const failing = asked.find(({ data, error }) => data === undefined && error !== null);
  const isPending = failing === undefined && asked.some(({ data }) => data === undefined);
  const again = (): void => {
    for (const each of asked) if (each.error !== null) void each.refetch();
  };
  if (fleet.data?.targets === 0) return <Beginning />;
  return (
    <Page title="Overview" lead="What needs you now, and how well the fleet is known.">
      <Panel
        title="Needs you now"
        flush
        tone={
          isPending
            ? 'plain'
            : failing !== undefined || needs.some(({ tone }) => tone === 'bad')
              ? 'bad'
              : needs.length > 0
                ? 'warn'
                : 'good'
        }
        aside={isPending ? null : needs.length === 0 ? null : `${needs.length}`}
      >
        {failing === undefined ? null : (
          <div className="need-unknown">
            <p>Not all of what may need you is known:</p>
            <ErrorPanel error={failing.error} retry={again} />
          </div>
        )}
        {isPending ? (
          <Skeleton rows={4} label="Loading what needs you" />
        ) : failing !== undefined && needs.length === 0 ? null : (
          <Needs needs={needs} />
        )}
      </Panel>
      <div className="overview-columns">
        {fleet.data === undefined ? (
          <Panel title="The fleet">
            {fleet.error === null ? (
              <Skeleton rows={9} />
            ) : (
              <p className="quiet">Not known: see above.</p>
            )}
          </Panel>
        ) : (
          <FleetPanel overview={fleet.data} />
        )}
        <div className="overview-side">
          <Panel
            title="Last changes"
            flush
            actions={
              <LinkButton to="/changes" look="quiet">
                All changes
              </LinkButton>
            }
          >
            <Recent changes={recent.data?.changes} />
          </Panel>
          {fleet.data === undefined ? null : <Worst overview={fleet.data} />}
        </div>
      </div>
    </Page>
  );
}

function Needs({ needs }: { readonly needs: readonly Need[] }): ReactNode {
  if (needs.length === 0)
    return (
      <Empty title="Nothing needs you" icon="check">
        <p>
          No change waits for a signature, nothing failed, and no target is out of reach or out of
          date.
        </p>
      </Empty>
    );
  return (
    <ul className="needs">
      {needs.map(({ id, tone, mark, says, why, to, search, action }) => (
        <li key={id} className={`need need-${tone}`}>
          <span className="need-mark" aria-hidden="true">
            {mark}
          </span>
          <div className="need-text">
            <p className="need-says">{says}</p>
            <p className="quiet small">{why}</p>
          </div>
          <LinkButton to={to as never} search={(search ?? {}) as never}>
            {action}
            <span className="hidden-visually">: {says}</span>
          </LinkButton>
        </li>
      ))}
    </ul>
  );
}

function FleetPanel({ overview }: { readonly overview: Overview }): ReactNode {
  const { targets, states, scopes, ages, kinds, findings } = overview;
  return (
    <Panel
      title="The fleet"
      aside={`${targets.toLocaleString('en')} targets, ${seenShare(overview)} % seen and fresh`}
      actions={
        <LinkButton to="/fleet" look="quiet">
          Open the fleet
        </LinkButton>
      }
    >
      <StatesBar states={states} />
      <ul className="state-list">
        {STATES.toReversed().map((state) => (
          <li key={state}>
            <Link to="/fleet" search={{ states: state } as never}>
              <FleetStateBadge state={state} />
              <strong className="number">{states[state].toLocaleString('en')}</strong>
            </Link>
            <span className="quiet small">{STATE_LOOKS[state].says}</span>
          </li>
        ))}
      </ul>
      <h3 className="small-heading">Last seen</h3>
      <Ages ages={ages} targets={targets} never={states.never} />
      <h3 className="small-heading">Coverage</h3>
      <Whole kinds={kinds} />
      <h3 className="small-heading">Open findings</h3>
      <FindingCounts findings={findings} />
      {scopes.length < 2 ? null : (
        <>
          <h3 className="small-heading">By scope</h3>
          <ul className="scope-list">
            {scopes.map(({ scope, targets: its, states: how }) => (
              <li key={scope}>
                <Link to="/fleet" search={{ scope } as never}>
                  {scope}
                </Link>
                <span className="number quiet">{its.toLocaleString('en')}</span>
                <StatesBar states={how} />
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

/** The bars are drawn over all targets, those that nobody ever looked at as well. */
function Ages({
  ages,
  targets,
  never,
}: {
  readonly ages: Overview['ages'];
  readonly targets: number;
  readonly never: number;
}): ReactNode {
  const rows = [
    ...ages.map(({ withinSeconds, targets: count }) => ({
      name: withinSeconds === null ? 'longer ago' : `within ${span(withinSeconds * 1_000)}`,
      count,
    })),
    {
      name: 'not, or out of reach',
      count: targets - ages.reduce((sum, age) => sum + age.targets, 0),
    },
  ];
  return (
    <dl className="bars" aria-label={`When targets were seen last; ${never} never`}>
      {rows.map(({ name, count }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <span className="bar" aria-hidden="true">
              <span style={{ width: `${targets === 0 ? 0 : (count / targets) * 100}%` }} />
            </span>
            <span className="number">{count.toLocaleString('en')}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Whole({ kinds }: { readonly kinds: Kinds }): ReactNode {
  const all = kinds.complete + kinds.partial + kinds.stale + kinds.unreachable;
  const percent = all === 0 ? 0 : Math.floor((kinds.complete / all) * 100);
  const short = (['partial', 'stale', 'unreachable'] as const).filter((each) => kinds[each] > 0);
  return (
    <p>
      <strong className="number">{percent} %</strong> of what is looked at is known whole and fresh
      {short.length === 0
        ? '.'
        : `; ${short.map((each) => `${kinds[each].toLocaleString('en')} ${each}`).join(', ')} of ${all.toLocaleString('en')} kinds.`}
    </p>
  );
}

function Recent({ changes }: { readonly changes: readonly ChangeLine[] | undefined }): ReactNode {
  if (changes === undefined) return <Skeleton rows={4} />;
  if (changes.length === 0)
    return (
      <Empty title="Nothing was changed yet" icon="changes">
        <p>
          Connect an assistant, or propose something yourself; nothing runs before somebody signs
          it.
        </p>
      </Empty>
    );
  return (
    <ul className="lines">
      {changes.map(({ changeId, action, targets, state, tier, requestedBy, createdAt }) => (
        <li key={changeId}>
          <Link to="/changes/$id" params={{ id: changeId } as never} className="line-main">
            <TierBadge tier={tier} /> {actionName(action)}
          </Link>
          <StateBadge state={state} />
          <span className="quiet small line-under">
            {targets.length === 1 ? targets[0] : `${targets.length} targets`} · {who(requestedBy)} ·{' '}
            <Time at={createdAt} form="relative" />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Worst({ overview: { worst } }: { readonly overview: Overview }): ReactNode {
  if (worst.length === 0) return null;
  return (
    <Panel title="Look at these first" flush>
      <ul className="lines">
        {worst.map(({ target, state, findings, reason, seenAt }) => (
          <li key={target}>
            <Link to="/targets/$id" params={{ id: target } as never} className="line-main">
              {target}
            </Link>
            <span className="line-badges">
              {findings.critical + findings.warning + findings.info === 0 ? null : (
                <FindingCounts findings={findings} />
              )}
              <FleetStateBadge state={state} />
            </span>
            <span className="quiet small line-under">
              {seenAt === null ? (
                'never seen'
              ) : (
                <>
                  seen <Time at={seenAt} form="relative" />
                </>
              )}
              {reason === null ? null : (
                <>
                  {' '}
                  · <Foreign text={reason} from={target} />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Beginning(): ReactNode {
  return (
    <Page
      title="Overview"
      lead="Nothing is known yet. Two steps, and there is something to see."
      narrow
    >
      <Panel title="1. Add a host">
        <p>
          Name the machines you look after. Looking changes nothing on them, and nothing is
          installed for it.
        </p>
        <Code
          label="Add a host"
          wrap
          text="holdfast target add host:web-1 --host-type linux --transport ssh --address 10.0.0.5"
        />
        <p>Then look at it, and what is there appears here:</p>
        <Code label="Look at it" wrap text="holdfast observe host:web-1" />
      </Panel>
      <Panel title="2. Connect an assistant">
        <p>
          An assistant may look, explain and propose. It can sign nothing: what changes a machine
          waits for you under Approvals.
        </p>
        <p>
          <LinkButton to="/assistants" look="primary">
            Connect an assistant
          </LinkButton>
        </p>
      </Panel>
    </Page>
  );
}
