/** The whole of it with ssh in memory and a clock that waits for us. The real ssh is in test/ssh. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ProgramResult, ProgramRun } from '#base/ports';
import type { Target } from '#model';
import { type Inside, type Script, SimulatedChannels } from '#test/simulated-channels';
import { SimulatedClock, settled } from '#test/simulated-clock';
import { SimulatedDisk } from '#test/simulated-files';
import { seededRandom } from '#test/simulated-log';
import { throwsFault } from '#test/throws-fault';
import { openSshReach } from './open-ssh-reach.ts';
import type { ReadAnswer } from './reach.ts';
import type { OpenSsh, SshSettings } from './settings.ts';

const KEY = `ssh-ed25519 ${'A'.repeat(68)}`;
const REQUEST = { seconds: 10, bytes: 1_000 } as const;
const NEVER = new Promise<never>(() => {});

type Asked = { readonly id: string; readonly argv: readonly string[] };
/** What one host does: how ssh gets there, and what answers there. */
type Behaviour = {
  connect?: (inside: Inside) => Promise<number | undefined>;
  answer?: (asked: Asked, inside: Inside) => Promise<string | undefined>;
  /** Sessions it allows. */
  sessions?: number;
};

const ok = (id: string, out = ''): string =>
  `holdfast-read-answer 1\nid ${id}\nverdict ok\ncode -\nended exited\nstatus 0\nms 1\nstdout ${out.length}\nstderr 0\nend\n${out}`;

