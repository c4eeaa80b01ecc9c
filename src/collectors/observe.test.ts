import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LIMITS } from '#base/limits';
import { nodeClock, nodeMachineFiles, nodePrograms } from '#machine';
import { checkValue, entityProblem, isVolatile, KINDS, kindOf } from '#model';
import { throwsFault } from '#test/throws-fault';
import { COLLECTORS, type Collector, type Machine, type Observed, observe } from './index.ts';
import { aLookSession, aSmallServer, listening, paperMachine, result } from './samples.ts';

const target = 'host:web-1';
const round = (machine: Machine, collectors = COLLECTORS): Promise<readonly Observed[]> =>
  observe({ target, machine, collectors, clock: machine.clock });

const realMachine = (): Machine => ({
  files: nodeMachineFiles(),
  programs: nodePrograms(),
  clock: nodeClock(),
});

function steady(observed: readonly Observed[]): Map<string, string> {
  const facts = observed.flatMap((each) => each.facts);
  return new Map(
    facts
      .filter(({ entity, attribute }) => !isVolatile(kindOf(entity), attribute))
      .map(({ entity, attribute, value }) => [`${entity} ${attribute}`, JSON.stringify(value)]),
  );
}

/** `+` is new, `-` is gone, `~` is another value. */
function changes(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const gone = [...before.keys()].filter((key) => !after.has(key)).map((key) => `- ${key}`);
  const other = [...after].flatMap(([key, value]) => {
    if (!before.has(key)) return [`+ ${key}`];
    return before.get(key) === value ? [] : [`~ ${key}`];
  });
  return [...gone, ...other].sort();
}

const says = (name: string, look: Collector['look'], kinds = ['package']): Collector => ({
  name,
  kinds,
  look,
});
const nothing = async (): Promise<Awaited<ReturnType<Collector['look']>>> => ({
  facts: [],
  complete: ['package'],
  shortfalls: [],
});

describe('a round', () => {
  it('lets no two collectors share a kind, and every kind is registered', () => {
    const kinds = COLLECTORS.flatMap((collector) => collector.kinds);
    assert.equal(new Set(kinds).size, kinds.length);
    for (const kind of kinds) assert.ok(Object.hasOwn(KINDS, kind), kind);
  });

  it('keeps the trouble of one collector to its own kinds', async () => {
    const machine = paperMachine();
    const fails = says('fails', () => Promise.reject(new Error('secret of the machine')), ['port']);
    const [failed, fine] = await round(machine, [fails, says('fine', nothing)]);
    assert.deepEqual(failed?.shortfalls, [{ kind: 'port', status: 'partial', reason: 'failed' }]);
    assert.deepEqual(failed.complete, []);
    assert.deepEqual(fine?.complete, ['package']);
  });

  it('does not wait for a collector that hangs, and takes its power away', async () => {
    const machine = paperMachine();
    let session: Parameters<Collector['look']>[0] | undefined;
    const hangs = says('hangs', (given) => {
      session = given;
      return new Promise(() => {});
    });
    const waiting = round(machine, [hangs]);
    await new Promise(setImmediate);
    machine.clock.advance(LIMITS.collectorTimeoutMs);
    assert.match((await waiting)[0]?.shortfalls[0]?.reason ?? '', /took longer than 20000 ms/);
    await throwsFault(() => session?.files.read('/etc/passwd', 10), 'look-ended');
    await throwsFault(() => session?.programs.run(['sshd', '-T']), 'look-ended');
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const machine = paperMachine();
    const hangs = says('hangs', () => new Promise(() => {}));
    const waiting = observe({
      target,
      machine,
      collectors: [hangs, hangs],
      clock: machine.clock,
      signal: stop.signal,
    });
    stop.abort();
    assert.equal((await waiting)[1]?.shortfalls[0]?.reason, 'the round was stopped');
  });

  it('looks with a few collectors at a time', async () => {
    let now = 0;
    let most = 0;
    const counts = says('counts', async () => {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now--;
      return nothing();
    });
    const observed = await round(
      paperMachine(),
      Array.from({ length: 9 }, () => counts),
    );
    assert.equal(observed.length, 9);
    assert.equal(most, 3);
  });

  it('leaves out what is not a fact of this collector and target, and says so', async () => {
    const wrong = says('wrong', async (session) => ({
      facts: [
        { entity: session.entity('package', 'ok'), attribute: 'version', value: '1' },
        { entity: session.entity('package', 'bad'), attribute: 'version', value: ['no'] },
        { entity: 'package:other/x', attribute: 'version', value: '1' },
        { entity: session.entity('user', 'mallory'), attribute: 'uid', value: 0 },
        { entity: session.entity('package', 'nan'), attribute: 'size', value: Number.NaN },
      ],
      complete: ['package', 'user'],
      shortfalls: [],
    }));
    const [observed] = await round(paperMachine(), [wrong]);
    assert.deepEqual(
      observed?.facts.map((fact) => fact.entity),
      ['package:web-1/ok'],
    );
    assert.deepEqual(observed.complete, []);
    assert.deepEqual(
      observed.shortfalls.map((each) => each.kind),
      ['package'],
    );
  });

  it('counts what a collector reads and how much it says', async () => {
    const big = paperMachine({ '/big': 'x'.repeat(1_000_000) });
    const reads = says('reads', async (session) => {
      for (let i = 0; i < 20; i++) await session.files.read('/big', 2_000_000);
      return nothing();
    });
    const talks = says('talks', async (session) => ({
      facts: Array.from({ length: LIMITS.collectorFacts + 1 }, (_, i) => ({
        entity: session.entity('package', `p${i}`),
        attribute: 'version',
        value: '1',
      })),
      complete: ['package'],
      shortfalls: [],
    }));
    const [read, talked] = await round(big, [reads, talks]);
    assert.match(read?.shortfalls[0]?.reason ?? '', /read more than/);
    assert.equal(talked?.facts.length, LIMITS.collectorFacts);
    assert.deepEqual(talked.complete, []);
  });
});

