/** The real scripts of hosts over real OpenSSH: what every adapter owes, owed over a network too. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { after, before, describe } from 'node:test';
import { enrolLocal, openSshReach, type SshReach } from '#adapters';
import { buildJudge, compileGrammar, parseEntries } from '#commands';
import { adapterContract, type ContractHost } from '#contract/adapters/adapter';
import { nodeChannels, nodeClock, nodeFiles, nodePrograms, nodeRandom } from '#machine';
import { aKey } from '#samples/authority';
import { ME, SshLab, sshTarget, whyNoSshd } from '#test/sshd';

const HOST = resolve('host/holdfast-host');
const READ = resolve('host/read');
const SURROUNDINGS = {
  paths: { roots: ['/'], denials: [], exceptions: [], wide: [] },
  networks: [],
  hosts: [],
} as const;
const ECHO = `family: test
entries:
  - program: echo
    summary: says words
    forms:
      - class: read
        means: says them
        operands: [{ name: word, value: text, min: 0, max: 9 }]
`;

describe('a host over OpenSSH', { skip: whyNoSshd() }, () => {
  let lab: SshLab;
  let reach: SshReach;
  let count = 0;
  const hostKeys = new Map<number, readonly string[]>();
  before(() => {
    lab = new SshLab();
    reach = openSshReach({
      channels: nodeChannels(),
      programs: nodePrograms(),
      clock: nodeClock(),
      random: nodeRandom(),
      files: nodeFiles(),
      directory: lab.path('reach'),
      resolve: () => undefined,
      hostKeys: async ({ port }) => hostKeys.get(port) ?? [],
      keyOf: async (account) => ({ keyFile: lab.key(account) }),
      settings: { users: { reader: ME, runner: ME } },
    });
  });
  after(async () => {
    await reach?.[Symbol.asyncDispose]();
    await lab?.[Symbol.asyncDispose]();
  });

  adapterContract('one over OpenSSH', async (): Promise<ContractHost> => {
    const server = await lab.sshd();
    count += 1;
    hostKeys.set(server.port, [server.hostKey]);
    const directory = lab.path(`host${count}`);
    await enrolLocal({
      programs: nodePrograms(),
      files: nodeFiles(),
      random: nodeRandom(),
      directory,
      organisation: 'example',
      controlPlaneKey: aKey('control-plane').line,
    });
    const grammar = compileGrammar(
      buildJudge(parseEntries(ECHO, 'echo.yaml', true), SURROUNDINGS),
      SURROUNDINGS,
      1,
    );
    server.write('grammar', grammar);
    // host/run does the same with the one directory a host has.
    server.write('run', `#!/bin/sh\n[ $# -eq 0 ] || exit 64\nexec ${HOST} ${directory}\n`);
    const forced = (command: string, key: string): string =>
      `restrict,command="${command}" ${lab.publicKey(key)}\n`;
    server.write(
      'authorized_keys',
      forced(`${READ} ${server.directory}`, 'reader') + forced(`${server.directory}/run`, 'runner'),
    );
    const target = sshTarget(`host:h${count}`, { address: server.address });
    return {
      host: await reach.adapter.host(target),
      now: () => Math.floor(Date.now() / 1000),
      runAs: execFileSync('id', ['-un'], { encoding: 'utf8' }).trim(),
      async dispose() {
        await reach.drop(target.id);
        await server.stop();
      },
    };
  });
});