class Scene {
  readonly clock = new SimulatedClock();
  readonly disk = new SimulatedDisk();
  readonly hosts = new Map<string, Behaviour>();
  readonly started: (readonly string[])[] = [];
  readonly ran: ProgramRun[] = [];
  answerRun: (run: ProgramRun) => Promise<Partial<ProgramResult>> = async () => ({});
  readonly channels = new SimulatedChannels((argv) => this.#ssh(argv));
  readonly reach;
  readonly #open = new Map<string, number>();

  constructor(settings: Partial<SshSettings> = {}, more: Partial<OpenSsh> = {}) {
    this.reach = openSshReach({
      channels: this.channels,
      programs: {
        run: async (run) => {
          this.ran.push(run);
          const nothing = { stdout: new Uint8Array(), stderr: new Uint8Array() };
          return { ended: 'exited', exit: 255, ...nothing, ...(await this.answerRun(run)) };
        },
      },
      clock: this.clock,
      random: seededRandom(3),
      files: this.disk.start(),
      directory: '/run/reach',
      resolve: () => undefined,
      hostKeys: async () => [KEY],
      keyOf: async (account) => ({ keyFile: `/keys/${account}` }),
      ...more,
      settings: { slackMs: 1_000, ...settings },
    });
  }

  target(name: string, more: Partial<Target> = {}): Target {
    return {
      id: `host:${name}`,
      transport: 'ssh',
      address: name,
      via: [],
      hostKey: null,
      ...more,
    } as unknown as Target;
  }

  run(name: string, ...argv: string[]): Promise<ReadAnswer> {
    const words = (argv.length === 0 ? ['true'] : argv) as [string, ...string[]];
    return this.reach.reader(this.target(name)).run(words, REQUEST);
  }

  #ssh(argv: readonly string[]): Script | undefined {
    this.started.push(argv);
    const host = argv.at(-1) ?? '';
    const behaviour = (): Behaviour => this.hosts.get(host) ?? {};
    return async (inside) => {
      const open = (this.#open.get(host) ?? 0) + 1;
      this.#open.set(host, open);
      inside.killed.addEventListener('abort', () =>
        this.#open.set(host, (this.#open.get(host) ?? 0) - 1),
      );
      if (argv.includes('-M')) {
        const exit = await behaviour().connect?.(inside);
        if (exit !== undefined) return exit;
        inside.write('holdfast-connected\n');
      } else if (open > (behaviour().sessions ?? 10)) return 255;
      for (;;) {
        const request = await inside.read();
        if (request === undefined) return 0;
        const lines = Buffer.from(request).toString().split('\n');
        const values = (key: string) =>
          lines
            .filter((line) => line.startsWith(`${key} `))
            .map((line) => line.slice(key.length + 1));
        const asked = { id: values('id')[0] ?? '', argv: values('arg') };
        const answer = await (behaviour().answer ?? (async ({ id }) => ok(id)))(asked, inside);
        if (answer === undefined) return 9;
        inside.write(answer);
      }
    };
  }
}

const failing = (stderr: string) => async (inside: Inside) => {
  inside.complain(stderr);
  return 255;
};
const REFUSED = failing('ssh: connect to host x port 22: Connection refused\r\n');

describe('a kept session', () => {
  it('is used again, and further ones ride on its connection, at most four in all', async () => {
    const scene = new Scene();
    const waiting: (() => void)[] = [];
    scene.hosts.set('web', {
      answer: ({ id, argv }) =>
        argv[0] === 'wait'
          ? new Promise((resolve) => waiting.push(() => resolve(ok(id))))
          : Promise.resolve(ok(id, 'out')),
    });
    await scene.run('web');
    const answer = await scene.run('web');
    assert.equal(answer.verdict === 'ok' && Buffer.from(answer.stdout).toString(), 'out');
    assert.equal(scene.channels.opened, 1);
    const asked = Array.from({ length: 6 }, () => scene.run('web', 'wait'));
    await settled();
    assert.equal(scene.channels.opened, 4);
    assert.equal(scene.reach.states()[0]?.waiting, 2);
    assert.equal(scene.reach.states()[0]?.sessions, 4);
    for (const argv of scene.started.slice(1)) {
      assert.ok(argv.includes('ProxyCommand=false') && argv.includes('ControlMaster=no'));
    }
    while (waiting.length > 0) {
      for (const go of waiting.splice(0)) go();
      await settled();
    }
    await Promise.all(asked);
    assert.equal(scene.channels.opened, 4);
  });

  it('is not asked for beyond what sshd allows, and nothing is lost by trying', async () => {
    const scene = new Scene();
    scene.hosts.set('web', { sessions: 2 });
    const answers = await Promise.all(Array.from({ length: 12 }, () => scene.run('web')));
    assert.ok(answers.every(({ verdict }) => verdict === 'ok'));
    const { opened } = scene.channels;
    await Promise.all(Array.from({ length: 12 }, () => scene.run('web')));
    assert.ok(scene.channels.opened <= opened + 1, `${opened} then ${scene.channels.opened}`);
  });

  it('that has died meanwhile is replaced, and nobody notices', async () => {
    const scene = new Scene();
    let deaths = 0;
    scene.hosts.set('web', {
      answer: async ({ id, argv }) => {
        if (argv[0] !== 'die' || deaths > 0) return ok(id);
        deaths += 1;
        return undefined;
      },
    });
    await scene.run('web');
    assert.equal((await scene.run('web', 'die')).verdict, 'ok');
    assert.equal(scene.channels.opened, 2);
  });

  it('goes when an answer is overdue; others on its connection still get theirs', async () => {
    const scene = new Scene();
    scene.hosts.set('web', {
      answer: async ({ id, argv }) => {
        if (argv[0] === 'hang') return NEVER;
        if (argv[0] === 'slow') await scene.clock.sleep(10_500);
        return ok(id);
      },
    });
    await scene.run('web');
    const hung = throwsFault(() => scene.run('web', 'hang'), 'timed-out');
    await settled();
    await scene.clock.pass(1_000);
    const slow = scene.run('web', 'slow');
    await scene.clock.pass(10_000);
    await hung;
    assert.equal(scene.channels.running, 2, 'the slow one is not cut off');
    const fresh = scene.run('web');
    await settled();
    assert.equal((await fresh).verdict, 'ok');
    await scene.clock.pass(2_000);
    assert.equal((await slow).verdict, 'ok');
    await settled();
    assert.equal(scene.channels.running, 1);
  });

  it('goes when nobody wants its answer any more', async () => {
    const scene = new Scene();
    scene.hosts.set('web', { answer: async () => NEVER });
    const stop = new AbortController();
    const asked = throwsFault(
      () => scene.reach.reader(scene.target('web')).run(['x'], { ...REQUEST, signal: stop.signal }),
      'connection-lost',
    );
    await settled();
    assert.equal(scene.channels.running, 1);
    stop.abort();
    await asked;
    await settled();
    assert.equal(scene.channels.running, 0);
  });
});

describe('a host that lies', () => {
  for (const [what, answer] of [
    ['another id', (id: string) => ok(`${Number(id) + 1}`)],
    ['more than was asked for', (id: string) => ok(id, 'x'.repeat(2_000))],
    ['something behind the answer', (id: string) => `${ok(id)}more`],
    ['no answer at all', () => 'x'.repeat(100_000)],
    ['the answer before its time', (id: string) => ok(id) + ok(`${Number(id) + 1}`)],
  ] as const) {
    it(`with ${what} is not believed, and its session is dropped`, async () => {
      const scene = new Scene();
      scene.hosts.set('web', { answer: async ({ id }) => answer(id) });
      await throwsFault(() => scene.run('web'), 'connection-lost');
      await settled();
      assert.equal(scene.channels.running, 0);
      assert.equal(scene.reach.states()[0]?.state, 'unreachable');
    });
  }

  it('before ssh says that it is connected is not believed', async () => {
    const scene = new Scene();
    scene.hosts.set('web', {
      connect: async (inside) => {
        inside.write('holdfast-connected\nholdfast-read-answer 1\n');
        return NEVER;
      },
    });
    await throwsFault(() => scene.run('web'), 'connection-lost');
    assert.equal(scene.channels.running, 0);
  });

  it('about its end is told as what it is', async () => {
    const scene = new Scene();
    scene.hosts.set('bare', { answer: async () => undefined, connect: async () => undefined });
    await throwsFault(() => scene.run('bare'), 'connection-lost');
    scene.hosts.set('gone', {
      connect: async (inside) => (inside.write('holdfast-connected\n'), 127),
    });
    await throwsFault(() => scene.run('gone'), 'no-wrapper');
  });
});

describe('a host that is down', () => {
  it('is asked again only after a while, which grows, or when somebody insists', async () => {
    const scene = new Scene();
    scene.hosts.set('web', { connect: REFUSED });
    const reader = scene.reach.reader(scene.target('web'));
    const fault = await throwsFault(() => scene.run('web'), 'connection-refused');
    assert.equal(fault.kind, 'unavailable');
    const { since } = scene.reach.states()[0] ?? {};
    await throwsFault(() => scene.run('web'), 'connection-refused');
    assert.equal(scene.channels.opened, 1);
    await throwsFault(() => reader.run(['x'], { ...REQUEST, force: true }), 'connection-refused');
    assert.equal(scene.channels.opened, 2);
    await scene.clock.pass(1_300);
    await throwsFault(() => scene.run('web'), 'connection-refused');
    assert.equal(scene.channels.opened, 2, 'the second failure waits longer');
    await scene.clock.pass(1_300);
    await throwsFault(() => scene.run('web'), 'connection-refused');
    assert.equal(scene.channels.opened, 3);
    assert.deepEqual(
      [
        scene.reach.states()[0]?.state,
        scene.reach.states()[0]?.reason,
        scene.reach.states()[0]?.since,
      ],
      ['unreachable', 'connection-refused', since],
    );
    scene.hosts.set('web', {});
    await scene.reach.drop('host:web');
    assert.equal((await scene.run('web')).verdict, 'ok');
    assert.equal(scene.reach.states()[0]?.state, 'connected');
  });

  it('is never tried more often than the least pause, nor less often than the longest', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 60 }),
        async (pauses) => {
          const scene = new Scene({ backoffMs: 1_000, mostBackoffMs: 30_000 });
          const tries: number[] = [];
          scene.hosts.set('web', {
            connect: async (inside) => {
              tries.push(scene.clock.monotonicMs());
              return REFUSED(inside);
            },
          });
          for (const pause of [...pauses, 0, 37_500, 37_500]) {
            await scene.clock.pass(pause);
            await throwsFault(() => scene.run('web'), 'connection-refused');
          }
          const gaps = tries.slice(1).map((at, i) => at - (tries[i] ?? 0));
          assert.ok(
            gaps.every((gap) => gap >= 750),
            gaps.join(' '),
          );
          assert.ok(tries.length >= 3, 'after the longest pause it is tried');
        },
      ),
      { numRuns: 10 },
    );
  });

  it('fails all who wait for it at once, and delays nobody else', async () => {
    const scene = new Scene({ mostRunning: 2, slowMs: 100 });
    scene.hosts.set('hung', { connect: () => NEVER });
    const hung = Array.from({ length: 8 }, () => throwsFault(() => scene.run('hung'), 'timed-out'));
    await settled();
    const live = Array.from({ length: 20 }, (_, i) => scene.run(`live-${i % 5}`));
    await scene.clock.pass(101);
    assert.ok((await Promise.all(live)).every(({ verdict }) => verdict === 'ok'));
    await scene.clock.pass(12_000);
    await Promise.all(hung);
    assert.equal(scene.started.filter((argv) => argv.at(-1) === 'hung').length, 1);
  });

  it('has a line that is bounded', async () => {
    const scene = new Scene({ mostWaiting: 3 });
    scene.hosts.set('web', { answer: async () => NEVER });
    const asked = Array.from({ length: 7 }, () => scene.run('web').catch(() => {}));
    await settled();
    await throwsFault(() => scene.run('web'), 'busy');
    await scene.clock.pass(60_000);
    await Promise.all(asked);
  });

  it('is told apart by what ssh says', async () => {
    const scene = new Scene({}, { hostKeys: async ({ host }) => (host === 'new' ? [] : [KEY]) });
    scene.hosts.set('rekeyed', { connect: failing('REMOTE HOST IDENTIFICATION HAS CHANGED!') });
    await throwsFault(() => scene.run('rekeyed'), 'host-key-changed');
    await throwsFault(() => scene.run('new'), 'not-enrolled');
    await throwsFault(
      () => scene.reach.reader(scene.target('x', { address: '-oProxyCommand=id' })).hello(),
      'no-address',
    );
    await throwsFault(
      () => scene.reach.reader(scene.target('y', { via: ['a;b'] })).hello(),
      'bastion-failed',
    );
    assert.equal(scene.started.length, 1);
  });
});

