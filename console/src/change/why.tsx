/** Who asked and why, what the plan relied on, what must be seen afterwards, and what the policy said. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Json } from '../api/index.ts';
import { Visible } from '../kit/foreign.tsx';
import { Argv, Badge, Diff, Facts, Foreign, Panel, sentence, Time } from '../kit/index.ts';
import type { PlanCheck } from '../sign/index.ts';
import { ownEntity, sameOnTargets } from './same.ts';
import { type ApprovalPage, type ChangeView, who } from './shapes.ts';
import { OnTargets } from './what-runs.tsx';

export function Asked({
  change,
  tainted,
  reason = change.reason,
  digest = null,
}: {
  readonly change: ChangeView;
  readonly tainted: boolean;
  /** As it stands in the plan that is signed: with every hidden character, which the change itself is told without. */
  readonly reason?: string;
  /** Of the plan, where it stands nowhere else on the page. */
  readonly digest?: string | null;
}): ReactNode {
  const { requestedBy, onBehalfOf, createdAt, undoes } = change;
  const isOther = onBehalfOf !== null && onBehalfOf !== requestedBy;
  return (
    <Panel title="Who asked, and why">
      <Facts
        facts={[
          ['Asked by', <bdi key="by">{who(requestedBy)}</bdi>],
          ...(isOther ? ([['On behalf of', <bdi key="for">{who(onBehalfOf)}</bdi>]] as const) : []),
          ['Asked', <Time key="at" at={createdAt} />],
          ['Reason given', <Foreign key="why" text={reason} from={who(requestedBy)} />],
          ...(digest === null ? [] : ([['Plan', <code key="digest">{digest}</code>]] as const)),
          ...(undoes === null
            ? []
            : ([
                [
                  'Undoes',
                  <Link key="undoes" to="/changes/$id" params={{ id: undoes } as never}>
                    {undoes}
                  </Link>,
                ],
              ] as const)),
        ]}
      />
      {tainted ? (
        <p className="row">
          <Badge tone="foreign">tainted</Badge>
          <span>
            Whoever asked had read text from hosts before. It may have been talked into this: judge
            by what will run, not by the reason.
          </span>
        </p>
      ) : null}
    </Panel>
  );
}

export function TaintedText({ texts }: { readonly texts: ApprovalPage['taintedText'] }): ReactNode {
  if (texts.length === 0) return null;
  return (
    <Panel title="What it had read from hosts before it asked" tone="foreign">
      <details>
        <summary>
          {texts.length} {texts.length === 1 ? 'text' : 'texts'}, as the hosts gave them
        </summary>
        <div className="stack">
          {texts.map(({ operation, text }, at) => (
            <Foreign key={at} block text={text} from={`a host, by ${operation}`} />
          ))}
        </div>
      </details>
    </Panel>
  );
}

export function Preview({ preview }: { readonly preview: ApprovalPage['preview'] }): ReactNode {
  if (preview.length === 0) return null;
  return (
    <Panel title="What the targets said when they were asked" tone="foreign">
      {preview.map(({ target, says }, at) =>
        isDiff(says) ? (
          <figure key={at} className="foreign-block">
            <figcaption>
              <span aria-hidden="true">◆</span> difference, as {target} told it; a claim of the host
            </figcaption>
            <Diff text={says} label={`Difference on ${target}`} />
          </figure>
        ) : (
          <Foreign key={at} block text={says} from={target} />
        ),
      )}
    </Panel>
  );
}

function isDiff(text: string): boolean {
  return /^(?:--- |\+\+\+ |@@ )/m.test(text);
}

const MOST_LISTED = 20;

/** What it reaches: how much of the fleet, and each target by name. */
export function Targets({
  plan,
  blastRadius,
}: Pick<ApprovalPage, 'plan' | 'blastRadius'>): ReactNode {
  const { targets, rollout } = plan;
  return (
    <Panel
      title="Targets and blast radius"
      aside={
        rollout === undefined
          ? `${targets.length.toLocaleString('en')}`
          : `${targets.length.toLocaleString('en')} in ${rollout.batches.length} batches, ${rollout.waitSeconds} s between, pauses above ${rollout.maxFailures} ${rollout.maxFailures === 1 ? 'failure' : 'failures'}`
      }
    >
      {blastRadius.length === 0 ? (
        <p className="quiet">Nothing beside its targets, as far as the inventory knows.</p>
      ) : (
        <ul className="says">
          {blastRadius.map((line) => (
            <li key={line}>
              <Visible text={line} />
            </li>
          ))}
        </ul>
      )}
      <TargetList targets={targets.slice(0, MOST_LISTED)} />
      {targets.length <= MOST_LISTED ? null : (
        <details>
          <summary>{(targets.length - MOST_LISTED).toLocaleString('en')} more targets</summary>
          <TargetList targets={targets.slice(MOST_LISTED)} />
        </details>
      )}
      {rollout === undefined ? null : (
        <details>
          <summary>The batches, in their order</summary>
          <ol className="batches">
            {rollout.batches.map((batch, at) => (
              <li key={at}>
                <bdi>{batch.join(', ')}</bdi>
              </li>
            ))}
          </ol>
        </details>
      )}
    </Panel>
  );
}

