/** The files of the repository as they would be committed; in an unpacked copy without history, all but what is installed. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';

export function tracked(root: string): string[] {
  const { status, stdout } = spawnSync(
    'git',
    ['-c', `safe.directory=${root}`, '-C', root, 'ls-files', '-z', '-co', '--exclude-standard'],
    { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  const files =
    status === 0
      ? stdout.split('\0').filter((path) => path !== '')
      : globSync(['**', '.ci/**', '.*'], {
          cwd: root,
          exclude: ['node_modules/**', '.git/**', '.cache/**'],
        });
  return files.filter(
    (path) => existsSync(join(root, path)) && statSync(join(root, path)).isFile(),
  );
}
