import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { nodeFiles } from '#machine';
import { throwsFault } from '#test/throws-fault';
import { type BackupJob, backUp } from './backup.ts';
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
});
