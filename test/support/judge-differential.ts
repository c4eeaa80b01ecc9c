/** Holds the host's judge to the server's: the same argv, the same verdict, the same normal form. */
import assert from 'node:assert/strict';
import { buildJudge, compileGrammar, tokenize } from '#commands';
import { shippedEntries, someSurroundings } from '#samples/commands';
import { ArgvGenerator } from './argv-generator.ts';
import { percent } from './host-rig.ts';
import { ReaderRig, type ReaderTools } from './reader-rig.ts';

/** How many were looked at, and how many of them read. */
export function compareJudges(
  count: number,
  seed: number,
  tools?: ReaderTools,
): { readonly read: number } {
  const entries = shippedEntries();
  const surroundings = someSurroundings();
  const judge = buildJudge(entries, surroundings);
  using rig = new ReaderRig(compileGrammar(judge, surroundings, 1), tools);
  const split = (line: string): readonly string[] | null => {
    const tokens = tokenize(line);
    return 'argv' in tokens ? tokens.argv : null;
  };
  const generator = new ArgvGenerator(entries, split, seed);
  let read = 0;
  for (let left = count; left > 0; left -= 10_000) {
    const argvs = Array.from({ length: Math.min(left, 10_000) }, () => generator.next());
    const lines = argvs.map((argv) => argv.map(percent).join(' '));
    const said = rig.judge(`${lines.join('\n')}\n`).split('\n');
    assert.equal(said.length, argvs.length + 1);
    for (const [i, argv] of argvs.entries()) {
      const { class: of, normalForm } = judge.judge(argv);
      const ours =
        of === 'read' && normalForm !== null
          ? `read ${normalForm.map(percent).join(' ')}`
          : 'refused';
      const theirs = said[i] ?? '';
      if (ours !== 'refused') read += 1;
      assert.equal(
        ours === 'refused' ? theirs.split(' ', 1)[0] : theirs,
        ours,
        `seed ${seed}: ${JSON.stringify(argv)}: ${theirs}`,
      );
    }
  }
  return { read };
}
