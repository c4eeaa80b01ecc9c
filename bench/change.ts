/**
 * Row G2: a change proposed by an assistant to the real program over stdio, its store and its log on a
 * disk, this machine looked at first; beside the one thing it cannot do without, a record that is durable.
 */
import { join } from 'node:path';
import { aChangeHome, TARGET } from '#test/change-home';
import { DurableFile } from './floors/durable.ts';
import { inTurn, mustHold, nowMs, pairOf, percentile } from './measure.ts';
import { paired, type Row } from './row.ts';
import type { Setting } from './sizes.ts';
import { ERAS, HOLDFAST, stdio } from './surfaces.ts';

/** Of a round: each looks at the whole machine first, and a session may have no more than a few waiting. */
const MOST_CALLS = 12;

const catalogue = (scratch: string, account: string): string => `version: 1
actions:
  - id: mark.add
    version: 1
    summary: Makes a mark
    family: mark
    capability: actions.change
    tier: T2
    sideEffect: state
    hostTypes: [linux]
    cooldownSeconds: 0
    arguments:
      name: { type: name, summary: Which one }
    steps:
      - run: [mkdir, --, "${scratch}/{name}"]
        effect: Marks {name}
        runAs: ${account}
        inverse: { run: [rmdir, --, "${scratch}/{name}"], effect: Takes it away }
    verify:
      probes:
        - run: [test, -d, "${scratch}/{name}"]
`;

export async function changeRows({ sizes, directory, say }: Setting): Promise<Row[]> {
  const each = Math.min(MOST_CALLS, sizes.calls);
  say(`change: ${sizes.rounds} rounds of ${each} proposals over stdio`);
  using home = await aChangeHome({ catalogue, under: directory });
  const file = new DurableFile(join(directory, 'change.floor'));
  const p99: { ours: number[]; floor: number[] } = { ours: [], floor: [] };
  const p50 = await inTurn(
    sizes.rounds,
    async (round) => {
      await using ours = await stdio([HOLDFAST, '--home', home.path, 'mcp'], ERAS[0]);
      const times: number[] = [];
      for (let n = 0; n <= each; n += 1) {
        const began = nowMs();
        const { structuredContent } = await ours.client.callTool({
          name: 'run_action',
          arguments: {
            action: 'mark.add',
            targets: [TARGET],
            args: { name: 'one' },
            reason: 'what it costs',
          },
        });
        const ms = nowMs() - began;
        const { state } = (structuredContent ?? {}) as { readonly state?: string };
        mustHold(state === 'previewed', `a proposal waits for its approval, and is not ${state}`);
        // The first reads what is in force.
        if (n > 0) times.push(ms);
      }
      if (round >= 0) p99.ours.push(percentile(times, 0.99));
      return percentile(times, 0.5);
    },
    (round) => {
      const times: number[] = [];
      for (let n = 0; n < 10 * each; n += 1) {
        const began = nowMs();
        file.appendAlone();
        times.push(nowMs() - began);
      }
      if (round >= 0) p99.floor.push(percentile(times, 0.99));
      return percentile(times, 0.5);
    },
  );
  file.close();
  const told = { id: 'G2', beside: 'one fdatasync', unit: 'ms' };
  return [
    paired({ ...told, what: 'run_action over stdio, looks included, p50' }, p50),
    paired(
      { ...told, what: 'run_action over stdio, looks included, p99' },
      pairOf(p99.ours, p99.floor),
    ),
  ];
}
