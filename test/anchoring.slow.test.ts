/**
 * The log known outside, with the real programs: another Holdfast as witness over HTTP, an RFC 3161
 * authority of openssl, and a file elsewhere. Then the whole log and its keys are written anew, and found out.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { confirmServer, mustOpen } from '#test/change-home';

const ROOT = join(import.meta.dirname, '..');
const HOLDFAST = join(ROOT, 'bin', 'holdfast');

type Verdict = {
  readonly ok: boolean;
  readonly log: {
    readonly anchored: string;
    readonly anchors: readonly { readonly by: string; readonly size: number }[];
    readonly problems: readonly { readonly code: string }[];
  };
};

describe('a log that others know', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'hf-anchor-'));
  const home = join(scratch, 'home');
  const running: ChildProcess[] = [];
  after(() => {
    for (const child of running) child.kill('SIGKILL');
    rmSync(scratch, { recursive: true, force: true });
  });

  const holdfast = (...argv: readonly string[]): string =>
    execFileSync(HOLDFAST, ['--home', home, ...argv], { encoding: 'utf8' });
  const verify = (): Verdict => {
    try {
      return JSON.parse(holdfast('verify', '--json')) as Verdict;
    } catch (thrown) {
      return JSON.parse((thrown as { stdout: string }).stdout) as Verdict;
    }
  };

  it('is anchored by a witness and a file elsewhere, and found out when all of it is written anew', async () => {
    holdfast('init');
    holdfast('observe');
    const statusOf = () =>
      JSON.parse(holdfast('evidence', 'status', '--json')) as {
        log: { key: string };
        next: string;
      };
    const status = statusOf();
    assert.match(status.next, /name a witness/, 'nothing outside knows the log yet');
    writeFileSync(join(scratch, 'logs'), `${status.log.key}\n`);
    const serving = spawn(
      HOLDFAST,
      [
        'witness',
        'serve',
        join(scratch, 'witness'),
        '--name',
        'witness.example/w1',
        '--logs',
        join(scratch, 'logs'),
        '--port',
        '0',
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    running.push(serving);
    const said = await linesOf(serving, 2);
    const url = /http:\S+/.exec(said[0] ?? '')?.[0] ?? '';
    const key = /: (\S+)$/.exec(said[1] ?? '')?.[1] ?? '';
    const anchor = join(scratch, 'elsewhere');
    const settings = [
      'version: 1',
      `anchor: ${anchor}`,
      'witnesses:',
      '  - name: second-site',
      `    url: ${url}`,
      `    key: ${key}`,
      '',
    ].join('\n');
    writeFileSync(join(home, 'evidence.yaml'), settings);
    writeFileSync(
      join(home, 'server.yaml'),
      `version: 1\negress: {allow: ["${new URL(url).host}"]}\n`,
    );
    {
      await using service = await mustOpen(home);
      await confirmServer(service, home);
    }

    // One service run hands its checkpoints over, the last one at its end.
    const service = spawn(HOLDFAST, ['--home', home, 'up', '--no-http'], { stdio: 'ignore' });
    running.push(service);
    for (let tries = 0; tries < 100; tries++) {
      const cosigned = execFileSync('sh', ['-c', `cat '${home}/log/cosigned' 2>/dev/null || true`]);
      if (cosigned.includes('witness.example/w1')) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const ended = new Promise((resolve) => service.once('exit', resolve));
    service.kill('SIGTERM');
    await ended;
    assert.equal(statusOf().next, '');
    const sound = verify();
    assert.equal(sound.ok, true, JSON.stringify(sound.log.problems));
    assert.deepEqual(
      sound.log.anchors.map(({ by }) => by).toSorted(),
      ['anchor file', 'witness'],
      sound.log.anchored,
    );

    // Everything written anew by somebody who holds the machine: new keys, a new history, the old witness settings.
    const other = join(scratch, 'other');
    execFileSync(HOLDFAST, ['--home', other, 'init']);
    for (let i = 0; i < 3; i++) execFileSync(HOLDFAST, ['--home', other, 'observe']);
    for (const part of ['log', 'keys', 'store']) {
      rmSync(join(home, part), { recursive: true });
      mkdirSync(join(home, part), { mode: 0o700 });
      cpSync(join(other, part), join(home, part), { recursive: true });
    }
    const rewritten = verify();
    assert.equal(rewritten.ok, false, rewritten.log.anchored);
    assert.ok(
      rewritten.log.problems.some(({ code }) => /anchor/.test(code)),
      JSON.stringify(rewritten.log.problems),
    );
    assert.ok(readFileSync(anchor, 'utf8').includes('holdfast/'));
  });
});

async function linesOf(child: ChildProcess, count: number): Promise<readonly string[]> {
  let text = '';
  for await (const part of child.stdout ?? []) {
    text += String(part);
    const lines = text.split('\n');
    if (lines.length > count) return lines;
  }
  return text.split('\n');
}
