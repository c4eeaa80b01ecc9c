import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { nodeFiles } from '#machine';
import { throwsFault } from '#test/throws-fault';
import { privateDirectory, privateHome } from './private-directory.ts';

const root = mkdtempSync(join(tmpdir(), 'private-test-'));
after(() => rmSync(root, { recursive: true, force: true }));
const made = (name: string, mode: number): string => {
  mkdirSync(join(root, name));
  chmodSync(join(root, name), mode);
  return join(root, name);
};
const modeOf = (path: string): number => statSync(path).mode & 0o777;
const files = nodeFiles();

describe('the data directory', () => {
  it('is made private, also when an empty one stood there', async () => {
    await privateHome(files, join(root, 'new', 'home'));
    assert.equal(modeOf(join(root, 'new', 'home')), 0o700);
    const empty = made('empty', 0o777);
    await privateHome(files, empty);
    assert.equal(modeOf(empty), 0o700);
  });

  it('is refused when others may have written into it, and left as it is', async () => {
    const open = made('open', 0o777);
    writeFileSync(join(open, 'fleet.yaml'), '');
    await throwsFault(() => privateHome(files, open), 'directory-open');
    assert.equal(modeOf(open), 0o777);
  });

  it("is refused when it is another account's", async (t) => {
    if (process.getuid?.() !== 0) return t.skip('only root can give a directory away');
    const given = made('given', 0o700);
    chownSync(given, 65_534, 65_534);
    const { message } = await throwsFault(() => privateHome(files, given), 'not-your-directory');
    assert.match(message, /sudo -u '#65534'/);
    chmodSync(given, 0o777);
    await throwsFault(() => privateHome(files, given), 'directory-open');
  });

  it('holds directories that nobody else may enter', async () => {
    await privateDirectory(files, join(root, 'keys'));
    await privateDirectory(files, join(root, 'keys'));
    await throwsFault(() => privateDirectory(files, made('group', 0o750)), 'directory-open');
    symlinkSync(made('elsewhere', 0o700), join(root, 'link'));
    await throwsFault(() => privateDirectory(files, join(root, 'link')), 'directory-open');
  });
});