describe('a look session', () => {
  it('starts only programs of its list, by exact argv', async () => {
    const session = aLookSession();
    for (const argv of [
      ['sh', '-c', 'id'],
      ['systemctl', 'restart', 'ssh.service'],
      ['/usr/sbin/sshd'],
      ['/usr/sbin/sshd', '-T', '-f', '/tmp/x'],
      ['ip', '-json', 'address', 'show', 'flush'],
      ['docker', 'ps', '--all', '--no-trunc', '--format', '{{json .}}', '--host=tcp://x'],
    ] as const) {
      await throwsFault(() => session.programs.run([...argv]), 'look-refused');
    }
    assert.equal((await session.programs.run(['/usr/sbin/sshd', '-T'])).ended, 'missing');
  });

  it('makes a valid and distinct key of any name', () => {
    const session = aLookSession();
    const names = [
      'a',
      ' a',
      'a ',
      '',
      '\0',
      '\u202e',
      'a\nb',
      'a%0Ab',
      '\ud800',
      'x'.repeat(5_000),
      'x'.repeat(5_001),
      '/',
      '\u2028',
    ];
    const keys = names.map((name) => session.entity('file', name));
    for (const key of keys) assert.equal(entityProblem(key), undefined, key);
    assert.equal(new Set(keys).size, names.length);
  });
});