function TargetList({ targets }: Pick<ApprovalPage['plan'], 'targets'>): ReactNode {
  return (
    <ul className="targets">
      {targets.map((target) => (
        <li key={target.id}>
          <Link to="/targets/$id" params={{ id: target.id } as never}>
            <bdi>{target.id}</bdi>
          </Link>
          <span className="quiet small">
            inventory entry <code>{target.profile.replace(/^sha256:/, '').slice(0, 12)}</code> ·
            enrolment {target.epoch}
            {target.carrier === undefined ? '' : ` · run by ${target.carrier.id}`}
          </span>
        </li>
      ))}
    </ul>
  );
}

export function Preconditions({
  preconditions,
  all,
  isOver = false,
}: {
  readonly preconditions: ChangeView['plan']['preconditions'];
  readonly all: number;
  readonly isOver?: boolean;
}): ReactNode {
  const same = sameOnTargets(preconditions, ({ target, entity, ...rest }) => ({
    ...rest,
    entity: ownEntity(target, entity),
  }));
  return (
    <Panel
      title="Preconditions"
      aside={isOver ? 'had to hold right before it ran' : 'tested again right before it runs'}
    >
      {same.length === 0 ? (
        <p className="quiet">None: it does not depend on a state that was observed.</p>
      ) : (
        <ul className="conditions">
          {same.map(({ item, targets }, at) => (
            <li key={at}>
              <p className="condition">
                <code>
                  <Visible
                    text={
                      targets.length === 1
                        ? `${item.entity} ${item.attribute}`
                        : `${ownEntity(item.target, item.entity)} ${item.attribute}`
                    }
                  />
                </code>
                {item.absent ? <Badge>not there</Badge> : <ValueOf value={item.value ?? null} />}
              </p>
              <p className="small step-head">
                <span>{item.why}</span>
                <OnTargets targets={targets} all={all} />
              </p>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

const VALUE_CHARS = 400;

function ValueOf({ value }: { readonly value: Json }): ReactNode {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return (
    <code className="value">
      = <Visible text={text.length > VALUE_CHARS ? `${text.slice(0, VALUE_CHARS)}…` : text} />
    </code>
  );
}

export function Afterwards({
  checks,
  all,
  stabiliseSeconds,
}: {
  readonly checks: readonly PlanCheck[];
  readonly all: number;
  readonly stabiliseSeconds: number;
}): ReactNode {
  return (
    <Panel title="Verification" aside={`after ${stabiliseSeconds} s to settle`}>
      {checks.length === 0 ? (
        <p className="quiet">By the receipt of the host alone: nothing is looked at afterwards.</p>
      ) : (
        <ul className="conditions">
          {sameOnTargets(checks, partsOf).map(({ item, targets }, at) => (
            <li key={at} className="step-head">
              <CheckInWords check={item} isOne={targets.length === 1} />
              <OnTargets targets={targets} all={all} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

const TESTS = {
  equals: 'is',
  differs: 'is not',
  absent: 'is not there',
  present: 'is there',
} as const;

function partsOf(check: PlanCheck): unknown {
  const { target } = check;
  return check.kind === 'probe'
    ? { ...check, target: '' }
    : { ...check, target: '', entity: ownEntity(target, check.entity) };
}

function CheckInWords({
  check,
  isOne,
}: {
  readonly check: PlanCheck;
  readonly isOne: boolean;
}): ReactNode {
  if (check.kind === 'probe')
    return (
      <>
        <Argv argv={check.argv} />
        <span>
          exits {check.exit}
          {check.says === null ? null : (
            <>
              {' '}
              and says{' '}
              <code className="value">
                <Visible text={JSON.stringify(check.says)} />
              </code>
            </>
          )}
        </span>
      </>
    );
  const { target, entity, attribute, test, value } = check;
  const than = test === 'equals' || test === 'differs' ? ` ${JSON.stringify(value)}` : '';
  return (
    <span>
      <code>
        <Visible text={`${isOne ? entity : ownEntity(target, entity)} ${attribute}`} />
      </code>{' '}
      <Visible text={`${TESTS[test]}${than}`} />
    </span>
  );
}

export function PolicySays({ decision }: Pick<ChangeView, 'decision'>): ReactNode {
  const { verdict, says, because, policies } = decision;
  const tone = verdict === 'deny' ? 'bad' : verdict === 'allow' ? 'good' : 'warn';
  return (
    <Panel
      title="Policy decision"
      aside={<Badge tone={tone}>{verdict.replaceAll('-', ' ')}</Badge>}
    >
      <p>
        <Visible text={sentence(says)} />
      </p>
      <p className="quiet small">
        {policies.length === 0 ? (
          <>
            Because of <code>{because}</code>
          </>
        ) : (
          <>
            Rules that spoke: <code>{policies.join(', ')}</code>
          </>
        )}
      </p>
    </Panel>
  );
}
