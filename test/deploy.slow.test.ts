/** The same enrolment by other hands: the plain script and the Ansible role, and the answers they bring back. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { anEnroller, type Enroller } from './support/enrolment.ts';
import { type Fleet, fleetUnavailable, startFleet } from './support/fleet.ts';

const skip = await fleetUnavailable();
const DEPLOY = join(import.meta.dirname, '..', 'deploy');
const noAnsible =
  spawnSync('ansible-playbook', ['--version'], { stdio: 'ignore' }).status === 0
    ? false
    : 'needs ansible-playbook (package ansible-core)';

describe('enrolling by other hands', { skip, timeout: 600_000 }, () => {
  let fleet: Fleet;
  let one: Enroller;
  let script: string;
  before(async () => {
    fleet = await startFleet({ hosts: 3, kinds: ['no-sudo'] });
    one = await anEnroller(fleet.hosts.map(({ name, address }) => [name, address] as const));
    script = join(dirname(one.home), 'enrol.sh');
    const { out } = await one.cli('enroll', 'web-1', '--write');
    writeFileSync(script, out);
  });
  after(async () => {
    await one?.[Symbol.asyncDispose]();
    await fleet?.[Symbol.asyncDispose]();
  });
  const states = async (): Promise<readonly string[]> =>
    (
      await one.must<{ hosts: { target: string; state: string; capability: string }[] }>(0, 'hosts')
    ).hosts.map(({ target, state, capability }) => `${target} ${state} ${capability}`);
  const take = (name: string, answer: string): Promise<unknown> =>
    one.must(0, 'enroll', name, '--answer', answer, '--no-sign');

  it('works with the plain script, with sudo and without, and again when the answer was lost', async () => {
    const place = join(dirname(one.home), 'bin');
    execFileSync('mkdir', [place]);
    writeFileSync(join(place, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F ${fleet.sshConfig} "$@"\n`);
    chmodSync(join(place, 'ssh'), 0o755);
    const env = { ...process.env, PATH: `${place}${delimiter}${process.env['PATH'] ?? ''}` };
    for (const [name, alias] of [
      ['web-1', 'web-1'],
      ['no-sudo-1', 'root@no-sudo-1'],
    ] as const) {
      const enrol = (): string =>
        execFileSync(join(DEPLOY, 'enroll.sh'), [script, alias], { env, encoding: 'utf8' });
      const id = (text: string): string | undefined => /^target (\S+)$/m.exec(text)?.[1];
      const answer = join(dirname(one.home), `${name}.answer`);
      const lost = enrol();
      writeFileSync(answer, enrol());
      assert.equal(id(execFileSync('cat', [answer], { encoding: 'utf8' })), id(lost));
      await take(name, answer);
    }
    await one.sign();
    assert.deepEqual((await states()).toSorted(), [
      'host:no-sudo-1 enrolled full',
      'host:web-1 enrolled full',
    ]);
    for (const name of ['web-1', 'no-sudo-1']) {
      const { unreachable } = await one.must<{ unreachable: string | null }>(
        0,
        'observe',
        `host:${name}`,
      );
      assert.equal(unreachable, null, name);
    }
  });

  it('works with the Ansible role', { skip: noAnsible }, async () => {
    const answers = join(dirname(one.home), 'answers');
    const inventory = join(dirname(one.home), 'inventory.ini');
    const common = `ansible_ssh_common_args='-F ${fleet.sshConfig}' ansible_python_interpreter=/usr/bin/python3`;
    writeFileSync(inventory, `[web]\nweb-2 ${common}\nweb-3 ${common}\n`);
    const play = (): string =>
      execFileSync(
        'ansible-playbook',
        [
          '-i',
          inventory,
          join(DEPLOY, 'ansible', 'enroll.yml'),
          '-e',
          `holdfast_script=${script}`,
          '-e',
          `holdfast_answers=${answers}`,
        ],
        { encoding: 'utf8', env: { ...process.env, ANSIBLE_NOCOWS: '1', LC_ALL: 'C.UTF-8' } },
      );
    assert.match(play(), /web-2 +: ok=/);
    for (const name of ['web-2', 'web-3']) await take(name, join(answers, `${name}.answer`));
    await one.sign();
    assert.equal((await states()).length, 4);
    const { unreachable } = await one.must<{ unreachable: string | null }>(
      0,
      'observe',
      'host:web-3',
    );
    assert.equal(unreachable, null);
  });
});
