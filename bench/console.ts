/** Rows H1 to H4: what the console asks about a whole fleet, through the kernel: policy, event and answer included. */
import { join } from 'node:path';
import { formatInstant, type Instant } from '#base/time';
import { parseInventory } from '#inventory';
import { nodeFiles } from '#machine';
import { openSqliteStore } from '#store';
import { aWorld, OPERATOR, type TestWorld } from '#test/world';
import { fillFleet, fleetYaml } from './console-fleet.ts';
import { FleetQuery } from './floors/fleet-query.ts';
import { inTurn, median, mustHold, nowMs, percentile } from './measure.ts';
import { alone, paired, type Row } from './row.ts';
import type { Setting } from './sizes.ts';

const HOUR = 3_600_000_000;
const UNTIL = 1_795_000_000_000_000 as Instant;
const NOW = (UNTIL + HOUR / 2) as Instant;
const PAGE = 100;
const STEPS = 40;

export async function consoleRows({ sizes, directory, wants, say }: Setting): Promise<Row[]> {
  const { fleetHosts: hosts, fleetRounds: rounds } = sizes;
  say(`console: ${hosts} hosts x 100 facts x ${rounds} rounds`);
  const path = join(directory, 'console.sqlite');
  await using store = await openSqliteStore({ path, files: nodeFiles() });
  await fillFleet(store, { hosts, rounds, until: UNTIL });
  const inventory = parseInventory(fleetYaml(hosts), 'fleet.yaml');
  const clock = { now: () => NOW, monotonicMs: nowMs, sleep: async () => {} };
  const world = await aWorld({ store, inventory: async () => inventory, clock });
  const floor = new FleetQuery(path);
  let step = 0;
  /** Another moment each time, so that nothing is remembered of it. */
  const moment = (): Instant => {
    step += 1;
    return (UNTIL - (step % (rounds * 3)) * (HOUR / 3) - step) as Instant;
  };
  try {
    const rows: Row[] = [];
    const told = { unit: 'ms' } as const;
    if (wants('H1')) {
      const pair = await inTurn(
        sizes.rounds,
        async () => {
          const [ms, page] = await asked(world, 'fleet_list', {
            asOf: formatInstant(moment()),
            limit: PAGE,
          });
          mustHold(page['total'] === hosts, 'every host is in the fleet');
          return ms;
        },
        () => {
          const began = nowMs();
          const { text, targets } = floor.page(moment(), PAGE);
          const ms = nowMs() - began;
          mustHold(text.length > 0 && targets <= hosts, 'the floor finds the hosts');
          return ms;
        },
      );
      rows.push(
        paired(
          {
            id: 'H1',
            what: `first page of a fleet of ${hosts}, at a moment not asked before`,
            ...told,
            beside: 'the bare query and JSON.stringify',
            must: { atMost: 3 },
            aim: { atMost: 1.5 },
          },
          pair,
        ),
      );
      const again: number[] = [];
      for (let i = 0; i < STEPS; i += 1)
        again.push((await asked(world, 'fleet_list', { limit: PAGE }))[0]);
      rows.push(alone({ id: 'H1', what: 'the same again, of now, p50', ...told }, median(again)));
    }
    if (wants('H2')) {
      const steps: number[] = [];
      const counted: number[] = [];
      // As the console asks: the rows of each step, and counts where it rests. The bars behind the slider stay.
      for (let i = 0; i < STEPS; i += 1) {
        const asOf = formatInstant(moment());
        const rows = { asOf, limit: PAGE, counts: false };
        steps.push((await asked(world, 'fleet_list', rows))[0]);
        counted.push((await asked(world, 'fleet_list', { asOf, limit: 1 }))[0]);
      }
      const bars: number[] = [];
      for (let i = 0; i < STEPS; i += 1)
        bars.push(
          (
            await asked(world, 'fleet_changes', {
              from: formatInstant((UNTIL - 24 * HOUR) as Instant),
            })
          )[0],
        );
      const what = `a step of the time slider, ${hosts} hosts, at the service`;
      rows.push(alone({ id: 'H2', what: `${what}, p50`, ...told }, median(steps)));
      rows.push(
        alone(
          { id: 'H2', what: `${what}, p95`, ...told, must: { atMost: 200 } },
          percentile(steps, 0.95),
        ),
      );
      const rest = 'the counts, once it rests there';
      rows.push(alone({ id: 'H2', what: `${rest}, p50`, ...told }, median(counted)));
      rows.push(alone({ id: 'H2', what: `${rest}, p95`, ...told }, percentile(counted, 0.95)));
      rows.push(
        alone(
          { id: 'H2', what: 'the bars behind it, a day, both clocks, p50', ...told },
          median(bars),
        ),
      );
    }
    if (wants('H3')) {
      const overviews: number[] = [];
      for (let i = 0; i < STEPS; i += 1)
        overviews.push((await asked(world, 'fleet_overview', {}))[0]);
      rows.push(alone({ id: 'H3', what: 'overview of now, p50', ...told }, median(overviews)));
    }
    if (wants('H4')) {
      const maps: number[] = [];
      for (let i = 0; i < sizes.rounds * 2; i += 1)
        maps.push((await asked(world, 'fleet_map', { asOf: formatInstant(moment()) }))[0]);
      rows.push(
        alone({ id: 'H4', what: 'map at a moment not asked before, p50', ...told }, median(maps)),
      );
    }
    return rows;
  } finally {
    floor.close();
  }
}

async function asked(
  world: TestWorld,
  operation: string,
  input: object,
): Promise<readonly [number, Readonly<Record<string, unknown>>]> {
  const began = nowMs();
  const { value } = await world.ask(operation, input, {
    caller: { ...OPERATOR, surface: 'console' },
  });
  JSON.stringify(value);
  return [nowMs() - began, value as Readonly<Record<string, unknown>>];
}
