/** One finding: what differs, who caused it, what else changed then, and the ways back. */
import { Link, useParams } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { type Json, useAct, useAsk, useMay, useSeen } from '../api/index.ts';
import { ConvergeDialog, Planned, type Ways } from '../drift/converge-dialog.tsx';
import type { Finding } from '../drift/findings.ts';
import { kindSays, Observed, sourceName, Value } from '../drift/value.tsx';
import { WaiveDialog } from '../drift/waive-dialog.tsx';
import {
  Badge,
  Button,
  Code,
  ConfirmDialog,
  Empty,
  ErrorPanel,
  Facts,
  Foreign,
  Page,
  Panel,
  SeverityBadge,
  Skeleton,
  StateBadge,
  sentence,
  Time,
  toast,
} from '../kit/index.ts';
import '../drift/drift.css';

type Cause = {
  readonly verdict: string;
  readonly person: string | null;
  readonly change: string | null;
  readonly route: string | null;
  readonly intent: string | null;
  readonly confidence: string;
  readonly notBefore: string | null;
  readonly notAfter: string;
  readonly evidence: readonly {
    readonly at: string;
    readonly source: string;
    readonly says: string;
  }[];
  readonly trails: readonly { readonly trail: string; readonly status: string }[];
};

type Explained = {
  readonly finding: Finding;
  readonly cause: Cause;
  readonly history: readonly {
    readonly value: Json;
    readonly validFrom: string;
    readonly validTo: string | null;
    readonly source: string;
  }[];
  readonly changedThen: readonly {
    readonly entity: string;
    readonly attribute: string;
    readonly relation: string;
    readonly seenAt: string;
    readonly before?: Json;
    readonly after?: Json;
  }[];
  readonly moreChanged: boolean;
  readonly wayBack: { readonly ways: Ways['ways'][number]['ways']; readonly says?: string };
  readonly next?: string;
};

