/**
 * Row G1: what the gate costs a change above its own looks at the target: proposed, planned, decided
 * and on record, without a disk (the store in memory, the log's files too, hosts that answer at once).
 * The processor's time is what the goal is about; the clock's also counts whoever else uses the machine.
 */
import { ASSISTANT, aChangeWorld, aProposal } from '#test/change-world';
import { median, mustHold, nowMs, percentile } from './measure.ts';
import { NOWHERE } from './nowhere.ts';
import { alone, type Row } from './row.ts';
import type { Setting } from './sizes.ts';

const WARM = 200;

export async function gateRows({ sizes, say }: Setting): Promise<Row[]> {
  say(`gate: ${sizes.rounds} rounds of ${sizes.gates} proposals`);
  const world = await aChangeWorld({ observes: false, files: NOWHERE });
  const one = async (): Promise<Readonly<Record<Clock, number>>> => {
    const began = nowMs();
    const used = process.cpuUsage();
    const { changeId, state } = await world.road.propose(ASSISTANT, aProposal());
    const { user, system } = process.cpuUsage(used);
    const wall = nowMs() - began;
    mustHold(state === 'previewed', `a proposal waits for its approval, and is not ${state}`);
    // A session may have no more than a few waiting.
    await world.road.cancel(ASSISTANT, changeId, 'the bench has seen it');
    return { wall, cpu: (user + system) / 1_000 };
  };
  for (let n = 0; n < Math.min(WARM, sizes.gates); n += 1) await one();
  const rounds: (readonly Readonly<Record<Clock, number>>[])[] = [];
  for (let round = 0; round < sizes.rounds; round += 1) {
    const took = [];
    for (let n = 0; n < sizes.gates; n += 1) took.push(await one());
    rounds.push(took);
  }
  const at = (clock: Clock, part: number): number =>
    median(
      rounds.map((took) =>
        percentile(
          took.map((each) => each[clock]),
          part,
        ),
      ),
    );
  const row = (what: string, clock: Clock, part: number): Row =>
    alone(
      { id: 'G1', what, unit: 'ms', ...(part === 0.99 ? { must: { atMost: 5 } } : {}) },
      at(clock, part),
    );
  return [
    row('the gate of a change, processor time, median', 'cpu', 0.5),
    row('the gate of a change, processor time, p99', 'cpu', 0.99),
    row('the gate of a change, by the clock, median', 'wall', 0.5),
    row('the gate of a change, by the clock, p99', 'wall', 0.99),
  ];
}

type Clock = 'wall' | 'cpu';
