/** Hosts over real OpenSSH: sshd on loopback, one port for each host. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OpenSsh, openSshReach, type SshReach } from '#adapters';
import { nodeChannels, nodeClock, nodeFiles, nodePrograms, nodeRandom } from '#machine';
import type { Target } from '#model';
import { freePort, ME, type Sshd, SshLab, sshTarget, whyNoSshd } from '#test/sshd';
import { throwsFault } from '#test/throws-fault';

const skip = whyNoSshd();
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const REQUEST = { seconds: 10, bytes: 65_536 } as const;

describe('hosts over OpenSSH', { skip }, () => {
  let lab: SshLab;
  let count = 0;
  const keys = new Map<number, readonly string[]>();
  const reaches: SshReach[] = [];

  const reachOf = (more: Partial<OpenSsh> = {}): SshReach => {
    count += 1;
    const reach = openSshReach({
      channels: nodeChannels(),
      programs: nodePrograms(),
      clock: nodeClock(),
      random: nodeRandom(),
      files: nodeFiles(),
      directory: lab.path(`r${count}`),
      resolve: () => undefined,
      hostKeys: async ({ port }) => keys.get(port) ?? [],
      keyOf: async (account) => ({ keyFile: lab.key(account) }),
      ...more,
      settings: {
        users: { reader: ME, runner: ME },
        connectSeconds: 2,
        slackMs: 500,
        backoffMs: 50,
        ...more.settings,
      },
    });
    reaches.push(reach);
    return reach;
  };
  const hostOf = async (
    more: Parameters<SshLab['sshd']>[0] = {},
  ): Promise<Sshd & { target: Target }> => {
    const server = await lab.sshd(more);
    keys.set(server.port, [server.hostKey]);
    return Object.assign(server, {
      target: sshTarget(`host:h${server.port}`, { address: server.address }),
    });
  };

  before(() => {
    lab = new SshLab();
  });
  after(async () => {
    for (const reach of reaches) await reach[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  it('asks over one kept session, and knows the host', async () => {
    const host = await hostOf();
    await using reach = reachOf();
    const reader = reach.reader(host.target);
    assert.deepEqual((await reader.hello()).tools, ['awk', 'sh']);
    const first = await reader.run(['pid'], REQUEST);
    const second = await reader.run(['pid'], REQUEST);
    assert.ok(first.verdict === 'ok' && second.verdict === 'ok');
    assert.equal(text(first.stdout), text(second.stdout));
    assert.equal(reach.states()[0]?.state, 'connected');
    const odd = await reader.run(['exit', '7'], REQUEST);
    assert.equal(odd.verdict === 'ok' && odd.status, 7);
    assert.deepEqual(await reader.run(['unheard-of'], REQUEST), {
      verdict: 'refused',
      code: 'unknown-program',
    });
  });

  it('leaves no process, socket or file', async () => {
    const host = await hostOf();
    const reach = reachOf();
    const directory = lab.path(`r${count}`);
    await Promise.all(
      [1, 2, 3].map(() => reach.reader(host.target).run(['sleep', '0.3'], REQUEST)),
    );
    assert.ok(readdirSync(directory).length >= 3);
    await reach[Symbol.asyncDispose]();
    assert.deepEqual(existsSync(directory) ? readdirSync(directory) : [], []);
    await leavesNone(directory);
  });

  it('refuses a host that shows another key, none we know, and one nobody enrolled', async () => {
    const host = await hostOf();
    await using reach = reachOf();
    const reader = reach.reader(host.target);
    await reader.run(['true'], REQUEST);
    await host.rekey();
    const known = keys.get(host.port);
    await throwsFault(() => reader.run(['true'], REQUEST), 'host-key-changed');
    keys.set(host.port, []);
    await reach.drop(host.target.id);
    await throwsFault(() => reader.run(['true'], REQUEST), 'not-enrolled');
    assert.ok(known !== undefined);
  });

  it('has another key refused, also one of another type, and a certificate accepted for its name only', async () => {
    const host = await hostOf();
    await using reach = reachOf();
    keys.set(host.port, [lab.publicKey('stranger')]);
    const reader = reach.reader(host.target);
    await throwsFault(() => reader.run(['true'], REQUEST), 'host-key-changed');
    keys.set(host.port, [ECDSA]);
    await reach.drop();
    await throwsFault(() => reader.run(['true'], REQUEST), 'host-key-changed');

    for (const [principal, works] of [
      ['127.0.0.1', true],
      ['elsewhere.example', false],
    ] as const) {
      execFileSync('ssh-keygen', [
        '-q',
        '-s',
        lab.key('host-ca'),
        '-I',
        'h',
        '-h',
        '-n',
        principal,
        '-V',
        '-5m:+10m',
        `${host.directory}/host-key.pub`,
      ]);
      host.write(
        'config',
        `${readFileSync(`${host.directory}/config`, 'utf8')}HostCertificate ${host.directory}/host-key-cert.pub\n`,
      );
      await host.stop();
      await host.start();
      await reach.drop();
      const pinned = { ...host.target, hostKey: `@cert-authority ${lab.publicKey('host-ca')}` };
      const asked = () => reach.reader(pinned).run(['true'], REQUEST);
      if (works) assert.equal((await asked()).verdict, 'ok');
      else await throwsFault(asked, 'host-key-unknown');
    }
  });

  it('proves itself by a key, a user certificate, or an agent, and by nothing else', async () => {
    const host = await hostOf();
    await throwsFault(
      () => asked(reachOf({ keyOf: async () => ({ keyFile: lab.key('stranger') }) }), host.target),
      'not-authorised',
    );
    await throwsFault(
      () => asked(reachOf({ keyOf: async () => ({ keyFile: lab.path('missing') }) }), host.target),
      'not-authorised',
    );

    const certified = await hostOf({
      config: [`TrustedUserCAKeys ${lab.path('user-ca.pub')}`],
      keys: [],
    });
    certified.write(
      'principals',
      `command="${certified.directory}/fake-reader",restrict holdfast-reader\n`,
    );
    certified.write(
      'config',
      `${readFileSync(`${certified.directory}/config`, 'utf8')}AuthorizedPrincipalsFile ${certified.directory}/principals\n`,
    );
    await certified.stop();
    await certified.start();
    const keyFile = lab.key('certified');
    execFileSync('ssh-keygen', [
      '-q',
      '-s',
      lab.key('user-ca'),
      '-I',
      'reader',
      '-n',
      'holdfast-reader',
      '-V',
      '-5m:+5m',
      `${keyFile}.pub`,
    ]);
    await asked(reachOf({ keyOf: async () => ({ keyFile }) }), certified.target);

    const agentSocket = lab.path('agent');
    const agent = spawn('ssh-agent', ['-D', '-a', agentSocket], { stdio: 'ignore' });
    try {
      for (let i = 0; i < 1_000 && !existsSync(agentSocket); i += 1) await sleep(20);
      const env = { ...process.env, SSH_AUTH_SOCK: agentSocket };
      execFileSync('ssh-add', ['-q', lab.key('reader')], { env });
      await asked(reachOf({ keyOf: async () => ({ agentSocket }) }), host.target);
      const publicKeyFile = `${lab.key('reader')}.pub`;
      await asked(reachOf({ keyOf: async () => ({ agentSocket, publicKeyFile }) }), host.target);
      await throwsFault(
        () =>
          asked(
            reachOf({
              keyOf: async () => ({ agentSocket, publicKeyFile: `${lab.key('stranger')}.pub` }),
            }),
            host.target,
          ),
        'not-authorised',
      );
    } finally {
      agent.kill();
    }
  });

  it('goes through a bastion whose key is as strict, and says when it is the bastion that fails', async () => {
    const jump = `restrict,port-forwarding ${lab.publicKey('reader')}\n`;
    const bastion = await hostOf({ keys: [jump] });
    const second = await hostOf({ keys: [jump] });
    const host = await hostOf();
    const shut = await hostOf();
    await shut.stop();
    await using reach = reachOf({
      resolve: (id) => (id === second.target.id ? second.target : undefined),
    });
    const via = [`${ME}@127.0.0.1:${bastion.port}`, second.target.id];
    const answer = await reach.reader({ ...host.target, via }).run(['who'], REQUEST);
    assert.equal(answer.verdict === 'ok' && text(answer.stdout), `h${host.port}\n`);
    await throwsFault(() => asked(reach, { ...shut.target, via }), 'connection-refused');
    await reach.drop();
    keys.set(bastion.port, [lab.publicKey('stranger')]);
    await throwsFault(() => asked(reach, { ...host.target, via }), 'bastion-failed');
    keys.set(bastion.port, [bastion.hostKey]);
    // A reader's own line forwards nothing.
    const plain = await hostOf();
    await reach.drop();
    await throwsFault(
      () => asked(reach, { ...host.target, via: [`127.0.0.1:${plain.port}`] }),
      'bastion-failed',
    );
    await reach.drop();
    await leavesNone(lab.path(`r${count}/`));
  });

  it('says why a host is not reached, in time', async () => {
    await using reach = reachOf();
    const at = async (address: string): Promise<Target> => {
      const port = Number(address.split(':')[1] ?? 22);
      keys.set(port, [lab.publicKey('stranger')]);
      return sshTarget(`host:${address}`, { address });
    };
    await throwsFault(
      async () => asked(reach, await at(`127.0.0.1:${await freePort()}`)),
      'connection-refused',
    );
    await throwsFault(async () => asked(reach, await at('nowhere.invalid')), 'name-not-found');
    const hole = createServer(() => {});
    await new Promise<void>((resolve) => hole.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = hole.address() as AddressInfo;
      const began = Date.now();
      await throwsFault(async () => asked(reach, await at(`127.0.0.1:${port}`)), 'timed-out');
      assert.ok(Date.now() - began < 6_000);
    } finally {
      hole.close();
    }
    const bare = await hostOf({
      keys: [`restrict,command="/no/such" ${lab.publicKey('reader')}\n`],
    });
    await throwsFault(() => asked(reach, bare.target), 'no-wrapper');
  });

  it('outlives a server that is killed, and one that is paused', async () => {
    const host = await hostOf();
    await using reach = reachOf({ settings: { aliveSeconds: 1 } });
    const reader = reach.reader(host.target);
    await reader.run(['true'], REQUEST);
    // It is asked once more, since looking twice harms nobody, and then the host is not there.
    const cut = throwsFault(
      () => reader.run(['sleep', '20'], { seconds: 30, bytes: 10 }),
      'connection-refused',
    );
    await sleep(200);
    await host.stop();
    await cut;
    await sleep(80);
    await throwsFault(() => reader.run(['true'], REQUEST), 'connection-refused');
    await host.start();
    const again = async (left: number): Promise<string> => {
      await sleep(300);
      const answer = reader.run(['true'], REQUEST).then(({ verdict }) => verdict);
      return left === 0 ? answer : answer.catch(() => again(left - 1));
    };
    assert.equal(await again(50), 'ok');

    host.signal('SIGSTOP');
    const began = Date.now();
    try {
      await assert.rejects(reader.run(['true'], { seconds: 1, bytes: 10 }));
      assert.ok(Date.now() - began < 10_000, `${Date.now() - began} ms`);
      await assert.rejects(reader.run(['true'], { seconds: 1, bytes: 10, force: true }));
      assert.ok(Date.now() - began < 20_000, `${Date.now() - began} ms`);
    } finally {
      host.signal('SIGCONT');
    }
    assert.equal((await reader.run(['true'], { ...REQUEST, force: true })).verdict, 'ok');
  });

  it('believes no host that lies, and keeps to what sshd allows', async () => {
    const host = await hostOf({ config: ['MaxSessions 2'] });
    await using reach = reachOf();
    const reader = reach.reader(host.target);
    for (const lie of ['junk', 'wrong-id', 'die']) {
      await throwsFault(() => reader.run([lie], { ...REQUEST, force: true }), 'connection-lost');
    }
    await throwsFault(
      () => reader.run(['big', '70000'], { seconds: 5, bytes: 60_000, force: true }),
      'connection-lost',
    );
    const big = await reader.run(['big', '4000000'], { seconds: 9, bytes: 4_194_304, force: true });
    assert.equal(big.verdict === 'ok' && big.stdout.length, 4_000_000);
    const all = await Promise.all(
      Array.from({ length: 8 }, () => reader.run(['sleep', '0.1'], REQUEST)),
    );
    assert.ok(all.every(({ verdict }) => verdict === 'ok'));
    assert.equal(reach.states()[0]?.sessions, 2);
  });

  it('with 2 of 20 hosts hung, the others answer as fast as without', async (t) => {
    const hosts = await Promise.all(Array.from({ length: 20 }, () => hostOf()));
    await using reach = reachOf({ settings: { connectSeconds: 10, slackMs: 1_000 } });
    const round = async (hung: readonly number[]): Promise<{ live: number[]; whole: number }> => {
      const began = performance.now();
      const live: number[] = [];
      await Promise.all(
        hosts.map(async (host, i) => {
          const asking = reach
            .reader(host.target)
            .run(['true'], { seconds: 2, bytes: 10, force: true });
          if (hung.includes(i)) return throwsFault(() => asking, 'timed-out');
          await asking;
          return live.push(performance.now() - began);
        }),
      );
      return { live: live.sort((a, b) => a - b), whole: performance.now() - began };
    };
    // Twenty connections at once are more than two cores do in no time.
    await Promise.all(hosts.map((host) => asked(reach, host.target)));
    const p95 = (times: number[]): number => times[Math.floor(times.length * 0.95)] ?? Number.NaN;
    const quiet = [];
    for (let i = 0; i < 5; i += 1) quiet.push(p95((await round([])).live));
    for (const i of [3, 11]) hosts[i]?.signal('SIGSTOP');
    try {
      const { live, whole } = await round([3, 11]);
      t.diagnostic(
        `p95 of a round: ${quiet.map((ms) => ms.toFixed(1)).join(' ')} ms; with 2 hung: ${p95(live).toFixed(1)} ms; whole ${whole.toFixed(0)} ms`,
      );
      assert.equal(live.length, 18);
      assert.ok(p95(live) < 500, `${p95(live)}`);
      assert.ok(whole < 3_700, `${whole}`);
    } finally {
      for (const i of [3, 11]) hosts[i]?.signal('SIGCONT');
    }
  });

  it('carries frames to the runner, whose own end says what happened', async () => {
    const host = await hostOf();
    await using reach = reachOf();
    const runner = await reach.adapter.host(host.target);
    await throwsFault(() => runner.job('0'.repeat(32)), 'host-unavailable');
    host.write(
      'fake-runner',
      `#!/bin/sh\ncat >${host.directory}/frame\nprintf 'holdfast-answer 1\\nverdict ok\\ncode -\\ndetail %%\\ntime 1\\nstopped no\\nstate unspent\\nend\\n'\n`,
    );
    assert.deepEqual(await runner.job('0'.repeat(32)), { state: 'unspent' });
    assert.match(
      readFileSync(`${host.directory}/frame`, 'latin1'),
      /^holdfast-frame 1\nverb job\n/,
    );
    const dispatch = {
      order: 'o',
      signatures: [],
      part: 'p',
      stdin: null,
      standing: null,
      nonce: '',
      timeoutSeconds: 1,
    };
    host.write('fake-runner', '#!/bin/sh\nkill -9 $PPID\nsleep 1\n');
    assert.equal((await runner.run(dispatch)).verdict, 'unknown');
    await host.stop();
    await sleep(50);
    await throwsFault(() => runner.run(dispatch), 'connection-refused');
    await reach.drop();
    await leavesNone(lab.path(`r${count}/`));
  });

  it('leaves no ssh behind when its own process is killed', async () => {
    const host = await hostOf();
    const directory = lab.path('killed');
    const script = `
      import { openSshReach } from '#adapters';
      import { nodeChannels, nodeClock, nodeFiles, nodePrograms, nodeRandom } from '#machine';
      const reach = openSshReach({
        channels: nodeChannels(), programs: nodePrograms(), clock: nodeClock(), random: nodeRandom(), files: nodeFiles(),
        directory: ${JSON.stringify(directory)}, resolve: () => undefined,
        hostKeys: async () => [${JSON.stringify(host.hostKey)}],
        keyOf: async (account) => ({ keyFile: ${JSON.stringify(lab.directory)} + '/' + account }),
        settings: { users: { reader: ${JSON.stringify(ME)}, runner: ${JSON.stringify(ME)} } },
      });
      const target = ${JSON.stringify(host.target)};
      await reach.reader(target).run(['true'], { seconds: 5, bytes: 10 });
      await (await reach.adapter.host(target)).job('0'.repeat(32)).catch(() => {});
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    await new Promise((resolve) => child.once('close', resolve));
    assert.equal(child.signalCode, 'SIGKILL');
    await leavesNone(directory);
  });
});

const asked = (reach: SshReach, target: Target): Promise<unknown> =>
  reach.reader(target).run(['true'], REQUEST);

/** A public key of a type that no host here has. */
const ECDSA =
  'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=';

/** A watcher ends by itself once its ssh is gone, a moment later. */
async function leavesNone(directory: string): Promise<void> {
  for (let i = 0; i < 600 && sshOf(directory).length > 0; i += 1) await sleep(50);
  assert.deepEqual(sshOf(directory), []);
}

function sshOf(directory: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')}`;
      } catch {
        return '';
      }
    })
    .filter((line) => line.includes(directory));
}
