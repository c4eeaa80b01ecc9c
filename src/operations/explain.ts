import * as z from 'zod/v4';
import { asFault, Fault } from '#base/fault';
import { canonicalJson } from '#base/json';
import { formatInstant, shift } from '#base/time';
import { causeJson } from '#drift';
import { type Cause, DRIFT_SOURCE, type Finding, type Target } from '#model';
import type { FactReader, Moment } from '#store';
import { fitting } from './budget.ts';
import { causeShape } from './cause-shapes.ts';
import { wayShape } from './converge.ts';
import { recordedFindings } from './drift-state.ts';
import { factChanges, tiedTo } from './fact-changes.ts';
import { type Ways, waysOf } from './finding-ways.ts';
import { readMoment } from './moments.ts';
import { type Asking, recording, type TrailsTold } from './operation.ts';
import { recordOne, statement } from './record-with-drift.ts';
import { findingShape, showFinding, showVersion, versionShape } from './shapes.ts';

const MOST_VERSIONS = 20;
const MOST_RELATED = 60;
/** Looks at one kind are not of one moment: what changed then may have been seen a little sooner or later. */
const AROUND_MICROS = 60_000_000;

/** Reads audit trails on the target, judges, and keeps the answer with the finding. Changes nothing there. */
export const explainFinding = recording({
  name: 'explain_finding',
  title: 'Explain a finding',
  summary:
    'Answers who caused a finding: our own changes, or what audit trails of the target say; when it began, and what else changed then.',
  capability: 'drift.read',
  taints: true,
  assistants: true,
  narrows: true,
  input: z.strictObject({
    finding: z.string().min(1).max(64).describe('id, as drift_scan told it'),
  }),
  output: z.object({
    finding: findingShape,
    cause: causeShape,
    history: z.array(versionShape).describe('of that fact, newest last'),
    changedThen: z
      .array(
        z.object({
          entity: z.string(),
          attribute: z.string(),
          relation: z.enum(['same', 'tied', 'named', 'kind', 'other']),
          seenAt: z.string(),
          before: z.unknown().optional(),
          after: z.unknown().optional(),
        }),
      )
      .describe('other facts of the target that changed in that window, nearest first'),
    moreChanged: z.boolean(),
    wayBack: z
      .object({ ways: z.array(wayShape), says: z.string().optional() })
      .describe('actions that would take it back, lowest tier first; says: why there is none'),
    next: z.string().optional(),
  }),
  async prepare(input, { facts, trails, catalogue }, asking) {
    const { finding, target } = locate(input.finding, facts, asking);
    const question = { ...finding, notAfter: finding.firstSeen };
    const { attribute, rankRelated, windowOf } = await import('#attribution');
    const window = windowOf(question);
    const told: TrailsTold =
      finding.kind === 'unknown'
        ? {
            events: [],
            trails: [],
            why: 'it could not be looked at, so nothing is known to have changed',
          }
        : await trails.read(target, window);
    const cause = attribute(question, trails.changes(target, window), told);
    const ways = await catalogue().then(
      (offered) =>
        waysOf({ finding, target }, offered, facts, readMoment({}, asking.now, facts), asking),
      (thrown: unknown): Ways => ({ ways: [], says: asFault(thrown).message }),
    );
    return { finding, target, window, cause, why: told.why, ways, rankRelated };
  },
  run({ finding, target, window, cause, why, ways, rankRelated }, powers, asking) {
    const { facts } = powers;
    if (canonicalJson(causeJson(cause)) !== canonicalJson(causeJson(finding.cause))) {
      const kept = [
        { entity: `finding:${finding.id}`, attribute: 'cause', value: causeJson(cause) },
      ];
      recordOne(statement(target, DRIFT_SOURCE, 'drift', kept, powers, asking), powers);
    }
    const around = { from: window.from, until: shift(window.until, AROUND_MICROS) };
    const { changes, isMore } = factChanges(facts, target, undefined, around, 2_000);
    const related = rankRelated(
      finding.entity,
      changes.filter((one) => one.entity !== finding.entity || one.attribute !== finding.attribute),
      tiedTo(facts, target, finding.entity, finding.firstSeen),
    ).map(({ at, before, after, entity, attribute: name, relation }) => ({
      entity,
      attribute: name,
      relation,
      seenAt: formatInstant(at),
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    }));
    const shown = fitting(related.slice(0, MOST_RELATED), asking.answerBytes / 2);
    return {
      value: {
        finding: showFinding({ ...finding, cause }),
        cause: causeJson(cause) as z.input<typeof causeShape>,
        history: historyOf(facts, finding),
        changedThen: [...shown],
        moreChanged: isMore || shown.length < related.length,
        wayBack: { ...ways, ways: ways.ways.map((way) => ({ ...way })) },
        ...(why === null || !isOpen(cause) ? {} : { next: why }),
      },
      targets: [target.id],
    };
  },
});

/** Reading more could still tell who it was. */
function isOpen({ verdict }: Cause): boolean {
  return verdict === 'unknown';
}

function historyOf(facts: FactReader, finding: Finding): z.input<typeof versionShape>[] {
  const { versions } = facts.history(
    {
      scopes: [finding.scope],
      target: finding.target,
      entity: finding.entity,
      type: 'observed',
      ...(finding.attribute === '*' ? {} : { attribute: finding.attribute }),
    },
    200,
  );
  return versions
    .filter(({ supersededAt }) => supersededAt === null)
    .toSorted((a, b) => a.validFrom - b.validFrom || a.recordedAt - b.recordedAt)
    .slice(-MOST_VERSIONS)
    .map(showVersion);
}

function locate(
  id: string,
  facts: FactReader,
  asking: Asking,
): { readonly finding: Finding; readonly target: Target } {
  const at: Moment = readMoment({}, asking.now, facts);
  const { scopes } = asking;
  const [row] = /^finding_[0-9a-f]{16}$/.test(id)
    ? facts.query(
        {
          scopes,
          entity: `finding:${id}`,
          source: DRIFT_SOURCE,
          type: 'drift',
          attribute: 'entity',
        },
        at,
        1,
      ).facts
    : [];
  const target = row === undefined ? undefined : asking.inventory.byId.get(row.target);
  const finding =
    target === undefined
      ? undefined
      : recordedFindings(facts, target, at).find((one) => one.id === id);
  if (target !== undefined && finding !== undefined && scopes.includes(target.scope))
    return { finding, target };
  throw new Fault(
    'missing',
    'unknown-finding',
    `no such finding: ${JSON.stringify(id.slice(0, 80))}. List them with drift_scan, or holdfast drift`,
  );
}
