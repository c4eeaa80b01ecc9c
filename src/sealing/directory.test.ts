import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { nodeFiles } from '#machine';
import { throwsFault } from '#test/throws-fault';
import { filesBelow, unpackBelow } from './directory.ts';
import { readOpeningKey, readRecipient } from './keys.ts';
import { pieces, whole } from './samples.ts';
import { openArchive, sealArchive } from './seal.ts';

const scratch = mkdtempSync(join(tmpdir(), 'hf-directory-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

describe('a directory', () => {
  const files = nodeFiles();
  const from = join(scratch, 'from');
  const big = new Uint8Array(2_500_000).map((_, at) => at % 251);
  mkdirSync(join(from, 'log-a'), { recursive: true });
  mkdirSync(join(from, 'log', 'deep'), { recursive: true });
  writeFileSync(join(from, 'log', 'deep', 'big'), big);
  writeFileSync(join(from, 'log-a', 'x'), 'x');
  writeFileSync(join(from, 'empty'), '');
  symlinkSync('/etc/passwd', join(from, 'link'));

  it('comes back as it was from a sealed archive, without links', async () => {
    const identity = await generateX25519Identity();
    const recipient = readRecipient(await identityToRecipient(identity));
    const sealed = await whole(sealArchive(filesBelow(files, from), [recipient]));
    const to = join(scratch, 'to');
    const archive = openArchive(pieces(sealed, 100_000), readOpeningKey(identity));
    assert.equal(await unpackBelow(files, to, archive), 3);
    const names = readdirSync(to, { recursive: true }).map(String).sort();
    assert.deepEqual(names, ['empty', 'log', 'log-a', 'log-a/x', 'log/deep', 'log/deep/big']);
    assert.ok(readFileSync(join(to, 'log', 'deep', 'big')).equals(big));
    assert.equal(readFileSync(join(to, 'log-a', 'x'), 'utf8'), 'x');

    const short = openArchive(pieces(sealed.subarray(0, -9), 4096), readOpeningKey(identity));
    await throwsFault(() => unpackBelow(files, join(scratch, 'short'), short), 'seal-broken');
  });

  it('replaces what stands where a file goes, and adds nothing to it', async () => {
    const to = join(scratch, 'again');
    await unpackBelow(files, to, filesBelow(files, from));
    await unpackBelow(files, to, filesBelow(files, from));
    assert.equal(readFileSync(join(to, 'log-a', 'x'), 'utf8'), 'x');
  });
});
