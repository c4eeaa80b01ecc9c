/** The reader's channel, with the real scripts: what it runs and what it refuses. docs/reading.md, docs/command-grammar.md. */
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { describeReader } from '#test/reader-promises';

describeReader();

describe('the scripts of the reader', () => {
  it('have nothing that shellcheck objects to', (t) => {
    try {
      execFileSync('shellcheck', ['--version'], { stdio: 'ignore' });
    } catch {
      t.skip('shellcheck is not installed');
      return;
    }
    execFileSync('shellcheck', ['-s', 'sh', 'host/read', 'host/read-run.sh'], { stdio: 'pipe' });
  });
});
