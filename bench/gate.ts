/**
 * Row G1: what the gate costs a change above its own looks at the target: proposed, planned, decided
 * and on record, without a disk (the store in memory, the log's files too, hosts that answer at once).
 */
import { ASSISTANT, aChangeWorld, aProposal } from '#test/change-world';
import { mustHold, nowMs } from './measure.ts';
import { alone, type Row } from './row.ts';
import type { Setting } from './sizes.ts';

const WARM = 50;

export async function gateRows({ sizes, say }: Setting): Promise<Row[]> {
  say(`gate: ${sizes.gates} proposals`);
  const world = await aChangeWorld({ observes: false });
  const took: number[] = [];
  for (let n = 0; n < WARM + sizes.gates; n += 1) {
    const began = nowMs();
    const { state } = await world.road.propose(ASSISTANT, aProposal());
    const ms = nowMs() - began;
    mustHold(state === 'previewed', `a proposal waits for its approval, and is not ${state}`);
    if (n >= WARM) took.push(ms);
  }
  took.sort((a, b) => a - b);
  const at = (share: number): number => took[Math.floor(share * (took.length - 1))] ?? 0;
  return [
    alone({ id: 'G1', what: 'the gate of a change, median', unit: 'ms' }, at(0.5)),
    alone(
      { id: 'G1', what: 'the gate of a change, p99', unit: 'ms', must: { atMost: 5 } },
      at(0.99),
    ),
  ];
}
