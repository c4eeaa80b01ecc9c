/** What may be proposed of a node of Talos, on the change road in memory. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChangeView } from '#execution';
import { aChangeWorld, aProposal, FLEET, OPERATOR } from '#test/change-world';

const NODE = 'host:cp-1';
const NODES = `${FLEET}  ${NODE}:
    hostType: talos
    environment: test
    transport: talos
    address: 10.5.0.2
`;
const IMAGE = `ghcr.io/siderolabs/installer:v1.10.0@sha256:${'a'.repeat(64)}`;

type Propose = (
  action: string,
  args: Record<string, string>,
  target?: string,
) => Promise<ChangeView>;

async function aNodeThat(healthy: boolean): Promise<Propose> {
  const world = await aChangeWorld({ fleet: NODES });
  for (const [name, value] of [
    ['config', '/etc/holdfast/talosconfig'],
    ['address', '10.5.0.2'],
    ['healthy', healthy],
    ['machine.ready', true],
    ['machine.stage', 'running'],
  ] as const)
    world.facts.set(`${NODE} node:cp-1 ${name}`, value);
  await world.record();
  return (action, args, target = NODE) =>
    world.road.propose(OPERATOR, aProposal({ action, targets: [target], arguments: args }));
}

describe('an action on a node of Talos', () => {
  it('is refused on a machine of another kind', async () => {
    const told = await (await aNodeThat(true))('talos.reboot', { mode: 'default' }, 'host:web-1');
    assert.equal(told.decision.because, 'wrong-host-type', JSON.stringify(told.decision));
  });

  it('is no upgrade while the cluster is not healthy', async () => {
    const told = await (await aNodeThat(false))('talos.upgrade', { image: IMAGE });
    assert.equal(told.decision.because, 'state-moved', JSON.stringify(told.decision));
  });

  it('takes no image by its tag, no option, and no default for what is lost', async () => {
    const propose = await aNodeThat(true);
    for (const [action, args] of [
      ['talos.upgrade', { image: 'ghcr.io/siderolabs/installer:v1.10.0' }],
      ['talos.upgrade', { image: `--force@sha256:${'a'.repeat(64)}` }],
      ['talos.upgrade', { image: `${IMAGE} --force` }],
      ['talos.reset', { afterwards: 'reboot' }],
      ['talos.reset', { wipe: 'all' }],
      ['talos.reset', { wipe: 'all', afterwards: 'reboot', node: '10.5.0.3' }],
      ['talos.apply-config', { file: '/srv/talos/a.yaml', mode: 'reboot' }],
      ['talos.apply-config', { file: '/etc/passwd', mode: 'try' }],
      ['talos.service-restart', { service: '--help' }],
    ] as const) {
      const told = await propose(action, args);
      assert.equal(told.decision.because, 'invalid-arguments', `${action} ${JSON.stringify(args)}`);
    }
  });
});