describe('kept connections', () => {
  it('are at most so many: who waited longest goes first', async () => {
    const scene = new Scene({ mostConnections: 2 });
    await scene.run('a');
    await scene.clock.pass(10);
    await scene.run('b');
    await scene.clock.pass(10);
    await scene.run('a');
    await scene.clock.pass(10);
    await scene.run('c');
    await settled();
    assert.deepEqual(
      scene.reach.states().map(({ target, state }) => [target, state]),
      [
        ['host:a', 'connected'],
        ['host:b', 'idle'],
        ['host:c', 'connected'],
      ],
    );
    assert.equal(scene.channels.running, 2);
  });

  it('that all work leave no room for more', async () => {
    const scene = new Scene({ mostConnections: 1 });
    scene.hosts.set('a', { answer: async () => NEVER });
    void scene.run('a').catch(() => {});
    await settled();
    await throwsFault(() => scene.run('b'), 'busy');
  });

  it('go when nothing is asked of them', async () => {
    const scene = new Scene({ idleMs: 60_000, idleSessionMs: 20_000 });
    await Promise.all([scene.run('a'), scene.run('a')]);
    assert.equal(scene.channels.running, 2);
    await scene.clock.pass(45_000);
    assert.equal(scene.channels.running, 1);
    await scene.clock.pass(60_000);
    assert.equal(scene.channels.running, 0);
    assert.equal(scene.clock.sleepers, 0);
    assert.equal((await scene.run('a')).verdict, 'ok');
  });

  it('are flat over a thousand of them, and none is left', async () => {
    const scene = new Scene();
    for (let i = 0; i < 1_000; i += 1) {
      scene.hosts.set('web', i % 3 === 0 ? { answer: async () => undefined } : {});
      if (i % 3 === 0) await throwsFault(() => scene.run('web'), 'connection-lost');
      else await scene.run('web');
      await scene.reach.drop();
    }
    await scene.clock.pass(10_000);
    assert.ok(scene.channels.peak <= 2, `${scene.channels.peak}`);
    assert.equal(scene.channels.running, 0);
    assert.deepEqual([...scene.disk.stored.keys()], []);
    await scene.reach[Symbol.asyncDispose]();
    assert.equal(scene.clock.sleepers, 0);
  });

  it('end with whoever keeps them, in the middle of anything', async () => {
    const scene = new Scene();
    scene.hosts.set('a', { answer: async () => NEVER });
    scene.hosts.set('b', { connect: () => NEVER });
    const asked = ['a', 'b'].map((name) => throwsFault(() => scene.run(name), 'connection-lost'));
    await settled();
    const over = scene.reach[Symbol.asyncDispose]();
    await scene.clock.pass(20_000);
    await Promise.all([over, ...asked]);
    assert.equal(scene.channels.running, 0);
    await throwsFault(() => scene.run('a'), 'connection-lost');
  });

  it('to an address that the inventory took away go at once', async () => {
    const scene = new Scene();
    await scene.run('a');
    await scene.reach.reader(scene.target('a', { address: 'other' })).run(['x'], REQUEST);
    await settled();
    assert.deepEqual(
      scene.started.map((argv) => argv.at(-1)),
      ['a', 'other'],
    );
    assert.equal(scene.channels.running, 1);
  });
});