export function FindingPage(): ReactNode {
  const { id } = useParams({ strict: false }) as { readonly id: string };
  // Explaining reads trails on the target, so it is asked once, and again only by a person.
  const { data, error, isPending, refetch, isFetching } = useAsk<Explained>(
    'explain_finding',
    { finding: id },
    [],
  );
  const mayDeclare = useMay('baselines.write');
  const mayPropose = useMay('changes.propose');
  const [acting, setActing] = useState<'waive' | 'accept' | 'converge'>();
  const accept = useAct('finding_accept', ['findings']);
  const propose = useAct('declaration_propose', ['findings']);
  // The list knew it already: what differs and what can be done is not to wait for the trails.
  const listed = useSeen<{ readonly findings: readonly Finding[] }, Finding>(
    'drift_scan',
    ({ findings }) => findings.find((each) => each.id === id),
  );
  const finding = data?.finding ?? listed;
  const isOpen = finding !== undefined && finding.status !== 'resolved';
  const blessed = finding?.declared === 'blessed';
  return (
    <Page
      title={finding === undefined ? 'Finding' : (finding.because?.title ?? finding.entity)}
      lead={
        finding === undefined ? undefined : (
          <>
            <bdi>{finding.entity}</bdi>{' '}
            {finding.attribute === '*' ? '' : <bdi>{finding.attribute} </bdi>}
            {kindSays(finding.kind)} on{' '}
            <Link to="/targets/$id" params={{ id: finding.target } as never}>
              {finding.target}
            </Link>
          </>
        )
      }
      actions={
        <>
          {isOpen && mayDeclare ? <Button onPress={() => setActing('waive')}>Waive…</Button> : null}
          {isOpen && mayDeclare ? (
            <Button onPress={() => setActing('accept')}>Accept what is…</Button>
          ) : null}
          {isOpen && mayPropose ? (
            <Button look="primary" onPress={() => setActing('converge')}>
              Take back…
            </Button>
          ) : null}
        </>
      }
    >
      {error === null ? null : <ErrorPanel error={error} retry={() => void refetch()} />}
      {finding === undefined ? (
        isPending ? (
          <Panel>
            <Skeleton rows={10} label="Reading what the target can tell" />
          </Panel>
        ) : null
      ) : (
        <div className="columns">
          <div className="stack">
            <Panel title="What differs">
              <dl className="versus">
                <dt>Observed</dt>
                <dd>
                  <Observed finding={finding} />
                </dd>
                <dt>Declared</dt>
                <dd>
                  <Value value={finding.desired} from="the declaration" />
                </dd>
              </dl>
              <Because of={finding} />
            </Panel>
            {data !== undefined ? (
              <CausePanel cause={data.cause} next={data.next} target={finding.target} />
            ) : isPending ? (
              <Panel title="Who caused it">
                <Skeleton rows={6} label="Reading what the target can tell" />
              </Panel>
            ) : null}
            {data === undefined ? null : (
              <Panel title="The way back">
                {data.wayBack.ways.length === 0 ? (
                  <p>
                    <bdi>{sentence(data.wayBack.says ?? 'No action takes this back.')}</bdi>
                  </p>
                ) : (
                  <Planned
                    ways={{
                      ways: [{ finding: id, target: finding.target, ways: data.wayBack.ways }],
                      left: [],
                    }}
                  />
                )}
              </Panel>
            )}
            {data === undefined ? null : <ChangedThen explained={data} />}
          </div>
          <div className="stack">
            <Panel title="Finding">
              <Facts
                facts={[
                  ['Severity', <SeverityBadge key="s" severity={finding.severity} />],
                  [
                    'Status',
                    <StateBadge key="t" state={finding.status} tone={isOpen ? 'warn' : 'good'} />,
                  ],
                  ['Declared by', sourceName(finding.declared)],
                  ['Owner', <bdi key="o">{finding.owner ?? 'nobody'}</bdi>],
                  ['Began after', <Time key="b" at={finding.notBefore} />],
                  ['First seen', <Time key="f" at={finding.firstSeen} />],
                  ['Last seen', <Time key="l" at={finding.lastSeen} />],
                  ['Id', <code key="i">{finding.id}</code>],
                ]}
              />
              <div>
                <Button isPending={isFetching} onPress={() => void refetch()}>
                  Read the trails again
                </Button>
              </div>
            </Panel>
            {data === undefined ? null : <History explained={data} />}
          </div>
        </div>
      )}
      {finding === undefined ? null : (
        <>
          <WaiveDialog
            findings={[id]}
            isOpen={acting === 'waive'}
            onClose={() => setActing(undefined)}
          />
          <ConvergeDialog
            findings={[id]}
            isOpen={acting === 'converge'}
            onClose={() => setActing(undefined)}
          />
          <ConfirmDialog
            title={blessed ? 'Accept what is observed' : 'Propose what is observed'}
            isOpen={acting === 'accept'}
            onClose={() => setActing(undefined)}
            confirm={blessed ? 'Accept' : 'Propose'}
            reason="Why is this how it should be?"
            act={async (reason) => {
              if (blessed) await accept.mutateAsync({ finding: id, reason });
              else await propose.mutateAsync({ finding: id, reason });
              toast(
                blessed
                  ? 'It is declared now; an operator signs it'
                  : 'A branch was made for a person to merge',
              );
              // What is under way was asked before this, and would be told as if it were after it.
              const isUnderWay = isFetching;
              await refetch();
              if (isUnderWay) await refetch();
            }}
          >
            <p>
              {blessed
                ? 'One field of the baseline takes the observed value; nothing else of it moves. It counts at once, and an operator signs it before it is in force for changes.'
                : 'The observed value takes the place of the declared one on a branch of its own, which a person merges.'}
            </p>
            <dl className="versus">
              <dt>Will be declared</dt>
              <dd>
                <Value value={finding.observed} from={finding.target} />
              </dd>
            </dl>
          </ConfirmDialog>
        </>
      )}
    </Page>
  );
}

function Because({ of: { because } }: { readonly of: Finding }): ReactNode {
  if (because === null) return null;
  return (
    <div className="stack">
      {because.rationale === null ? null : (
        <Foreign text={because.rationale} from="the declaration" />
      )}
      {because.remediation === null ? null : (
        <Code
          text={because.remediation}
          label="Remediation, in the words of the declaration"
          wrap
        />
      )}
      <p className="quiet small">
        {[because.id, because.at, because.reference].filter(Boolean).map((text) => (
          <bdi key={text}>{text} </bdi>
        ))}
      </p>
    </div>
  );
}

