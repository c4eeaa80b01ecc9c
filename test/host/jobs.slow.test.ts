/** What becomes of a job when somebody or something dies, stops it, or runs out of patience. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '#adapters';
import { HostRig, id32, itemText, makeKeys, receiptLine, sha } from '#test/host-rig';

const keys = makeKeys();
const rigs: HostRig[] = [];
const aRig = (): HostRig => {
  const rig = new HostRig(keys);
  rigs.push(rig);
  return rig;
};
after(() => {
  for (const rig of rigs) rig.dispose();
  keys.dispose();
});

/** Processes that were given this nonce, whatever session they are in. */
function alive(nonce: string): number[] {
  return globSync('/proc/[0-9]*/environ')
    .filter((path) => {
      try {
        return readFileSync(path, 'latin1').includes(`HOLDFAST_JOB=${nonce}`);
      } catch {
        return false;
      }
    })
    .map((path) => Number(path.split('/')[2]));
}
/** Everything that works for this host directory or this job. */
function ours(rig: HostRig, nonce: string): number[] {
  const scripts = globSync('/proc/[0-9]*/cmdline').filter((path) => {
    try {
      return readFileSync(path, 'latin1').includes(rig.directory);
    } catch {
      return false;
    }
  });
  return [...scripts.map((path) => Number(path.split('/')[2])), ...alive(nonce)];
}
async function until(what: string, holds: () => boolean, seconds = 60): Promise<void> {
  for (let i = 0; i < seconds * 20; i++) {
    if (holds()) return;
    await sleep(50);
  }
  assert.fail(`waited in vain: ${what}`);
}
const jobOf = (rig: HostRig, nonce: string): Answer => rig.ask('job', [['nonce', `${nonce}\n`]]);
const receipts = (rig: HostRig): string[] =>
  readdirSync(rig.path('receipts')).filter((name) => /^\d+$/.test(name));

/** A grandchild in a session of its own, deaf to SIGTERM, beside a program that waits. */
const FAMILY = ['sh', '-c', `setsid sh -c 'trap "" TERM; sleep 300 & wait; sleep 300' & sleep 300`];

