/** The real wrapper of hosts, over real OpenSSH. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { it } from 'node:test';
import { openSshReach } from '#adapters';
import { nodeChannels, nodeClock, nodeFiles, nodePrograms, nodeRandom } from '#machine';
import { ME, SshLab, sshTarget, whyNoSshd } from '#test/sshd';

const READ = resolve('host/read');
const skip = whyNoSshd() || (existsSync(READ) ? false : 'host/read is not there');

it('the wrapper answers over a kept session, and refuses what its grammar does not know', {
  skip,
}, async () => {
  await using lab = new SshLab();
  const server = await lab.sshd();
  server.write(
    'grammar',
    `${['holdfast-grammar\t1', 'version\t1', 'root\t/', 'entry\tuptime\tgetopt\t-', 'form\t-\t-', 'end\t0'].join('\n')}\n`,
  );
  server.write(
    'authorized_keys',
    `restrict,command="${READ} ${server.directory}" ${lab.publicKey('reader')}\n`,
  );
  await using reach = openSshReach({
    channels: nodeChannels(),
    programs: nodePrograms(),
    clock: nodeClock(),
    random: nodeRandom(),
    files: nodeFiles(),
    directory: lab.path('reach'),
    resolve: () => undefined,
    hostKeys: async () => [server.hostKey],
    keyOf: async () => ({ keyFile: lab.key('reader') }),
    settings: { users: { reader: ME, runner: ME } },
  });
  const reader = reach.reader(sshTarget('host:real', { address: server.address }));
  for (const argv of [['no-such-program'], ['sh', '-c', 'id']] as const) {
    const answer = await reader.run(argv, { seconds: 10, bytes: 1_000 });
    assert.equal(answer.verdict, 'refused', JSON.stringify(answer));
  }
  assert.equal(reach.states()[0]?.sessions, 1);
});