const VERDICTS: Readonly<Record<string, readonly ['good' | 'warn' | 'bad' | 'plain', string]>> = {
  'ours-approved': ['good', 'a change of ours that a person approved'],
  'ours-unapproved': ['bad', 'a change of ours that nobody approved'],
  'known-person': ['warn', 'a person whom an audit record names'],
  unknown: ['plain', 'nobody knows: no record says who did it'],
};

function CausePanel({
  cause,
  next,
  target,
}: {
  readonly cause: Cause;
  readonly next: string | undefined;
  readonly target: string;
}): ReactNode {
  const [tone, says] = VERDICTS[cause.verdict] ?? ['plain', cause.verdict];
  return (
    <Panel title="Who caused it" aside={<Badge tone={tone}>{cause.confidence}</Badge>}>
      <p>
        <strong>{sentence(says)}</strong>
        {cause.person === null ? null : (
          <>
            : <Foreign text={cause.person} from={target} />
          </>
        )}
        {cause.route === null ? null : (
          <>
            , by <Foreign text={cause.route} from={target} />
          </>
        )}
      </p>
      {cause.change === null ? null : (
        <p>
          <Link to="/changes/$id" params={{ id: cause.change } as never}>
            The change of ours
          </Link>
        </p>
      )}
      <p className="quiet">
        Between <Time at={cause.notBefore} form="utc" /> and <Time at={cause.notAfter} form="utc" />
      </p>
      {cause.evidence.length === 0 ? null : (
        <ol className="stack">
          {cause.evidence.map(({ at, source, says: text }, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: one record after the other
            <li key={i}>
              <Time at={at} form="utc" /> <Badge mark={false}>{source}</Badge>{' '}
              {source === 'change' ? <bdi>{text}</bdi> : <Foreign text={text} from={target} />}
            </li>
          ))}
        </ol>
      )}
      <p className="quiet small">
        {cause.trails.length === 0
          ? 'No trail was read.'
          : cause.trails.map(({ trail, status }) => `${trail} ${status}`).join(' · ')}
      </p>
      {next === undefined ? null : <p className="small">{next}</p>}
    </Panel>
  );
}

const RELATIONS: Readonly<Record<string, string>> = {
  same: 'the same thing',
  tied: 'tied to it',
  named: 'names it',
  kind: 'of its kind',
  other: 'at that time',
};

function ChangedThen({ explained }: { readonly explained: Explained }): ReactNode {
  const { changedThen, moreChanged, finding } = explained;
  return (
    <Panel title="What else changed then" aside={changedThen.length}>
      {changedThen.length === 0 ? (
        <Empty title="Nothing else was seen to change">
          Looks before and after it agree on everything but this.
        </Empty>
      ) : (
        <ul className="stack">
          {changedThen.map(({ entity, attribute, relation, seenAt, before, after }) => (
            <li key={`${entity} ${attribute} ${seenAt}`}>
              <div className="row">
                <bdi>{entity}</bdi>
                <bdi className="quiet">{attribute}</bdi>
                <Badge mark={false}>{RELATIONS[relation] ?? relation}</Badge>
                <Time at={seenAt} form="relative" />
              </div>
              <div className="row small">
                <Value value={before} from={finding.target} /> <span aria-label="became">→</span>{' '}
                <Value value={after} from={finding.target} />
              </div>
            </li>
          ))}
        </ul>
      )}
      {moreChanged ? (
        <p className="quiet small">More changed at that time than is shown here.</p>
      ) : null}
    </Panel>
  );
}

function History({
  explained: { history, finding },
}: {
  readonly explained: Explained;
}): ReactNode {
  return (
    <Panel title="This fact over time">
      {history.length === 0 ? (
        <p className="quiet">Nothing is on record of it.</p>
      ) : (
        <ol className="stack">
          {history.toReversed().map(({ value, validFrom, validTo, source }) => (
            <li key={`${validFrom} ${source}`}>
              <Value value={value} from={finding.target} />
              <div className="quiet small">
                <Time at={validFrom} form="utc" />{' '}
                {validTo === null ? (
                  'until now'
                ) : (
                  <>
                    to <Time at={validTo} form="utc" />
                  </>
                )}
              </div>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
