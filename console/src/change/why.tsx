/** Who asked and why, what the plan relied on, what must be seen afterwards, and what the policy said. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Json } from '../api/index.ts';
import { Visible } from '../kit/foreign.tsx';
import { Badge, Diff, Facts, Foreign, Panel, Time } from '../kit/index.ts';
import type { PlanCheck } from '../sign/index.ts';
import { type ApprovalPage, type ChangeView, who } from './shapes.ts';

export function Asked({
  change,
  tainted,
}: {
  readonly change: ChangeView;
  readonly tainted: boolean;
}): ReactNode {
  const { requestedBy, onBehalfOf, reason, createdAt, undoes } = change;
  const isOther = onBehalfOf !== null && onBehalfOf !== requestedBy;
  return (
    <Panel title="Who asked, and why">
      <Facts
        facts={[
          ['Asked by', <bdi key="by">{who(requestedBy)}</bdi>],
          ...(isOther ? ([['On behalf of', <bdi key="for">{who(onBehalfOf)}</bdi>]] as const) : []),
          ['Asked', <Time key="at" at={createdAt} />],
          ['Reason given', <Foreign key="why" text={reason} from={who(requestedBy)} />],
          ...(undoes === null
            ? []
            : ([
                [
                  'Takes back',
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

export function BlastRadius({ lines }: { readonly lines: readonly string[] }): ReactNode {
  return (
    <Panel title="What it touches">
      {lines.length === 0 ? (
        <p className="quiet">Nothing beside its targets, as far as the inventory knows.</p>
      ) : (
        <ul className="says">
          {lines.map((line) => (
            <li key={line}>
              <Visible text={line} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

export function Targets({ plan }: Pick<ApprovalPage, 'plan'>): ReactNode {
  const { targets, rollout } = plan;
  return (
    <Panel
      title="Targets"
      aside={
        rollout === undefined
          ? `${targets.length}`
          : `${targets.length} in ${rollout.batches.length} batches, ${rollout.waitSeconds} s between, pauses above ${rollout.maxFailures} failures`
      }
    >
      <ul className="targets">
        {targets.map((target) => (
          <li key={target.id}>
            <Link to="/targets/$id" params={{ id: target.id } as never}>
              <bdi>{target.id}</bdi>
            </Link>
            <span className="quiet small">
              profile <code>{target.profile.replace(/^sha256:/, '').slice(0, 12)}</code> · enrolled{' '}
              {target.epoch === 1 ? 'once' : `${target.epoch} times`}
              {target.carrier === undefined ? '' : ` · run by ${target.carrier.id}`}
            </span>
          </li>
        ))}
      </ul>
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

export function Preconditions({
  preconditions,
}: {
  readonly preconditions: ChangeView['plan']['preconditions'];
}): ReactNode {
  return (
    <Panel title="What must still hold right before" aside={`${preconditions.length}`}>
      {preconditions.length === 0 ? (
        <p className="quiet">Nothing that was observed: it does not depend on a state.</p>
      ) : (
        <ul className="conditions">
          {preconditions.map(({ target, entity, attribute, value, absent, why }, at) => (
            <li key={at}>
              <p className="condition">
                <bdi>{target}</bdi>
                <code>
                  <Visible text={`${entity} ${attribute}`} />
                </code>
                {absent ? <Badge>not there</Badge> : <ValueOf value={value ?? null} />}
              </p>
              <p className="quiet small">{why}</p>
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
  stabiliseSeconds,
}: {
  readonly checks: readonly PlanCheck[];
  readonly stabiliseSeconds: number;
}): ReactNode {
  return (
    <Panel title="How it is verified" aside={`after ${stabiliseSeconds} s to settle`}>
      {checks.length === 0 ? (
        <p className="quiet">By the receipt of the host alone: nothing is looked at afterwards.</p>
      ) : (
        <ul className="says">
          {checks.map((check, at) => (
            <li key={at}>
              <Visible text={checkInWords(check)} />
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

function checkInWords(check: PlanCheck): string {
  if (check.kind === 'probe') {
    const says = check.says === null ? '' : ` and says ${JSON.stringify(check.says)}`;
    return `on ${check.target}, ${check.argv.join(' ')} exits ${check.exit}${says}`;
  }
  const { target, entity, attribute, test, value } = check;
  const than = test === 'equals' || test === 'differs' ? ` ${JSON.stringify(value)}` : '';
  return `on ${target}, ${entity} ${attribute} ${TESTS[test]}${than}`;
}

export function PolicySays({ decision }: Pick<ChangeView, 'decision'>): ReactNode {
  const { verdict, says, because, policies } = decision;
  const tone = verdict === 'deny' ? 'bad' : verdict === 'allow' ? 'good' : 'warn';
  return (
    <Panel
      title="What the policy said"
      aside={<Badge tone={tone}>{verdict.replaceAll('-', ' ')}</Badge>}
    >
      <p>
        <Visible text={says} />
      </p>
      <p className="quiet small">
        <code>{because}</code>
        {policies.length === 0 ? '' : ` by ${policies.join(', ')}`}
      </p>
    </Panel>
  );
}
