/**
 * Every action that is shipped keeps its contract: done, done twice, stopped and killed in every
 * step, and taken back. In a lab host through the host wrapper, or, where a lab cannot show it, on a
 * simulated host.
 *
 * HOLDFAST_ACTION=id tries one of them only. HOLDFAST_ACTION_ROUNDS=n tries everything n times, each
 * trial in full: what is killed is killed at other moments each time.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { instant } from '#base/time';
import { type Action, buildCatalogue, nameOf, parseActions, SHIPPED_FILES } from '#catalogue';
import { contractTest, publish, type Report } from '#rehearsal';
import { type Host, labUnavailable } from '#test/lab';
import { chance } from '#test/seed';
import { entered, startHost } from '../lab/hosts.ts';
import { type LabRehearsal, rehearsalHost } from '../lab/rehearsal-host.ts';
import { NOT_IN_THE_LAB, simulationOf } from '../lab/simulations.ts';
import { trialsOf } from '../lab/trials.ts';

/** One for each processor of a small machine. */
const LAB_HOSTS = 2;
const ROUNDS = Number(process.env['HOLDFAST_ACTION_ROUNDS'] ?? 1);
const FOLDER = join(import.meta.dirname, '..', 'src', 'catalogue', 'actions');
const unread: unknown[] = [];
const actions: readonly Action[] = SHIPPED_FILES.flatMap((file) => {
  try {
    return parseActions(readFileSync(join(FOLDER, file), 'utf8'), file, true);
  } catch (trouble) {
    unread.push(trouble);
    return [];
  }
});
const catalogue = buildCatalogue({ actions, runbooks: [] });
const only = process.env['HOLDFAST_ACTION'];
// A diagnosis has no steps of its own to try; test/diagnose.slow.test.ts tries them.
const chosen = actions.filter(
  ({ id, diagnosis }) => diagnosis === undefined && (only === undefined || id === only),
);
const skip = await labUnavailable();

/** These take as long as all the others together: one of them each time. */
const LONG: ReadonlySet<string> = new Set(['file.write', 'tmp.clean']);

/** A sixth of what ships, others each time, so that each change is tried against it in fair time; all for a release. */
function sampled(all: readonly Action[]): readonly Action[] {
  if (only !== undefined || ROUNDS > 1 || process.env['HOLDFAST_ACTIONS'] === 'all') return all;
  const drawn = all
    .map((action) => ({ action, at: chance() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ action }) => action);
  const isLong = ({ id }: Action): boolean => LONG.has(id);
  return [
    ...drawn.filter((action) => !isLong(action)).slice(0, Math.ceil(all.length / 6)),
    ...drawn.filter(isLong).slice(0, 1),
  ];
}

describe('a shipped action, in the lab', { skip, concurrency: LAB_HOSTS }, () => {
  const labs: { readonly host: Host; readonly lab: LabRehearsal }[] = [];
  const made: AsyncDisposable[] = [];
  before(async () => {
    for (let number = 1; number <= LAB_HOSTS; number++) {
      const container = await startHost(`rehearsal-${number}`);
      made.push(container);
      const host = await entered(container);
      const lab = await rehearsalHost(host);
      made.push(lab);
      labs.push({ host, lab });
    }
  });
  after(async () => {
    for (const each of made.toReversed()) await each[Symbol.asyncDispose]();
  });

  for (const action of sampled(chosen.filter(isForTheLab)).toSorted(longestFirst)) {
    it(`${nameOf(action)} keeps its contract`, async (t) => {
      // As many tests run at once as there are hosts.
      const free = labs.pop();
      assert.ok(free !== undefined);
      const { host, lab } = free;
      try {
        for (let round = 1; round <= ROUNDS; round++) {
          const trials = trialsOf(action.id, host).map((trial) => ({
            ...trial,
            isBrief: trial.isBrief === true && ROUNDS === 1,
          }));
          holds(t, await contractTest(action, lab.host, trials, catalogue));
        }
      } finally {
        labs.push(free);
      }
    });
  }
});

describe('a shipped action, simulated', () => {
  for (const action of chosen.filter((each) => !isForTheLab(each))) {
    it(`${nameOf(action)} keeps its contract`, async (t) => {
      if (action.contract === 'lab') t.diagnostic(`SIMULATED ONLY: ${NOT_IN_THE_LAB[action.id]}`);
      const { host, trial } = simulationOf(action.id);
      holds(t, await contractTest(action, host, [trial], catalogue));
    });
  }
});

describe('the shipped actions', () => {
  it('are all read', () => assert.deepEqual(unread, []));
});

function longestFirst(a: Action, b: Action): number {
  return b.steps.length - a.steps.length;
}

function isForTheLab({ id, contract }: Action): boolean {
  return contract === 'lab' && NOT_IN_THE_LAB[id] === undefined;
}

function holds(t: TestContext, report: Report): void {
  for (const { name, held, says } of report.tries) {
    t.diagnostic(`${held ? 'held' : 'BROKEN'}: ${name}: ${says}`);
  }
  assert.deepEqual(
    report.tries.filter(({ held }) => !held),
    [],
  );
  assert.equal(publish(report, instant('2026-01-01T00:00:00Z')).digest, report.digest);
}