describe('a machine that changes', () => {
  it('shows exactly a new account, an open port and a file mode', async () => {
    const machine = paperMachine();
    const before = steady(await round(machine));
    const files = aSmallServer();
    const add = (path: string, line: string): void => {
      const file = files[path];
      const old = typeof file === 'string' ? { text: file } : file;
      machine.paper.set(path, { ...old, text: `${old?.text ?? ''}${line}` });
    };
    add('/etc/passwd', 'mallory:x:1001:1001::/home/mallory:/bin/sh\n');
    add('/etc/group', 'mallory:x:1001:\n');
    add('/etc/shadow', 'mallory:!:20100::::::\n');
    add('/etc/gshadow', 'mallory:!::\n');
    add('/etc/subuid', 'mallory:165536:65536\n');
    add('/etc/subgid', 'mallory:165536:65536\n');
    add('/proc/net/tcp', listening(4_444, 901));
    machine.paper.set('/etc/ssh/sshd_config', {
      text: files['/etc/ssh/sshd_config'] as string,
      mode: 0o666,
    });
    machine.paper.set('/proc/uptime', '5000.00 1.00\n');
    const user = [
      'gid',
      'groups',
      'home',
      'name',
      'password.changedOn',
      'password.state',
      'shell',
      'uid',
    ];
    assert.deepEqual(
      changes(before, steady(await round(machine))),
      [
        ...['address', 'port', 'process', 'protocol', 'user'].map(
          (each) => `+ port:web-1/tcp/0.0.0.0:4444 ${each}`,
        ),
        ...user.map((each) => `+ user:web-1/mallory ${each}`),
        '+ group:web-1/mallory gid',
        '+ group:web-1/mallory members',
        '~ file:web-1//etc/group sha256',
        '~ file:web-1//etc/passwd sha256',
        '~ file:web-1//etc/ssh/sshd_config mode',
        '~ file:web-1//etc/subgid sha256',
        '~ file:web-1//etc/subuid sha256',
      ].sort(),
    );
  });

  it('is complete where nothing is there: no systemd, no cron, no sudo, no packages', async () => {
    const observed = await round(
      paperMachine({
        '/proc/self/mounts': '',
        '/proc/net/tcp': 'x\n',
        '/proc/net/udp': 'x\n',
        '/proc/net/route': 'x\n',
        '/sys/class/net': { kind: 'directory' },
      }),
    );
    const partial = observed.flatMap((each) => each.shortfalls.map((one) => one.kind)).sort();
    assert.deepEqual(partial, ['address', 'filesystem']);
    const facts = observed.flatMap((each) => each.facts);
    assert.equal(facts.find((fact) => fact.entity === 'component:web-1/systemd')?.value, false);
  });

  it('never tells a secret', async () => {
    const machine = paperMachine();
    const all = JSON.stringify(await round(machine));
    for (const secret of ['$y$', 'a private key', Buffer.alloc(32).toString('base64').slice(0, 30)])
      assert.ok(!all.includes(secret), secret);
    assert.ok(all.includes('"alice@laptop"') && all.includes('SHA256:'));
    assert.ok(!/ssh_host_ed25519_key","attribute":"sha256/.test(all));
    assert.ok(!/\/etc\/g?shadow","attribute":"sha256/.test(all));
  });

  it('does not take what may not be read for absent', async () => {
    const files = aSmallServer();
    for (const path of ['/etc/shadow', '/etc/sudoers', '/home/alice/.ssh/authorized_keys'])
      files[path] = { unreadable: 'EACCES' };
    const observed = await round(
      paperMachine(files, { '/usr/sbin/sshd -T': result('exited', 255, '') }),
    );
    const of = (kind: string): readonly string[] =>
      observed
        .flatMap((each) => each.shortfalls)
        .filter((each) => each.kind === kind)
        .map((each) => each.reason);
    assert.match(of('sudo_rule')[0] ?? '', /\/etc\/sudoers: EACCES/);
    assert.match(of('authorized_key')[0] ?? '', /EACCES/);
    assert.match(of('sshd_setting')[0] ?? '', /only what the files set/);
    assert.deepEqual(of('user'), []);
    const facts = steady(observed);
    assert.equal(facts.get('user:web-1/alice password.state'), '"unreadable"');
    assert.equal(facts.get('file:web-1//etc/sudoers sha256'), 'null');
  });
});

describe('this machine', () => {
  it('gives well over a hundred facts, all as registered, in a short round', async () => {
    const startedMs = performance.now();
    const observed = await round(realMachine());
    const facts = observed.flatMap((each) => each.facts);
    assert.ok(facts.length >= 100, `${facts.length} facts`);
    assert.ok(performance.now() - startedMs < 20_000);
    for (const { entity, attribute, value } of facts)
      assert.equal(checkValue(kindOf(entity), attribute, value), undefined);
    const leftOut = observed
      .flatMap((each) => each.shortfalls)
      .filter((each) => /left out|failed/.test(each.reason));
    assert.deepEqual(leftOut, []);
    const names = facts.map(({ entity, attribute }) => `${entity} ${attribute}`);
    assert.equal(new Set(names).size, names.length);
  });

  it('looks the same twice while it idles', async () => {
    // Somebody else may really change the machine between two looks; twice in a row they do not.
    let difference: string[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      const before = steady(await round(realMachine()));
      difference = changes(before, steady(await round(realMachine())));
      if (difference.length === 0) return;
    }
    assert.deepEqual(difference, []);
  });
});