describe('a job', () => {
  it('that takes too long is ended, with everything it started', async () => {
    const rig = aRig();
    const nonce = id32();
    const { answer } = rig.begin('run', rig.runItems({ argv: FAMILY, timeout: 2, nonce }));
    await until('the family runs', () => alive(nonce).length >= 3);
    const ended = await answer;
    assert.equal(receiptLine(ended, 'result'), 'timeout');
    assert.deepEqual(alive(nonce), []);
  });

  it('is ended by a stop, with everything it started, unless it is atomic', async () => {
    const rig = aRig();
    const [nonce, atomic] = [id32(), id32()];
    const running = rig.begin('run', rig.runItems({ argv: FAMILY, timeout: 60, nonce }));
    const finishing = rig.begin(
      'run',
      rig.runItems({
        argv: ['sh', '-c', 'sleep 5; echo finished'],
        atomic: true,
        nonce: atomic,
      }),
    );
    await until('both run', () => alive(nonce).length >= 3 && alive(atomic).length > 0);
    assert.equal(rig.ask('stop', [['stop', 'stop-1\n']]).verdict, 'ok');
    assert.equal(receiptLine(await running.answer, 'result'), 'stopped');
    assert.deepEqual(alive(nonce), []);
    const ended = await finishing.answer;
    assert.equal(receiptLine(ended, 'result'), 'exited');
    assert.equal(itemText(ended, 'stdout'), 'finished\n');
  });

  it('that says too much is ended, and what it said first is kept', () => {
    const ended = aRig().run({ argv: ['sh', '-c', 'yes; echo never >&2'] });
    assert.equal(receiptLine(ended, 'result'), 'too-much');
    assert.equal(ended.items.get('stdout')?.length, 1 << 20);
    assert.equal(itemText(ended, 'stderr'), '');
  });

  it('says how it ended', () => {
    const rig = aRig();
    const failed = rig.run({ argv: ['sh', '-c', 'echo wrong >&2; exit 7'] });
    assert.equal(receiptLine(failed, 'result'), 'exited');
    assert.equal(receiptLine(failed, 'status'), '7');
    assert.equal(itemText(failed, 'stderr'), 'wrong\n');
    const killed = rig.run({ argv: ['sh', '-c', 'kill -9 $$'] });
    assert.equal(receiptLine(killed, 'result'), 'signalled');
    assert.equal(receiptLine(killed, 'status'), '9');
    const missing = rig.run({ argv: ['no-such-program'] });
    assert.equal(receiptLine(missing, 'result'), 'not-started');
    const env = rig.run({ argv: ['env'] });
    assert.deepEqual(itemText(env, 'stdout').trim().split('\n').sort(), [
      `HOLDFAST_JOB=${receiptLine(env, 'nonce')}`,
      'HOME=/',
      'LC_ALL=C',
      'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    ]);
  });

  it('that leaves something running is over when its program is', async () => {
    const rig = aRig();
    const nonce = id32();
    const started = Date.now();
    const ended = rig.run({ argv: ['sh', '-c', 'sleep 300 & echo left'], timeout: 60, nonce });
    assert.equal(receiptLine(ended, 'result'), 'exited');
    assert.equal(itemText(ended, 'stdout'), 'left\n');
    assert.ok(Date.now() - started < 20_000);
    for (const pid of alive(nonce)) process.kill(pid, 'SIGKILL');
  });

  it('of one nonce runs once, however many ask at the same time', async () => {
    const rig = aRig();
    const witness = rig.path('ran');
    const items = rig.runItems({ argv: ['sh', '-c', `echo ran >>'${witness}'; sleep 1`] });
    const asked = [1, 2, 3, 4].map(() => rig.begin('run', items).answer);
    const answers = await Promise.all(asked);
    const codes = answers.map((each) => each.code).sort();
    assert.deepEqual(codes, ['-', 'nonce-spent', 'nonce-spent', 'nonce-spent']);
    assert.equal(rig.read('ran'), 'ran\n');
  });

  it('goes on when whoever asked is gone, and its receipt is fetched', async () => {
    const rig = aRig();
    const nonce = id32();
    const items = rig.runItems({ argv: ['sh', '-c', 'sleep 2; echo done'], nonce });
    const { pid } = rig.begin('run', items);
    await until('it runs', () => alive(nonce).length > 0);
    process.kill(pid, 'SIGKILL');
    assert.equal(jobOf(rig, nonce).state, 'running');
    await until('it ends', () => existsSync(rig.path(`jobs/${nonce}/receipt`)));
    const ended = jobOf(rig, nonce);
    assert.equal(ended.state, 'ended');
    assert.equal(receiptLine(ended, 'result'), 'exited');
    assert.equal(itemText(ended, 'stdout'), 'done\n');
    assert.equal(jobOf(rig, id32()).state, 'unspent');
  });

  it('that died with everything around it is unknown, said once, and the numbers have no gap', async () => {
    const rig = aRig();
    rig.run({ argv: ['true'] });
    const nonce = id32();
    const { pid } = rig.begin('run', rig.runItems({ argv: ['sleep', '300'], timeout: 600, nonce }));
    await until('it runs', () => alive(nonce).length > 0);
    const supervisor = Number(rig.read(`jobs/${nonce}/supervisor`));
    process.kill(pid, 'SIGKILL');
    // The supervisor's group: itself, the readers of output, its clock.
    process.kill(-supervisor, 'SIGKILL');
    for (const each of alive(nonce)) process.kill(each, 'SIGKILL');
    await until('all is gone', () => alive(nonce).length === 0);
    const ended = jobOf(rig, nonce);
    assert.equal(receiptLine(ended, 'result'), 'unknown');
    assert.equal(receiptLine(ended, 'number'), '2');
    assert.equal(receiptLine(ended, 'previous'), sha(rig.read('receipts/1')));
    assert.equal(itemText(jobOf(rig, nonce), 'receipt'), itemText(ended, 'receipt'));
    assert.deepEqual(receipts(rig).sort(), ['1', '2']);
  });

  it('whose supervisor alone died takes its tree with it', async () => {
    const rig = aRig();
    const nonce = id32();
    const { pid, answer } = rig.begin('run', rig.runItems({ argv: FAMILY, timeout: 600, nonce }));
    await until('it runs', () => alive(nonce).length >= 3);
    process.kill(pid, 'SIGSTOP');
    process.kill(Number(rig.read(`jobs/${nonce}/supervisor`)), 'SIGKILL');
    process.kill(pid, 'SIGCONT');
    assert.equal(receiptLine(await answer, 'result'), 'unknown');
    assert.deepEqual(alive(nonce), []);
  });

  it('has one receipt when its host died while writing it', () => {
    const rig = aRig();
    const nonce = id32();
    const ended = rig.run({ argv: ['echo', 'x'], nonce });
    // As after a death between the receipt's name and the note that closes the job.
    spawnSync('rm', [rig.path(`jobs/${nonce}/receipt`)]);
    rig.write(`jobs/${nonce}/open`, '');
    assert.equal(itemText(jobOf(rig, nonce), 'receipt'), itemText(ended, 'receipt'));
    // And as after one between how it ended and the receipt's name.
    spawnSync('rm', [rig.path(`jobs/${nonce}/receipt`), rig.path('receipts/1')]);
    rig.write(`jobs/${nonce}/open`, '');
    assert.equal(itemText(jobOf(rig, nonce), 'receipt'), itemText(ended, 'receipt'));
    assert.deepEqual(receipts(rig), ['1']);
  });

  it('that was spent and never begun certainly did not start', () => {
    const rig = aRig();
    const nonce = id32();
    const items = rig.runItems({ argv: ['true'], nonce });
    rig.run({ argv: ['true'] });
    const part = String(items.find(([name]) => name === 'part')?.[1]);
    rig.write(`jobs/${nonce}/part`, part);
    rig.write(`jobs/${nonce}/order`, `${sha('order')}\n`);
    rig.write(`jobs/${nonce}/digest`, `${sha(part)}\n`);
    rig.write(`jobs/${nonce}/alive`, '');
    rig.write(`jobs/${nonce}/open`, '');
    rig.write(`nonces/${nonce}`, `${sha('order')}\n`);
    assert.equal(receiptLine(jobOf(rig, nonce), 'result'), 'not-started');
  });

  it('never prepared twice: what a death left before the nonce was spent is put away', () => {
    const rig = aRig();
    const nonce = id32();
    rig.write(`jobs/${nonce}/open`, '');
    rig.write(`jobs/${nonce}/alive`, '');
    assert.equal(jobOf(rig, nonce).state, 'unspent');
    assert.equal(rig.run({ argv: ['true'], nonce }).state, 'ended');
  });

  it('has one receipt at most and no gap in the numbers, wherever its host dies', async () => {
    const rig = aRig();
    const rounds = Number(process.env['HOLDFAST_HOST_DEATHS'] ?? 12);
    for (let round = 0; round < rounds; round++) {
      const nonce = id32();
      const effect = rig.path(`effect-${nonce}`);
      const argv = ['sh', '-c', `echo once >>'${effect}'; sleep 0.2`];
      rig.begin('run', rig.runItems({ argv, nonce }));
      await sleep((round * 1200) / rounds);
      // More than once: what was born while we looked has to die as well.
      for (let left = ours(rig, nonce); left.length > 0; left = ours(rig, nonce)) {
        for (const pid of left) {
          try {
            process.kill(pid, 'SIGKILL');
          } catch {
            // It ended by itself.
          }
        }
        await sleep(5);
      }
      const ran = (): string => (existsSync(effect) ? readFileSync(effect, 'utf8') : '');
      const job = jobOf(rig, nonce);
      const result = job.state === 'ended' ? receiptLine(job, 'result') : job.state;
      const story = `${result}, having run: ${JSON.stringify(ran())}`;
      if (ran() === '') {
        assert.ok(['unspent', 'not-started', 'unknown'].includes(result ?? ''), story);
      } else {
        assert.equal(ran(), 'once\n');
        assert.ok(['unknown', 'exited', 'signalled'].includes(result ?? ''), story);
      }
    }
    let previous = '0'.repeat(64);
    for (let number = 1; number <= receipts(rig).length; number++) {
      const receipt = rig.read(`receipts/${number}`);
      assert.match(receipt, new RegExp(`^number ${number}\nprevious ${previous}$`, 'm'));
      previous = sha(receipt);
    }
    assert.equal(rig.run({ argv: ['true'] }).state, 'ended');
  });

  it('runs as another account only where this one may become it', (t) => {
    if (execFileSync('id', ['-u'], { encoding: 'utf8' }).trim() !== '0') {
      t.skip('only root may become another account');
      return;
    }
    const ended = aRig().run({ argv: ['id', '-un'], runAs: 'nobody' });
    assert.equal(itemText(ended, 'stdout'), 'nobody\n');
  });
});
