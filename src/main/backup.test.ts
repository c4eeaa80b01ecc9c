import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { nodeFiles } from '#machine';
import { throwsFault } from '#test/throws-fault';
import { type BackupJob, backUp } from './backup.ts';
import { copyContents, MANIFEST, mustBeBackup } from './backup-contents.ts';
import { pathsOf } from './data-directory.ts';

const root = mkdtempSync(join(tmpdir(), 'backup-test-'));
after(() => rmSync(root, { recursive: true, force: true }));

describe('a backup', () => {
  it('is refused inside what it copies, also through a link', async () => {
    const paths = pathsOf(join(root, 'home'));
    await nodeFiles().makeDirectory(paths.log);
    symlinkSync(paths.log, join(root, 'link'));
    const to = (path: string): Promise<unknown> =>
      backUp({ files: nodeFiles(), paths, path } as BackupJob);
    for (const path of [join(paths.log, 'x'), paths.home, join(root, 'link', 'x'), 'relative'])
      await throwsFault(() => to(path), 'backup-inside');
  });

  it('has which hosts were signed for and the keys that open them, and nothing that only waits', async () => {
    const paths = pathsOf(join(root, 'fleet'));
    const copy = pathsOf(join(root, 'copy'));
    for (const folder of ['records', 'pending'])
      mkdirSync(join(paths.enrolment, folder), { recursive: true });
    mkdirSync(join(paths.keys, 'ssh'), { recursive: true });
    mkdirSync(paths.log, { recursive: true });
    for (const path of [
      join(paths.enrolment, 'records', '000001.json'),
      join(paths.enrolment, 'pending', 'a.json'),
      join(paths.enrolment, 'prepared.json'),
      join(paths.keys, 'ssh', 'reader'),
    ])
      writeFileSync(path, 'x');
    await copyContents(nodeFiles(), paths, copy);
    assert.deepEqual(
      readdirSync(copy.enrolment, { recursive: true })
        .map(String)
        .toSorted((a, b) => (a < b ? -1 : 1)),
      ['records', join('records', '000001.json')],
    );
    assert.ok(existsSync(join(copy.keys, 'ssh', 'reader')));
    writeFileSync(join(copy.home, MANIFEST), '{"madeBy":"0.1.0","madeAt":"now"}\n');
    await mustBeBackup(nodeFiles(), copy.home, 'copy');
    mkdirSync(join(copy.enrolment, 'pending'));
    await throwsFault(() => mustBeBackup(nodeFiles(), copy.home, 'copy'), 'not-a-backup');
  });
});
