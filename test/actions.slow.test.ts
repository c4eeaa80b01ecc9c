/**
 * Every action that is shipped keeps its contract: done, done twice, stopped and killed in every
 * step, and taken back. In a lab host through the host wrapper, or, where a lab cannot show it, on a
 * simulated host.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { instant } from '#base/time';
import { type Action, buildCatalogue, nameOf, parseActions, SHIPPED_FILES } from '#catalogue';
import { contractTest, publish, type Report } from '#rehearsal';
import { type Host, labUnavailable } from '#test/lab';
import { startHost } from '../lab/hosts.ts';
import { type LabRehearsal, rehearsalHost } from '../lab/rehearsal-host.ts';
import { NOT_IN_THE_LAB, simulationOf } from '../lab/simulations.ts';
import { trialsOf } from '../lab/trials.ts';

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
const chosen = actions.filter(({ id }) => only === undefined || id === only);
const skip = await labUnavailable();

describe('a shipped action, in the lab', { skip }, () => {
  let host: Host;
  let lab: LabRehearsal;
  before(async () => {
    host = await startHost('rehearsal');
    lab = await rehearsalHost(host);
  });
  after(async () => {
    await lab?.[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
  });

  for (const action of chosen.filter(isForTheLab)) {
    it(`${nameOf(action)} keeps its contract`, async (t) => {
      holds(t, await contractTest(action, lab.host, trialsOf(action.id, host), catalogue));
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