describe('what ssh is given', () => {
  it('is nothing of the operator’s: a file of ours, strict keys, hashed names, one key', async () => {
    const scene = new Scene(
      {},
      { resolve: (id) => (id === 'host:b' ? scene.target('b') : undefined) },
    );
    await scene.reach
      .reader(scene.target('a', { address: 'a:2222', via: ['host:b', 'ops@c:23'] }))
      .run(['x'], REQUEST);
    const [argv = []] = scene.started;
    const jumps = argv[argv.indexOf('-J') + 1];
    assert.equal(jumps, 'holdfast-reader@b:22,ops@c:23');
    assert.deepEqual(argv.slice(-7), ['-T', '-l', 'holdfast-reader', '-p', '2222', '--', 'a']);
    const read = (path: string): string =>
      Buffer.from(scene.disk.stored.get(path)?.bytes ?? []).toString();
    const config = read(argv[argv.indexOf('-F') + 1] ?? '');
    for (const line of [
      'BatchMode yes',
      'IdentityAgent none',
      'IdentitiesOnly yes',
      'IdentityFile "/keys/reader"',
      'StrictHostKeyChecking yes',
      'GlobalKnownHostsFile none',
      'ForwardAgent no',
    ]) {
      assert.ok(config.includes(`${line}\n`), line);
    }
    const known = read(/UserKnownHostsFile "(.*)"/.exec(config)?.[1] ?? '')
      .trim()
      .split('\n');
    assert.equal(known.length, 3);
    for (const line of known) assert.match(line, /^\|1\|[^|]{28}\|[^|]{28} ssh-ed25519 A+$/);
  });

  it('is an agent only when the settings say so', async () => {
    const scene = new Scene(
      {},
      {
        keyOf: async () => ({ agentSocket: '/run/agent', publicKeyFile: '/keys/r.pub' }),
      },
    );
    await scene.run('a');
    const config = [...scene.disk.stored].find(([path]) => path.endsWith('.conf'))?.[1].bytes;
    assert.match(
      Buffer.from(config ?? []).toString(),
      /IdentityAgent "\/run\/agent"\nIdentitiesOnly yes\nIdentityFile "\/keys\/r.pub"\n/,
    );
  });

  it('is never a path that means something else to it', async () => {
    const scene = new Scene({}, { keyOf: async () => ({ keyFile: '/keys/"\nProxyCommand id' }) });
    await throwsFault(() => scene.run('a'), 'not-authorised');
    assert.throws(() => new Scene({}, { directory: `/${'x'.repeat(90)}` }), /at most 80/);
    assert.throws(() => new Scene({}, { directory: '/run/%d' }), /plain letters/);
  });

  it('is a key that is asked for again before it ends', async () => {
    let asked = 0;
    const scene: Scene = new Scene(
      {},
      {
        keyOf: async () => {
          asked += 1;
          return { keyFile: '/keys/reader', expires: scene.clock.now() + 300_000_000 };
        },
      },
    );
    for (const name of ['a', 'b', 'c']) await scene.run(name);
    assert.equal(asked, 1);
    await scene.clock.pass(245_000);
    await scene.run('d');
    assert.equal(asked, 2);
  });

  it('is no key when the broker hangs, and nobody waits longer than for a host', async () => {
    const scene = new Scene({}, { keyOf: () => NEVER });
    const asked = throwsFault(() => scene.run('a'), 'timed-out');
    await settled();
    await scene.clock.pass(12_000);
    await asked;
  });
});

