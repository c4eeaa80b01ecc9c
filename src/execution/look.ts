/**
 * T0: a reading action. It runs at once on the look road, which cannot change anything, and leaves
 * one record. Where that cannot be written the answer is given all the same, and says so.
 */

import { sha256 } from '#base/digest';
import { asFault } from '#base/fault';
import type { Decision } from '#model';
import { clean } from '#redaction';
import type { ChangeRow } from '#store';
import { type Road, stopQuestion } from './context.ts';
import { eventOf, record } from './events.ts';
import { decide, isTainted, questionOf, requireFit } from './gates.ts';
import { planOf } from './make-plan.ts';
import { newChange } from './new-change.ts';
import { lookAt } from './preview.ts';
import type { ChangeView } from './protocol.ts';
import { type Asked, type Detail, detailOf, type Known } from './record.ts';
import { isRefusal, refuse } from './refuse.ts';
import { viewNow } from './refuse-change.ts';
import type { Scene } from './scene.ts';
import { saidOf, viewOf } from './view.ts';

/** Of the whole answer. */
export const OUTPUT_BYTES = 65_536;
const UNRECORDED =
  'the event log or the store cannot be written: this answer is not on record, and nothing that changes anything is accepted';

type Looking = {
  readonly state: 'closed' | 'refused';
  readonly detail: Detail;
  readonly planned: {
    readonly tier: 'T0';
    readonly digest: string;
    readonly decideBy: ChangeRow['createdAt'];
  } | null;
};

export async function runLook(road: Road, asked: Asked, scene: Scene): Promise<ChangeView> {
  const change = newChange(road, asked, scene);
  const looking = await look(road, change.id, asked, scene);
  const { state, detail, planned } = looking;
  const decision = detail.decision;
  try {
    await road.store.write(async ({ changes }) => {
      const row = changes.propose(change, {});
      const closed = changes.advance({
        id: row.id,
        fromRev: row.rev,
        to: state,
        at: road.clock.now(),
        actor: asked.requester.principal,
        detail: detailOf(detail),
        ...(planned === null ? {} : { planned }),
      });
      await record(
        road.events,
        eventOf(
          state === 'closed' ? 'change.outcome' : 'change.refused',
          asked.requester,
          closed,
          asked,
          {
            ...(decision === undefined ? {} : { decision }),
            outcome: state === 'closed' ? 'done' : 'refused',
            fault: state === 'closed' ? null : (decision?.because ?? null),
            more: {
              tier: 'T0',
              state,
              output:
                detail.output === undefined
                  ? null
                  : { sha256: sha256(detail.output), length: Buffer.byteLength(detail.output) },
            },
          },
        ),
      );
    });
    return viewNow(road, change.id);
  } catch (thrown) {
    const { code } = asFault(thrown);
    if (code !== 'log-unwritable' && code !== 'store-unwritable') throw thrown;
    road.log.error('a look was not recorded', thrown, { change: change.id });
    return { ...viewOf(unrecorded(change, looking)), next: UNRECORDED };
  }
}

async function look(road: Road, id: string, asked: Asked, scene: Scene): Promise<Looking> {
  const now = road.clock.now();
  try {
    await road.stops.refresh();
    road.stops.refuseCovered(
      stopQuestion({ targets: scene.targets } as unknown as ChangeRow, asked),
    );
    requireFit(road, scene);
    const tainted = isTainted(road.store.changes, asked);
    const question = questionOf(scene, asked, now, {
      tainted,
      closedArguments: false,
      standing: null,
    });
    const decision = decide(scene, question);
    if (decision.verdict !== 'allow') {
      return {
        state: 'refused',
        detail: { decision: { ...decision, verdict: 'deny' } },
        planned: null,
      };
    }
    const times = { madeAt: now, decideBy: now };
    const made = await planOf(road, scene, id, asked, times, { isTainted: tainted });
    const { plan, digest, read } =
      scene.runnable.diagnosis === undefined
        ? { ...made, read: null }
        : (await import('./diagnose.ts')).diagnosing(scene, made);
    const output = asked.proposal.dryRun
      ? undefined
      : fit(
          read === null
            ? await outputOf(road, scene, plan.steps)
            : await read(road, OUTPUT_BYTES - 1_024),
        );
    return {
      state: 'closed',
      detail: { plan, decision, question, ...(output === undefined ? {} : { output }) },
      planned: { tier: 'T0', digest, decideBy: now },
    };
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    const decision: Decision = {
      verdict: 'deny',
      because: thrown.code,
      says: saidOf(thrown),
      policies: [],
    };
    return { state: 'refused', detail: { decision }, planned: null };
  }
}

async function outputOf(
  road: Road,
  scene: Scene,
  steps: readonly {
    readonly target: string;
    readonly argv: readonly unknown[];
    readonly timeoutSeconds: number;
  }[],
): Promise<string> {
  const texts: string[] = [];
  for (const step of steps) {
    const target = scene.targets.find(({ id }) => id === step.target);
    if (target === undefined || !step.argv.every((word) => typeof word === 'string')) {
      refuse('no-adapter', 'a reading step names a file or a target that is not there');
    }
    const argv = step.argv as readonly string[];
    const looked = await lookAt(road, target, argv, step.timeoutSeconds);
    const said = Buffer.concat([looked.stdout, looked.stderr]);
    const ended = looked.cut
      ? '\n(ended by us: too long or too much)'
      : looked.exit === 0
        ? ''
        : `\n(exit status ${looked.exit ?? 'none'})`;
    const head =
      scene.targets.length > 1 || steps.length > 1 ? `${target.id}: ${argv.join(' ')}\n` : '';
    texts.push(`${clean(head).text}${clean(said, { maxChars: OUTPUT_BYTES / 2 }).text}${ended}`);
  }
  return texts.join('\n');
}

/** At most so many bytes; what is cut off is said. */
function fit(text: string): string {
  let cut = clean(text, { maxChars: OUTPUT_BYTES }).text;
  while (Buffer.byteLength(cut) > OUTPUT_BYTES) {
    cut = clean(text, { maxChars: Math.floor(cut.length * 0.75) }).text;
  }
  return cut;
}

function unrecorded(change: ReturnType<typeof newChange>, looking: Looking): Known {
  const { detail, planned, state } = looking;
  const row: ChangeRow = {
    ...change,
    rev: 1,
    state,
    updatedAt: change.createdAt,
    tier: planned?.tier ?? null,
    digest: planned?.digest ?? null,
    decideBy: planned?.decideBy ?? null,
  };
  return {
    row,
    asked: change.body as unknown as Asked,
    moves: [
      {
        change: change.id,
        rev: 1,
        state,
        at: change.createdAt,
        actor: change.principal,
        detail: detailOf(detail),
      },
    ],
    plan: detail.plan ?? null,
    decision: detail.decision ?? null,
    outcome: null,
    approvals: [],
    attempts: [],
    orders: [],
  };
}
