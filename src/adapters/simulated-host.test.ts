/** The simulated host keeps what every adapter owes, and fails in the ways that it is told to. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { receiptDocument } from '#authority';
import { NOON } from '#samples/authority';
import { type ProgramCall, type ProgramEnd, SimulatedHost } from '#test/simulated-host';
import { throwsFault } from '#test/throws-fault';
import { adapterContract, Hands } from './adapter.contract.ts';

function program({ argv, stdin, part }: ProgramCall): ProgramEnd {
  if (argv[0] === 'cat') return { stdout: stdin ?? '' };
  if (argv[0] === 'false') return { status: 1 };
  if (argv[0] !== 'sleep') return {};
  return Number(argv[1]) > part.timeout ? { result: 'timeout', status: 15 } : { hangs: true };
}

const open = (): Promise<{
  host: SimulatedHost;
  now: () => number;
  runAs: string;
  dispose(): Promise<void>;
}> =>
  Promise.resolve({
    host: new SimulatedHost({ now: () => NOON, program }),
    now: () => NOON,
    runAs: 'root',
    dispose: () => Promise.resolve(),
  });

adapterContract('the simulated host', open);

describe('the simulated host', () => {
  const cases = [
    ['request-lost', 'unknown', 'unspent', 0],
    ['answer-lost', 'unknown', 'exited', 1],
    ['answers-late', 'unknown', 'running', 1],
    ['dies-before', 'unknown', 'not-started', 0],
    ['dies-after', 'unknown', 'unknown', 1],
    ['is-stopped', 'ran', 'stopped', 1],
  ] as const;
  for (const [fault, verdict, state, started] of cases) {
    it(`can fail as ${fault}, and says afterwards what became of it`, async () => {
      const opened = await open();
      const hands = new Hands(opened);
      await opened.host.config(hands.config());
      opened.host.fail(fault);
      const dispatch = await hands.dispatch({ argv: ['true'] });
      assert.equal((await opened.host.run(dispatch)).verdict, verdict);
      assert.equal(opened.host.started.length, started);
      const job = await opened.host.job(dispatch.nonce);
      const became =
        job.state === 'ended' ? receiptDocument.parse(job.ended.receipt.text).result : job.state;
      assert.equal(became, state);
      opened.host.settle(dispatch.nonce);
      const late = await opened.host.job(dispatch.nonce);
      assert.equal(late.state, fault === 'request-lost' ? 'unspent' : 'ended');
    });
  }

  it('can be out of reach', async () => {
    const opened = await open();
    const hands = new Hands(opened);
    await opened.host.config(hands.config());
    opened.host.fail('unreachable');
    const dispatch = await hands.dispatch({ argv: ['true'] });
    await throwsFault(() => opened.host.run(dispatch), 'host-unavailable');
  });
});
