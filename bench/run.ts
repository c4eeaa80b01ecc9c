/**
 * `npm run bench`: ours beside the smallest program that does the same physical work, in one run.
 *
 *   run.ts [--only B1,F3] [--quick | --full] [--json] [--list]
 *
 * Prints a table, or JSON with `--json`, and keeps the figures in bench/results/latest.json.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { GROUPS } from './groups.ts';
import { type Row, table } from './row.ts';
import { SIZES } from './sizes.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
const known = GROUPS.flatMap(({ ids }) => ids);
const only = values.only?.split(',').map((id) => id.trim().toUpperCase());
const unknown = only?.filter((id) => !known.includes(id)) ?? [];
if (unknown.length > 0) {
  console.error(`bench: no such row: ${unknown.join(', ')}. Known: ${known.join(', ')}`);
  process.exit(2);
}
if (values.list) {
  for (const { ids, what } of GROUPS) console.log(`${ids.join(', ')}: ${what}`);
  process.exit(0);
}

const size = values.quick ? 'quick' : values.full ? 'full' : 'default';
const began = performance.now();
const rows: Row[] = [];
for (const group of GROUPS) {
  if (only !== undefined && !group.ids.some((id) => only.includes(id))) continue;
  // On a real disk where there is one: in memory a sync costs nothing.
  const directory = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'holdfast-bench-'));
  try {
    const found = await group.run({
      sizes: SIZES[size],
      directory,
      wants: (id) => only === undefined || only.includes(id),
      say: (line) => console.error(line),
    });
    rows.push(...found);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const run = {
  size,
  seconds: Math.round((performance.now() - began) / 1_000),
  machine: {
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: cpus().length,
    load: loadavg().map((load) => Number(load.toFixed(2))),
    node: process.versions.node,
    sqlite: process.versions.sqlite,
    kernel: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
  },
  rows,
};
const results = join(import.meta.dirname, 'results');
mkdirSync(results, { recursive: true });
writeFileSync(join(results, 'latest.json'), `${JSON.stringify(run, null, 1)}\n`);
if (values.json) console.log(JSON.stringify(run));
else {
  console.log(table(rows));
  const missed = rows.filter(({ met }) => met === 'no').length;
  console.log(
    `\n${size}: ${rows.length} figures in ${run.seconds} s on ${run.machine.cpus} cores, load ${run.machine.load[0]}; ${missed} below their goal`,
  );
}
