/** What osquery is asked is what both judges let through, and nothing else of it is. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { OSQUERY_QUERIES } from '#collectors';
import { analyse, compileGrammar } from '#commands';
import { shippedJudge, someSurroundings } from '#samples/commands';

const [first] = OSQUERY_QUERIES;
const QUERY = first?.argv.at(-1) ?? '';
const OTHERS: readonly (readonly [string, ...string[]])[] = [
  ['osqueryi', '--json', 'SELECT url FROM curl'],
  ['osqueryi', '--json', 'SELECT path FROM file'],
  ['osqueryi', '--json', `${QUERY}; SELECT 1`],
  ['osqueryi', '--json', "ATTACH 'x.db' AS x"],
  ['osqueryi', '--json', '--extension', '/tmp/x.ext', QUERY],
  ['osqueryi', '--json', '--flagfile', '/tmp/x', QUERY],
  ['osqueryi', '--json', QUERY, QUERY],
  ['osqueryi', '.all'],
  ['osqueryi'],
];

describe('questions to osquery', () => {
  const judge = shippedJudge();

  it('are looks here, each its own normal form; anything else is not', () => {
    for (const { argv } of OSQUERY_QUERIES) {
      const { verdict, normalForm } = analyse(judge, { argv }, 'assistant');
      assert.equal(verdict, 'allow');
      assert.deepEqual(normalForm, argv);
    }
    for (const argv of OTHERS)
      assert.notEqual(analyse(judge, { argv }, 'operator').verdict, 'allow', argv.join(' '));
  });

  it('are looks on the host, and anything else is refused there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hf-osquery-'));
    try {
      const grammar = join(folder, 'grammar');
      writeFileSync(grammar, compileGrammar(judge, someSurroundings(), 1));
      const all = [...OSQUERY_QUERIES.map(({ argv }) => argv), ...OTHERS];
      const input = all.map((argv) => `${argv.map(encoded).join(' ')}\n`).join('');
      const said = spawnSync('sh', ['host/read', '--judge', grammar], { input, encoding: 'utf8' });
      const verdicts = said.stdout.trimEnd().split('\n');
      assert.equal(verdicts.length, all.length, said.stderr);
      for (const [at, argv] of all.entries()) {
        const wanted = at < OSQUERY_QUERIES.length ? `read ${argv.map(encoded).join(' ')}` : null;
        if (wanted === null) assert.match(verdicts[at] ?? '', /^refused /, argv.join(' '));
        else assert.equal(verdicts[at], wanted);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** As in the host contract: what could part fields or lines stands encoded. */
function encoded(word: string): string {
  return word.replace(/[^\x21-\x24\x26-\x7e]/g, (character) => encodeURIComponent(character));
}
