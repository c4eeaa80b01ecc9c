/** Hosts over real OpenSSH: sshd on loopback, one port for each host. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { type OpenSsh, openSshReach, type SshReach } from '#adapters';
import { nodeChannels, nodeClock, nodeFiles, nodePrograms, nodeRandom } from '#machine';
import type { Target } from '#model';
import { ME, type Sshd, SshLab, sshTarget, whyNoSshd } from '#test/sshd';
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
    assert.deepEqual(sshOf(directory), []);
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
});

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
