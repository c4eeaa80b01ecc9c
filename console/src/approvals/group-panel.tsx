/** Equal requests: the same action with the same arguments. One look, and one signature for those that are chosen. */
import { Link, useRouter } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { ask, asProblem, type Problem, useMay } from '../api/index.ts';
import { type ChangeView, who } from '../change/shapes.ts';
import { Visible } from '../kit/foreign.tsx';
import {
  Badge,
  Button,
  Check,
  ErrorPanel,
  Foreign,
  Icon,
  LinkButton,
  Panel,
  span,
  TierBadge,
  Time,
  useNow,
} from '../kit/index.ts';
import { Who } from '../parts/who.tsx';
import { Offer } from './offer.tsx';
import type { Group, Request } from './shapes.ts';

export function GroupPanel({ group }: { readonly group: Group }): ReactNode {
  const { action, tier, changes, equalApproved, offer } = group;
  // What comes later is chosen as well, unless it was taken out by hand.
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [problem, setProblem] = useState<Problem>();
  const [isGoing, setGoing] = useState(false);
  const router = useRouter();
  const mayDecide = useMay('changes.decide');
  const isMany = changes.length > 1;
  const chosen = changes.filter(({ changeId }) => !left.has(changeId));
  const targets = chosen.flatMap((each) => each.targets).length;

  const review = async (): Promise<void> => {
    const [first] = chosen;
    if (first === undefined) return;
    setProblem(undefined);
    setGoing(true);
    try {
      const id =
        chosen.length === 1
          ? first.changeId
          : (
              await ask<ChangeView>('changes_regroup', {
                changeIds: chosen.map(({ changeId }) => changeId),
              })
            ).changeId;
      await router.navigate({ to: '/changes/$id', params: { id } as never });
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setGoing(false);
    }
  };
  const choose = (changeId: string, isChosen: boolean): void => {
    const next = new Set(left);
    if (isChosen) next.delete(changeId);
    else next.add(changeId);
    setLeft(next);
  };

  return (
    <Panel
      title={action}
      label={`${action}: ${changes.flatMap((each) => each.targets).join(', ')}`}
      aside={
        <span className="row">
          <TierBadge tier={tier} long />
          {isMany ? <span>{changes.length} equal requests</span> : null}
          {equalApproved > 0 ? <span>approved by hand {equalApproved}× in 30 days</span> : null}
        </span>
      }
      flush
    >
      <Arguments given={group.arguments} />
      <ul className="requests" aria-label={`Requests for ${action}`}>
        {changes.map((request) => (
          <RequestRow
            key={request.changeId}
            request={request}
            choose={
              isMany && mayDecide
                ? {
                    isChosen: !left.has(request.changeId),
                    set: (is) => choose(request.changeId, is),
                  }
                : null
            }
          />
        ))}
      </ul>
      {problem === undefined ? null : (
        <div className="group-foot">
          <ErrorPanel error={problem} />
        </div>
      )}
      <div className="group-foot row">
        {isMany && mayDecide ? (
          <>
            <Button
              look="primary"
              isPending={isGoing}
              isDisabled={chosen.length === 0}
              onPress={() => void review()}
            >
              Review {chosen.length === changes.length ? 'all' : chosen.length} for one signature
            </Button>
            <span className="quiet">
              {chosen.length === 0
                ? 'None is chosen.'
                : `${targets} ${targets === 1 ? 'target' : 'targets'}. What is left out goes on waiting.`}
            </span>
          </>
        ) : (
          <LinkButton
            to="/changes/$id"
            params={{ id: changes[0]?.changeId ?? '' } as never}
            look={mayDecide ? 'primary' : 'plain'}
          >
            {mayDecide ? 'Review and decide' : 'Look at it'}
          </LinkButton>
        )}
      </div>
      {offer === null || !mayDecide ? null : <Offer terms={offer} equalApproved={equalApproved} />}
    </Panel>
  );
}

function Arguments({ given }: { readonly given: Group['arguments'] }): ReactNode {
  const entries = Object.entries(given);
  if (entries.length === 0) return null;
  return (
    <dl className="arguments">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <code>
              <Visible text={typeof value === 'string' ? value : JSON.stringify(value)} />
            </code>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function RequestRow({
  request,
  choose,
}: {
  readonly request: Request;
  readonly choose: { readonly isChosen: boolean; readonly set: (is: boolean) => void } | null;
}): ReactNode {
  const { changeId, targets, reason, requestedBy, onBehalfOf, createdAt, decideBy } = request;
  const named = targets.join(', ');
  return (
    <li className="request" data-left={choose?.isChosen === false || undefined}>
      {choose === null ? null : (
        <Check label={`Include ${named}`} checked={choose.isChosen} onChange={choose.set} />
      )}
      <div className="request-what">
        <p className="row">
          <Link to="/changes/$id" params={{ id: changeId } as never}>
            <bdi>{targets.length > 3 ? `${targets.length} targets` : named}</bdi>
          </Link>
          {request.tainted ? (
            <Badge tone="foreign" title="Whoever asked had read text from hosts before">
              tainted
            </Badge>
          ) : null}
          {request.signedBy.length > 0 ? (
            <Badge tone="info">signed by {request.signedBy.join(', ')}</Badge>
          ) : null}
        </p>
        <p>
          <Foreign text={reason} from={who(requestedBy)} />
        </p>
        <p className="quiet small">
          <Who principal={requestedBy} onBehalfOf={onBehalfOf} />,{' '}
          <Time at={createdAt} form="relative" />
        </p>
      </div>
      <Countdown until={decideBy} />
    </li>
  );
}

const HOUR_MS = 3_600_000;

function Countdown({ until }: { readonly until: string | null }): ReactNode {
  const now = useNow();
  if (until === null) return null;
  const left = Date.parse(until) - now;
  return (
    <span className="countdown number small" data-short={left < HOUR_MS || undefined}>
      <Icon name="clock" />
      {left <= 0 ? 'over' : span(left, left < HOUR_MS ? 2 : 1)}
      <span className="hidden-visually"> left to decide</span>
    </span>
  );
}
