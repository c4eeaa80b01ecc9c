/** What the reader's channel promises, as tests that any shell and awk are held to. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { grammarText, leftOf, ReaderRig, type ReaderTools, USUAL } from './reader-rig.ts';

const program = (name: string, ...lines: readonly string[][]): string[][] => [
  ['entry', name, 'getopt', 's'],
  ['form', '-', '-'],
  ...lines,
];
const anything = ['operand', 'text', 'text', '0', '200', '-'];

/** Programs that no catalogue would have: they show what a program is given. */
function grammar(root: string): string {
  return grammarText([
    ['root', '/etc'],
    ['root', root],
    ['deny', 'secret', '*/secret*'],
    ['deny', 'secret', '/etc/shadow*'],
    ['deny', 'device', '/dev/*'],
    ['except', '*/secret-not'],
    ['wide', '/'],
    ...program('printf', anything),
    ...program('env'),
    ...program('pwd', ['option', '1', '-P', '-', '-']),
    ...program('sh', ['option', '1', '-c', 'text', '-'], anything),
    ...program('cat', ['operand', 'file', 'file', '0', '8', 'i']),
    ...program(
      'grep',
      ['option', '1', '-r', '-', '-'],
      ['operand', 'what', 'text', '1', '1', '-'],
      ['operand', 'where', 'tree', '1', '8', '-'],
    ),
    ...program('no-such-program'),
  ]);
}

async function until(what: () => boolean, seconds = 30): Promise<void> {
  for (let left = seconds * 20; !what(); left -= 1) {
    assert.ok(left > 0, 'it did not come to that');
    await delay(50);
  }
}

