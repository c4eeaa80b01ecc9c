import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Log } from '#evidence';
import { anEvent } from '#samples/evidence';
import { openMemoryStore } from '#store';
import { SimulatedDisk } from '#test/simulated-files';
import { openTestLog } from '#test/simulated-log';
import { settleUnfinished } from './settle.ts';

const lost = (id: string): Parameters<Log['append']>[0] =>
  anEvent({
    kind: 'operation',
    requestId: `req_${id}`,
    outcome: 'done',
    more: { observations: [[id, 'digest']] },
  });

const started = anEvent({ kind: 'service.started' });

async function settled(log: Log): Promise<readonly string[]> {
  await settleUnfinished(openMemoryStore(), log);
  const events = await log.read({}, 1_000);
  return events.filter(({ kind }) => kind === 'operation.undone').map(({ requestId }) => requestId);
}

async function logOf(...events: Parameters<Log['append']>[0][]): Promise<Log> {
  const { log } = await openTestLog(new SimulatedDisk(4).start());
  for (const event of events) await log.append(event).durable;
  return log;
}

describe('an operation on record whose transaction never committed', () => {
  it('gets an event that says so at the next start, and only one', async () => {
    const log = await logOf(lost('a'), started);
    assert.deepEqual(await settled(log), ['req_a']);
    await log.append(started).durable;
    assert.deepEqual(await settled(log), ['req_a']);
  });

  it('gets it also when the starts after it died before they could say so', async () => {
    assert.deepEqual(await settled(await logOf(lost('a'), started, started, started)), ['req_a']);
  });

  it('is not looked for beyond a start that went on to answer calls', async () => {
    const log = await logOf(lost('old'), started, lost('new'), started);
    assert.deepEqual(await settled(log), ['req_new']);
  });
});
