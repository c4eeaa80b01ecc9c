/** The change road, put together: every way in, and nothing else that could be called. */
import type { JsonObject } from '#base/json';
import { LIMITS } from '#base/limits';
import { clean } from '#redaction';
import { TAINT_EXCERPT_BYTES } from '#store';
import { approvalPage, approve } from './approve.ts';
import { runCommand } from './command.ts';
import { move, type Road } from './context.ts';
import { endWaiting } from './end-waiting.ts';
import { type EventKind, plainEvent, record } from './events.ts';
import { addStanding, revokeStanding, standingPage, standings } from './give-standing.ts';
import { inbox } from './inbox.ts';
import { requireOperator } from './operator.ts';
import type { RoadPorts } from './ports.ts';
import { propose } from './propose.ts';
import type {
  Approval,
  ApprovalPage,
  ChangeRoad,
  ChangeView,
  CommandAnswer,
  CommandAsked,
  InboxGroup,
  Proposal,
  Requester,
  Seeing,
  StandingPage,
  StandingTerms,
  StandingView,
  StopSubject,
  StopView,
  UndoLook,
} from './protocol.ts';
import { knownOf, mustKnow, scopeOf, unknownChange, visible } from './record.ts';
import { refuse } from './refuse.ts';
import { viewNow } from './refuse-change.ts';
import { regroup } from './regroup.ts';
import { resume, tick } from './resume.ts';
import { pauseRollout } from './rollout-moves.ts';
import { endRollout, resumeRollout } from './run-rollout.ts';
import { endCovered, type Lifting, lift, liftPage, trip } from './stop.ts';
import { Stops } from './stops.ts';
import { undo, undoLook } from './undo.ts';
import { said, viewOf } from './view.ts';

/** Call `resume` before anything else is asked of it. */
export function openChangeRoad(ports: RoadPorts): ChangeRoad {
  return new OneRoad({
    ...ports,
    stops: new Stops(ports.files, ports.home),
    running: new Map(),
    background: new Set(),
    ending: new AbortController(),
    revoked: new Set(),
    sent: new Set(),
  });
}

class OneRoad implements ChangeRoad {
  readonly #road: Road;
  readonly #lifting: Lifting = new Map();
  readonly #working = new Set<Promise<unknown>>();

  constructor(road: Road) {
    this.#road = road;
  }

  propose(requester: Requester, proposal: Proposal): Promise<ChangeView> {
    return this.#track(propose(this.#road, requester, proposal));
  }

  command(requester: Requester, asked: CommandAsked): Promise<CommandAnswer> {
    return this.#track(runCommand(this.#road, requester, asked));
  }

  get(requester: Seeing, changeId: string): ChangeView {
    const { changes } = this.#road.store;
    const row = changes.change(changeId);
    if (!visible(row, requester)) throw unknownChange(changeId);
    return viewOf(knownOf(changes, row));
  }

  list(
    { scopes, targets = [] }: Seeing,
    filter: Parameters<ChangeRoad['list']>[1],
    limit: number,
    before?: string,
  ): ReturnType<ChangeRoad['list']> {
    const { changes } = this.#road.store;
    const states =
      filter.state !== undefined
        ? [filter.state]
        : filter.pending === true
          ? (['previewed', 'executing'] as const)
          : undefined;
    const page = changes.list(
      {
        scopes,
        seen: targets,
        ...(states === undefined ? {} : { states }),
        ...(filter.target === undefined ? {} : { target: filter.target }),
      },
      Math.min(limit, LIMITS.queryMax),
      before,
    );
    const views = page.changes.map((row) => viewOf(knownOf(changes, row)));
    // Of what runs, only what is paused waits for a person.
    const waits = ({ state, rollout }: ChangeView): boolean =>
      state === 'previewed' || (rollout?.paused ?? null) !== null;
    return { changes: filter.pending === true ? views.filter(waits) : views, next: page.next };
  }