describe('the runner', () => {
  const host = (scene: Scene, name = 'a') => scene.reach.adapter.host(scene.target(name));

  it('has a connection without a session, and one session for each frame', async () => {
    const scene = new Scene();
    scene.answerRun = async () => ({
      exit: 0,
      stdout: Buffer.from(
        'holdfast-answer 1\nverdict ok\ncode -\ndetail %\ntime 1\nstopped no\nstate cancelled\nend\n',
      ),
    });
    const runner = await host(scene);
    assert.deepEqual(await runner.job('0'.repeat(32)), { state: 'cancelled' });
    assert.deepEqual(await runner.job('0'.repeat(32)), { state: 'cancelled' });
    assert.equal(scene.started.length, 1);
    assert.ok(scene.started[0]?.includes('-N') && scene.started[0].includes('holdfast-runner'));
    assert.equal(scene.ran.length, 2);
    assert.ok(scene.ran[0]?.argv.includes('ProxyCommand=false'));
    await scene.reach[Symbol.asyncDispose]();
    assert.equal(scene.channels.running, 0);
  });

  it('says that nothing was sent only when nothing was', async () => {
    const scene = new Scene();
    const dispatch = {
      order: '',
      signatures: [],
      part: '',
      stdin: null,
      standing: null,
      nonce: '',
      timeoutSeconds: 1,
    };
    scene.hosts.set('a', { connect: REFUSED });
    const down = await host(scene);
    await throwsFault(() => down.run(dispatch), 'connection-refused');
    assert.equal(scene.ran.length, 0);
    scene.hosts.set('a', {});
    for (const end of [
      { exit: 255 },
      { exit: 127 },
      { ended: 'timeout', exit: null },
      { exit: 0, stdout: Buffer.from('nonsense') },
    ] as const) {
      scene.answerRun = async () => end;
      assert.equal((await down.run(dispatch)).verdict, 'unknown', JSON.stringify(end));
    }
  });

  it('is not asked to look: that is the reader’s', async () => {
    const scene = new Scene();
    scene.hosts.set('a', {
      answer: async ({ id, argv }) =>
        argv[0] === 'cat'
          ? `holdfast-read-answer 1\nid ${id}\nverdict refused\ncode secret\nended -\nstatus 0\nms 0\nstdout 0\nstderr 0\nend\n`
          : ok(id, 'up'),
    });
    const looked = await (await host(scene)).look(['uptime'], 5);
    assert.deepEqual(
      [looked.exit, Buffer.from(looked.stdout).toString(), looked.cut],
      [0, 'up', false],
    );
    const fault = await throwsFault(
      async () => (await host(scene)).look(['cat'], 5),
      'host-refused',
    );
    assert.deepEqual([fault.kind, fault.facts['code']], ['refused', 'secret']);
    assert.equal(scene.ran.length, 0);
  });
});