/** `thorough`: what takes long as well. */
export function describeReader(tools: ReaderTools = USUAL, thorough = false): void {
  const rigged = (idleNaps?: number): ReaderRig => {
    const rig = new ReaderRig(null, tools, idleNaps);
    mkdirSync(rig.files);
    writeFileSync(rig.grammar, grammar(rig.files));
    return rig;
  };
  const nothingLeft = (rig: ReaderRig): Promise<void> => until(() => leftOf(rig).length === 0);

  describe(`the reader with ${tools.shell} and ${tools.awk}`, () => {
    it('gives a program each word as it was asked, and says what it wrote', async () => {
      using rig = rigged();
      const channel = rig.channel();
      const words = [
        'a b',
        '$(id)',
        '*',
        '',
        `'"\``,
        '\\0101%s',
        'é\u{1f512}',
        '-n',
        ' ',
        '\\',
        '/etc/*',
      ];
      const said = await channel.run(['printf', '%s|', ...words]);
      assert.equal(said.out.toString(), `${words.join('|')}|`);
      assert.deepEqual([said['verdict'], said['ended'], said['status']], ['ok', 'exited', '0']);
      const both = await channel.run(['sh', '-c', 'printf "a\\0b\\377"; echo wrong >&2; exit 129']);
      assert.deepEqual(both.out, Buffer.from([97, 0, 98, 255]));
      assert.equal(both.err.toString(), 'wrong\n');
      assert.deepEqual([both['ended'], both['status']], ['exited', '129']);
      const killed = await channel.run(['sh', '-c', 'kill -SEGV $$']);
      assert.deepEqual([killed['ended'], killed['status']], ['signalled', '11']);
      channel.end();
      assert.equal(await channel.ended, 0);
      await nothingLeft(rig);
    });

    it('runs in the root directory, with nothing on its input and nothing of the environment it came with', async () => {
      using rig = rigged();
      const channel = rig.channel();
      assert.equal((await channel.run(['pwd'])).out.toString(), '/\n');
      assert.equal((await channel.run(['cat'])).out.length, 0);
      const env = (await channel.run(['env'])).out.toString();
      assert.doesNotMatch(env, /LEAKED|LD_LIBRARY|GIT_DIR|SSH/);
      assert.match(env, /^GIT_CONFIG_GLOBAL=\/dev\/null$/m);
      const open = (await channel.run(['sh', '-c', 'ls -l /proc/self/fd'])).out.toString();
      assert.doesNotMatch(open, /requests|replies|grammar/);
      const bits = (
        await channel.run(['sh', '-c', 'umask; ulimit -c; grep NoNewPrivs /proc/self/status'])
      ).out.toString();
      assert.match(bits, /^0?077\n0\nNoNewPrivs:\t1\n$/);
    });

    it('refuses what the grammar does not read, and goes on', async () => {
      using rig = rigged();
      const channel = rig.channel();
      for (const [argv, code] of [
        [['rm', '-rf', rig.files], 'unknown-program'],
        [['./printf'], 'unknown-program'],
        [['env', '-i'], 'unknown-option'],
        [['cat', '/root/x'], 'outside-roots'],
        [['cat', '/etc/../etc/shadow'], 'secret'],
        [['cat', 'x\u0007'], 'malformed'],
        [['cat', 'x\u200b'], 'look-alike'],
        [['grep', '-r', 'x', '/'], 'outside-roots'],
        [['no-such-program'], 'cannot-run'],
      ] as const) {
        const said = await channel.run(argv);
        assert.deepEqual(
          [said['verdict'], said['code'], said['ended']],
          ['refused', code, '-'],
          argv.join(' '),
        );
        assert.equal(said.out.length + said.err.length, 0);
      }
      assert.equal((await channel.run(['printf', 'on'])).out.toString(), 'on');
    });

    it('looks at paths again once links are resolved', async () => {
      using rig = rigged();
      const at = (name: string): string => join(rig.files, name);
      writeFileSync(at('plain'), 'plain');
      writeFileSync(at('secret'), 'secret');
      mkdirSync(at('below'));
      writeFileSync(at('secret-not'), 'fine');
      symlinkSync(at('plain'), at('to-plain'));
      symlinkSync(at('secret'), at('to-secret'));
      symlinkSync('/', at('to-root'));
      symlinkSync('/dev/zero', at('to-zero'));
      symlinkSync(`/nowhere\n${at('plain')}`, at('to-lines'));
      symlinkSync(at('to-itself'), at('to-itself'));
      execFileSync('mkfifo', [at('pipe')]);
      const channel = rig.channel();
      for (const [argv, code] of [
        [['cat', at('plain')], '-'],
        [['cat', at('to-plain')], '-'],
        [['cat', at('secret-not')], '-'],
        [['cat', at('not-there/x')], '-'],
        [['cat', at('secret')], 'secret'],
        [['cat', at('to-secret')], 'secret'],
        [['cat', at('to-root/etc/shadow')], 'secret'],
        [['cat', at('to-root/root/x')], 'outside-roots'],
        [['cat', at('to-zero')], 'device'],
        [['cat', at('to-lines')], 'outside-roots'],
        [['cat', at('to-itself')], 'outside-roots'],
        [['cat', at('pipe')], 'device'],
        [['cat', at('plain'), at('to-secret')], 'secret'],
        [['grep', '-r', 'x', at('below')], '-'],
        [['grep', '-r', 'x', at('to-root')], 'outside-roots'],
        [['grep', '-r', 'x', at('to-root/etc')], 'outside-roots'],
      ] as const) {
        assert.equal((await channel.run(argv))['code'], code, argv.join(' '));
      }
    });

    it('ends what runs too long, with all it started', async () => {
      using rig = rigged();
      const channel = rig.channel();
      const name = `sleep 6${Math.floor(Math.random() * 1e6)}`;
      const running = (): boolean =>
        readdirSync('/proc').some((pid) => {
          try {
            return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
              .replaceAll('\0', ' ')
              .includes(`${name} `);
          } catch {
            return false;
          }
        });
      const said = await channel.run(['sh', '-c', `printf early; ${name} & ${name}`], {
        seconds: 1,
      });
      assert.deepEqual(
        [said['verdict'], said['ended'], said.out.toString()],
        ['ok', 'timeout', 'early'],
      );
      await until(() => !running());
      if (thorough) {
        const stubborn = await channel.run(
          ['sh', '-c', `trap "" TERM; printf late; ${name}; ${name}`],
          { seconds: 1 },
        );
        assert.deepEqual(
          [stubborn['verdict'], stubborn['ended'], stubborn.out.toString()],
          ['ok', 'timeout', 'late'],
        );
        await until(() => !running());
      }
      assert.equal((await channel.run(['cat', join(rig.files, 'secret')]))['code'], 'secret');
      assert.equal((await channel.run(['printf', 'on'])).out.toString(), 'on');
    });

    it('keeps only so much of what is written, and ends what writes on', async () => {
      using rig = rigged();
      const channel = rig.channel();
      const much = await channel.run(['sh', '-c', 'while :; do echo yyyyyyyyyyyyyyyyyyy; done'], {
        bytes: 5000,
      });
      assert.deepEqual([much['ended'], much.out.length], ['too-much', 5000]);
      const errors = await channel.run(['sh', '-c', 'head -c 70000 /dev/zero >&2; printf fine']);
      assert.deepEqual([errors.out.toString(), errors.err.length], ['fine', 65_536]);
      const exact = await channel.run(['sh', '-c', 'head -c 300000 /dev/zero'], { bytes: 300_000 });
      assert.deepEqual([exact['ended'], exact.out.length], ['exited', 300_000]);
      for (let i = 0; i < 20; i += 1)
        assert.equal((await channel.run(['printf', '%05000d', '0'])).out.length, 5000);
    });

    it('has no grammar where none is, or another than it loaded', async () => {
      using rig = rigged();
      const channel = rig.channel();
      assert.equal((await channel.run(['printf', 'a']))['code'], '-');
      writeFileSync(`${rig.grammar}.new`, readFileSync(rig.grammar));
      renameSync(`${rig.grammar}.new`, rig.grammar);
      assert.equal((await channel.run(['printf', 'a']))['code'], 'no-grammar');
      assert.equal(await channel.ended, 0);
      for (const broken of [
        '',
        'holdfast-grammar\t1\nversion\t1\n',
        `${readFileSync(rig.grammar, 'utf8')}x\n`,
      ]) {
        writeFileSync(rig.grammar, broken);
        const other = rig.channel();
        assert.equal((await other.run(['printf', 'a']))['code'], 'no-grammar');
      }
    });

    it('says what it is', async () => {
      using rig = rigged();
      const channel = rig.channel();
      const said = (await channel.ask(['verb hello', 'bytes 65536'])).out.toString();
      const hash = execFileSync('sha256sum', [rig.grammar], { encoding: 'utf8' }).slice(0, 64);
      assert.equal(
        said,
        `version 1.2.3\ngrammar ${hash}\ncollect no\ntools printf env pwd sh cat grep\n`,
      );
    });

    it('takes a snapshot with the script beside it', async () => {
      using rig = rigged();
      writeFileSync(
        join(rig.lib, 'snapshot.sh'),
        "printf 'holdfast-snapshot\\t1\\nnow\\t5\\nend\\t1\\n'",
      );
      const channel = rig.channel();
      const said = await channel.ask(['verb snapshot', 'seconds 5', 'bytes 1000']);
      assert.equal(said.out.toString(), 'holdfast-snapshot\t1\nnow\t5\nend\t1\n');
    });

    it('adds the part of root where sudo allows it, and goes on without it', async () => {
      using rig = rigged();
      const script = (path: string, text: string): void =>
        writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
      writeFileSync(join(rig.lib, 'snapshot.sh'), 'echo reader; grep NoNewPrivs /proc/self/status');
      script(join(rig.lib, 'collect'), 'echo root; grep NoNewPrivs /proc/self/status');
      const snapshot = ['verb snapshot', 'seconds 1', 'bytes 1000'];
      const hello = ['verb hello', 'bytes 1000'];
      const channel = rig.channel();
      const reader = 'reader\nNoNewPrivs:\t1\n';
      assert.equal((await channel.ask(snapshot)).out.toString(), reader, 'there is no sudo');
      assert.match((await channel.ask(hello)).out.toString(), /^collect no$/m);
      script(join(rig.directory, 'sudo'), '[ "$1" != -l ] || exit 0; exec "$@"');
      assert.match((await channel.ask(hello)).out.toString(), /^collect yes$/m);
      const both = await channel.ask(snapshot);
      assert.equal(both.out.toString(), `${reader}root\nNoNewPrivs:\t0\n`);
      if (thorough) {
        script(join(rig.lib, 'collect'), 'sleep 30');
        const late = await channel.ask(snapshot);
        assert.deepEqual([late['ended'], late.out.toString()], ['exited', reader]);
      }
      assert.equal((await channel.run(['printf', 'on'])).out.toString(), 'on');
      channel.end();
      await nothingLeft(rig);
    });

    it('ends with its channel, and takes along what runs', async () => {
      using rig = rigged();
      const channel = rig.channel();
      const asked = channel.run(['sh', '-c', 'sleep 60'], { seconds: 100 }).catch(() => 'ended');
      await until(() => leftOf(rig).length > 0);
      await delay(300);
      channel.end();
      assert.equal(await asked, 'ended');
      await nothingLeft(rig);
      const other = rig.channel();
      assert.equal((await other.run(['printf', 'a']))['code'], '-');
      other.kill();
      assert.equal(await other.ended, 143);
      await nothingLeft(rig);
      assert.deepEqual(rig.places(), []);
    });

    if (thorough) {
      it('wakes after a while without requests, and ends after a longer one', async () => {
        using rig = rigged(2);
        const channel = rig.channel();
        for (const word of ['one', 'two']) {
          assert.equal((await channel.run(['printf', word])).out.toString(), word);
          await delay(5000);
        }
        const late = await channel.run(['sh', '-c', 'sleep 30'], { seconds: 1 });
        assert.equal(late['ended'], 'timeout', 'the keeper was woken');
        assert.equal(await channel.ended, 0);
        await nothingLeft(rig);
      });

      it('ends what a keeper that was killed has left', async () => {
        using rig = rigged();
        const killed = rig.channel();
        const asked = killed.run(['sh', '-c', 'sleep 60'], { seconds: 100 }).catch(() => 'ended');
        await until(() => leftOf(rig).length > 2);
        await delay(500);
        killed.child.kill('SIGKILL');
        killed.child.stdin.destroy();
        const next = rig.channel();
        assert.equal((await next.run(['printf', 'on'])).out.toString(), 'on');
        assert.equal(await asked, 'ended');
        next.end();
        await nothingLeft(rig);
        assert.deepEqual(rig.places(), []);
      });
    }

    it('answers what is no request once, and ends', async () => {
      using rig = rigged();
      const good =
        'holdfast-read 1\nid 1\nverb run\nseconds 5\nbytes 100\nargs 2\narg printf\narg ran\nend\n';
      const bad: (string | Uint8Array)[] = [
        'x\n',
        'holdfast-read 2\n',
        good.replace('id 1', 'id 2'),
        good.replace('id 1', 'id  1'),
        good.replace('id 1', 'id 01'),
        good.replaceAll('\n', '\r\n'),
        good.replace('verb run', 'verb  run'),
        good.replace('verb run', 'verb walk'),
        good.replace('seconds 5', 'seconds 601'),
        good.replace('seconds 5', 'seconds -5'),
        good.replace('bytes 100', 'bytes 4194305'),
        good.replace('args 2', 'args 3'),
        good.replace('args 2', 'args 1'),
        good.replace('args 2', 'args 257'),
        good.replace('arg ran', 'arg %zz'),
        good.replace('arg ran', 'arg %61'),
        good.replace('arg ran', 'arg %00'),
        good.replace('arg ran', 'arg %C0%AF'),
        good.replace('arg ran', 'arg %ED%A0%80'),
        good.replace('arg ran', 'arg é'),
        good.replace('arg ran', 'arg a b'),
        good.replace('arg ran', 'arg'),
        good.replace('arg ran', `arg ${'a'.repeat(20_000)}`),
        good.replace('arg ran\n', 'arg ran'),
        good.slice(0, 40),
        'a'.repeat(3_000_000),
        ...Array.from({ length: 5 }, () => randomBytes(500)),
      ];
      for (const text of thorough ? bad : bad.slice(0, 10)) {
        const channel = rig.channel();
        channel.send(text);
        channel.end();
        const said = await channel.answer();
        assert.deepEqual(
          [said['verdict'], said['code'], said.out.length],
          ['refused', 'bad-request', 0],
          String(text).slice(0, 200),
        );
        assert.equal(await channel.ended, 0);
        assert.equal(channel.unread.length, 0);
      }
      await nothingLeft(rig);
    });
  });
}