  inbox(requester: Requester): readonly InboxGroup[] {
    return inbox(this.#road, requester);
  }

  regroup(requester: Requester, changeIds: readonly string[]): Promise<ChangeView> {
    return this.#track(regroup(this.#road, requester, changeIds));
  }

  approvalPage(requester: Requester, changeId: string): Promise<ApprovalPage> {
    return approvalPage(this.#road, requester, changeId);
  }

  approve(requester: Requester, approval: Approval): Promise<ChangeView> {
    return this.#track(approve(this.#road, requester, approval));
  }

  async reject(requester: Requester, changeId: string, reason: string): Promise<ChangeView> {
    requireOperator(requester);
    return this.#end(
      requester,
      changeId,
      'refused',
      'change.rejected',
      'rejected by an operator',
      reason,
    );
  }

  /** Whoever asked takes it back; an operator takes back anyone's. */
  async cancel(requester: Requester, changeId: string, reason: string): Promise<ChangeView> {
    const row = this.#road.store.changes.change(changeId);
    if (!visible(row, requester)) throw unknownChange(changeId);
    const isOwn = row.principal === requester.principal && row.session === requester.session;
    if (!isOwn && requester.kind !== 'operator') {
      refuse('not-permitted', 'only whoever proposed it, or an operator, takes it back');
    }
    return this.#end(requester, changeId, 'cancelled', 'change.cancelled', 'taken back', reason);
  }

  async close(requester: Requester, changeId: string, reason: string): Promise<ChangeView> {
    requireOperator(requester);
    const row = this.#road.store.changes.change(changeId);
    if (!visible(row, requester)) throw unknownChange(changeId);
    if (row.state !== 'ambiguous') {
      refuse('not-pending', `only an ambiguous change is closed by a person: it is ${row.state}`);
    }
    const { asked, attempts } = mustKnow(this.#road.store.changes, changeId);
    const at = this.#road.clock.now();
    await move(this.#road, {
      row,
      asked,
      to: 'closed',
      actor: requester,
      kind: 'change.closed',
      also: (changes) => {
        for (const { id, endedAt } of attempts) {
          if (endedAt !== null) continue;
          changes.end(id, { at, outcome: 'unknown', detail: { says: 'closed by an operator' } });
        }
      },
      event: { more: { reason: said(reason, 500) } },
    });
    return viewNow(this.#road, changeId);
  }

  async clearFlapping(requester: Requester, target: string, action: string): Promise<void> {
    requireOperator(requester);
    const { clock, events, store } = this.#road;
    await store.write(async ({ changes }) => {
      changes.noteFlap({
        target,
        action,
        marked: false,
        at: clock.now(),
        actor: requester.principal,
      });
      const more: JsonObject = { action: said(action, 200) };
      const scope = scopeOf(requester);
      await record(
        events,
        plainEvent('change.cleared', requester, scope, [said(target, 200)], more),
      );
    });
  }

  undo(
    requester: Requester,
    changeId: string,
    reason: string,
    only?: readonly string[],
  ): Promise<ChangeView> {
    return this.#track(undo(this.#road, requester, changeId, reason, only));
  }

  undoLook(requester: Requester, changeId: string): Promise<UndoLook> {
    return undoLook(this.#road, requester, changeId);
  }

  stop(requester: Requester, subject: StopSubject, reason: string): Promise<StopView> {
    return trip(this.#road, requester, subject, reason);
  }

  stops(): { readonly stops: readonly StopView[]; readonly unreadable: string | null } {
    return { stops: this.#road.stops.list(), unreadable: this.#road.stops.unreadable };
  }

  async liftPage(stopId: string): ReturnType<ChangeRoad['liftPage']> {
    await this.#road.stops.refresh();
    const { organisation } = await this.#road.authority();
    return liftPage(this.#road, organisation, stopId);
  }

  async lift(
    requester: Requester,
    stopId: string,
    order: string,
    signature: string,
  ): Promise<void> {
    await this.#road.stops.refresh();
    await lift(this.#road, this.#lifting, requester, stopId, order, signature);
  }

  standingPage(requester: Requester, terms: StandingTerms): Promise<StandingPage> {
    return standingPage(this.#road, requester, terms);
  }

  addStanding(
    requester: Requester,
    signed: { readonly order: string; readonly signatures: readonly string[] },
  ): Promise<StandingView> {
    return addStanding(this.#road, requester, signed);
  }

  standings(): readonly StandingView[] {
    return standings(this.#road);
  }

  revokeStanding(requester: Requester, id: string, reason: string): Promise<StandingView> {
    return revokeStanding(this.#road, requester, id, reason);
  }

  async addTaint(session: string, operation: string, text: string): Promise<void> {
    const { store, clock } = this.#road;
    const kept = clean(text, { maxChars: TAINT_EXCERPT_BYTES }).text;
    const by = said(operation, 100);
    const newest = store.changes.taint(session)?.excerpts ?? [];
    // On record already, and nothing is ever taken from it: most answers of a session say the same again.
    if (newest.some((one) => one.operation === by && one.text === kept)) return;
    await store.write(({ changes }) =>
      changes.addTaint({ session, at: clock.now(), operation: by, text: kept }),
    );
  }

  taintOf(session: string): ReturnType<ChangeRoad['taintOf']> {
    const taint = this.#road.store.changes.taint(session);
    return taint === undefined ? undefined : { since: taint.since, operations: taint.operations };
  }

  resume(): Promise<void> {
    return this.#track(resume(this.#road));
  }

  tick(): Promise<void> {
    return this.#track(tick(this.#road));
  }

  checkStops(): Promise<void> {
    return this.#track(endCovered(this.#road));
  }

  pauseRollout(requester: Requester, changeId: string, reason: string): Promise<ChangeView> {
    return this.#track(pauseRollout(this.#road, requester, changeId, reason));
  }

  resumeRollout(
    requester: Requester,
    changeId: string,
    reason: string,
    maxFailures: number | null = null,
  ): Promise<ChangeView> {
    return this.#track(resumeRollout(this.#road, requester, changeId, reason, maxFailures));
  }

  endRollout(requester: Requester, changeId: string, reason: string): Promise<ChangeView> {
    return this.#track(endRollout(this.#road, requester, changeId, reason));
  }

  async idle(): Promise<void> {
    this.#road.ending.abort();
    const { background } = this.#road;
    while (this.#working.size + background.size > 0)
      await Promise.allSettled([...this.#working, ...background]);
  }

  async #end(
    requester: Requester,
    changeId: string,
    to: 'refused' | 'cancelled',
    kind: EventKind,
    says: string,
    reason: string,
  ): Promise<ChangeView> {
    await endWaiting(this.#road, requester, [changeId], { to, kind, says, reason });
    return viewNow(this.#road, changeId);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => this.#working.delete(tracked));
    this.#working.add(tracked);
    return tracked;
  }
}
