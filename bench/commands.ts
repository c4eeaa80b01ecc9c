/** Rows K1 to K3: what judging a command line costs, honest ones and hostile ones. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildJudge, parseEntries, parsePlaces, SHIPPED_ENTRIES, SHIPPED_PATHS } from '#commands';
import { eachTook, median, mustHold, percentile } from './measure.ts';
import { alone, type Row } from './row.ts';

const DIRECTORY = join(import.meta.dirname, '..', 'src', 'commands');
const TOLD = { unit: 'ms' } as const;

/** Lines that cost as much as a line can: long, deep, many words, much to match. */
const HOSTILE: readonly (readonly string[])[] = [
  ['cat', ...Array<string>(250).fill('/*secret/'.repeat(28))],
  ['grep', 'x', ...Array<string>(200).fill('/a.core.key'.repeat(20))],
  ['ls', `-${'l'.repeat(60_000)}`],
  ['echo', ...Array<string>(255).fill('x'.repeat(250))],
  ['awk', '('.repeat(4_000)],
  ['awk', `{${'if(1)'.repeat(800)}`],
  ['sed', 's/a/b/;'.repeat(580)],
  ['jq', '|.'.repeat(2_000)],
  ['timeout', '5', ...Array<string>(250).fill('timeout')],
];

export function commandRows(): Promise<Row[]> {
  const read = (file: string): string => readFileSync(join(DIRECTORY, file), 'utf8');
  const { paths } = parsePlaces(read(SHIPPED_PATHS), SHIPPED_PATHS, true);
  const entries = SHIPPED_ENTRIES.flatMap((file) =>
    parseEntries(read(join('entries', file)), file, true),
  );
  const judge = buildJudge(entries, { paths, networks: ['10.0.0.0/8'], hosts: ['web-1'] });
  const lines = entries.flatMap(({ forms }) => forms.flatMap(({ examples }) => examples));
  const honest = lines.filter((line) => judge.judgeLine(line).class === 'read');
  mustHold(honest.length > 100, 'examples are read');
  const times = eachTook(honest.length * 30, (i) => {
    judge.judgeLine(honest[i % honest.length] as string);
  }).slice(honest.length * 3);
  const line = HOSTILE.map((argv) => argv.map((word) => `'${word}'`).join(' '));
  const worst = line.map((each) => median(eachTook(9, () => judge.judgeLine(each))));
  return Promise.resolve([
    alone({ ...TOLD, id: 'K1', what: 'judge a command, median' }, median(times)),
    alone(
      { ...TOLD, id: 'K2', what: 'judge a command, p99', must: { atMost: 1 } },
      percentile(times, 0.99),
    ),
    alone(
      { ...TOLD, id: 'K3', what: 'judge a hostile line, the worst', must: { atMost: 10 } },
      Math.max(...worst),
    ),
  ]);
}
