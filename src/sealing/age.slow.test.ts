/** What is sealed here is opened by the program age, and the other way round. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { packArchive } from './archive.ts';
import { readOpeningKey, readRecipient } from './keys.ts';
import { aFile, filesOf, pieces, whole } from './samples.ts';
import { openArchive, sealArchive } from './seal.ts';

const hasAge = spawnSync('age', ['--version']).status === 0;
const scratch = mkdtempSync(join(tmpdir(), 'hf-age-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

describe('a sealed archive and the program age', { skip: hasAge ? false : 'no age' }, () => {
  const make = (argv: readonly [string, ...string[]]): void => {
    const [program, ...rest] = argv;
    const { status, stderr } = spawnSync(program, rest, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  };
  const read = (path: string): string => readFileSync(path, 'utf8');
  const files = (): ReturnType<typeof aFile>[] => [
    aFile('fleet.yaml', 'targets: []\n'),
    aFile('keys/log', new Uint8Array(200_000).fill(5)),
  ];

  for (const kind of ['an OpenSSH key', 'a key of age'] as const) {
    it(`go together with ${kind}`, async () => {
      const path = join(scratch, kind.replaceAll(' ', '-'));
      let recipient: string;
      if (kind === 'a key of age') {
        make(['age-keygen', '-o', path]);
        recipient = /age1\w+/.exec(read(path))?.[0] ?? '';
      } else {
        make(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', path]);
        recipient = read(`${path}.pub`).trim();
      }
      const plain = Buffer.from(await whole(packArchive(files())));

      const ours = await whole(sealArchive(files(), [readRecipient(recipient)]));
      const opened = spawnSync('age', ['-d', '-i', path], { input: ours });
      assert.ok(opened.stdout.equals(plain), opened.stderr.toString());

      const theirs = spawnSync('age', ['-r', recipient], { input: plain });
      const key = readOpeningKey(read(path));
      const back = await filesOf(openArchive(pieces(theirs.stdout, 10_000), key));
      assert.deepEqual(
        back.map(({ path, bytes }) => [path, bytes.length]),
        [
          ['fleet.yaml', 12],
          ['keys/log', 200_000],
        ],
      );
    });
  }
});
