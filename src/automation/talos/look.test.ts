import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Json } from '#base/json';
import type { ToolLook } from '../tool-look.ts';
import { nodeProblem, talosLook } from './look.ts';
import { readResources } from './read.ts';
import { ANSWERS, aNode, CLUSTER_SECRET, MACHINE_TOKEN, type Rig, resources } from './samples.ts';

function valueOf(look: ToolLook, entity: string, attribute = 'value'): Json | undefined {
  return look.facts.find((fact) => fact.entity === entity && fact.attribute === attribute)?.value;
}

describe('a look at a node of Talos', () => {
  it('tells versions, stage, services, members, settings and health', async () => {
    using rig = aNode();
    const look = await talosLook(rig.request);
    assert.deepEqual(look.shortfalls, []);
    assert.deepEqual(look.complete, ['host', 'node', 'node_setting', 'service']);
    assert.equal(valueOf(look, 'host:cp-1', 'os.version'), 'v1.9.5');
    assert.equal(valueOf(look, 'node:cp-1', 'version.client'), 'v1.10.0');
    assert.equal(valueOf(look, 'node:cp-1', 'machine.stage'), 'running');
    assert.equal(valueOf(look, 'node:cp-1', 'machine.ready'), true);
    assert.equal(valueOf(look, 'node:cp-1', 'machine.type'), 'controlplane');
    assert.deepEqual(valueOf(look, 'node:cp-1', 'members'), ['cp-1', 'w-1']);
    assert.equal(valueOf(look, 'node:cp-1', 'healthy'), true);
    assert.equal(valueOf(look, 'service:cp-1/apid', 'state.current'), 'healthy');
    assert.equal(valueOf(look, 'service:cp-1/kubelet', 'state.current'), 'unhealthy');
    assert.equal(valueOf(look, 'service:cp-1/udevd', 'state.active'), 'inactive');
    const image = 'node_setting:cp-1/machine.kubelet.image';
    assert.equal(valueOf(look, image), 'ghcr.io/siderolabs/kubelet:v1.33.0');
    assert.equal(valueOf(look, 'node_setting:cp-1/cluster.allowSchedulingOnControlPlanes'), false);
    assert.equal(valueOf(look, 'node_setting:cp-1/machine.sysctls.net.ipv4.ip_forward'), '0');
    assert.equal(valueOf(look, 'node_setting:cp-1/TrustedRootsConfig/own-ca.certificates'), 'none');
  });

  it('tells no key and no token of the cluster', async () => {
    using rig = aNode();
    const look = JSON.stringify(await talosLook(rig.request));
    for (const secret of [CLUSTER_SECRET, MACHINE_TOKEN, 'LS0tLS1CRUdJTiBFRDI1NTE5'])
      assert.ok(!look.includes(secret), secret);
    assert.ok(look.includes('machine.token'), 'that there is one is told');
  });

  it('takes a configuration that is one object as well', async () => {
    using rig = aNode();
    const spec = { machine: { type: 'worker', token: MACHINE_TOKEN } };
    rig.answers({
      'get machineconfig -o json': resources('MachineConfigs.config.talos.dev', ['v1alpha1', spec]),
    });
    const look = await talosLook(rig.request);
    assert.equal(valueOf(look, 'node_setting:cp-1/machine.type'), 'worker');
  });

  it('asks one node only what changes nothing, with an environment that is a list', async () => {
    using rig = aNode();
    await talosLook(rig.request);
    const asked = rig.asked();
    assert.deepEqual(
      asked
        .map((each) => each.replace(`--talosconfig ${rig.config} --nodes 10.5.0.2 `, ''))
        .toSorted(),
      Object.keys(ANSWERS).toSorted(),
    );
    const environment = readFileSync(join(rig.directory, 'environment'), 'utf8');
    const names = environment.split('\n').map((line) => line.split('=')[0] ?? '');
    for (const name of names)
      assert.ok(['HOME', 'LC_ALL', 'PATH', 'PWD', '_', 'SHLVL', 'OLDPWD', ''].includes(name), name);
  });

  it('leaves out what it may not ask, and says so', async () => {
    using rig = aNode();
    rig.answers({
      'get machineconfig -o json': {
        exit: 1,
        stderr: `rpc error: code = PermissionDenied ${CLUSTER_SECRET}`,
      },
    });
    const look = await talosLook(rig.request);
    assert.deepEqual(look.complete, ['host', 'node', 'service']);
    assert.match(look.shortfalls[0]?.reason ?? '', /needs os:admin/);
    assert.ok(!JSON.stringify(look).includes(CLUSTER_SECRET));
  });

  it('is no look at all where the node does not answer, or as nobody knows it', async () => {
    for (const [version, why] of [
      [{ exit: 1, stderr: 'rpc error: code = Unavailable' }, /out of reach/],
      ['Client:\n\tTag: v1.10.0\n', /not known: version/],
      ['', /not known: version/],
    ] as const) {
      using rig = aNode();
      rig.answers({ version });
      const look = await talosLook(rig.request);
      assert.deepEqual(look.facts, []);
      assert.equal(look.shortfalls.length, 4);
      assert.match(look.shortfalls[0]?.reason ?? '', why);
    }
  });

  it('is short of a kind whose answer is cut, empty or of another form', async () => {
    for (const services of ['', '{\n', '[]\n', '{}\n'])
      assert.throws(() => readResources(services, 'services'), /not known: services/);
    for (const services of [resources('x', ['kubelet', { running: 'yes' }])]) {
      using rig = aNode();
      rig.answers({ 'get services -o json': services });
      const look = await talosLook(rig.request);
      assert.deepEqual(look.complete, ['host', 'node', 'node_setting'], services);
    }
  });

  it('is not healthy unless its checks pass', async () => {
    using rig = aNode();
    rig.answers({ 'health --wait-timeout 30s': { exit: 1, stderr: 'etcd is not healthy' } });
    assert.equal(valueOf(await talosLook(rig.request), 'node:cp-1', 'healthy'), false);
  });

  it('uses no credentials that others can read, and asks nothing that is no node', async () => {
    using rig = aNode();
    chmodSync(rig.config, 0o640);
    const open = await talosLook(rig.request);
    assert.match(open.shortfalls[0]?.reason ?? '', /mode 0600/);
    using other = aNode();
    const target = { id: 'host:cp-1', address: '10.5.0.2,10.5.0.3' };
    const two = await talosLook({ ...other.request, target });
    assert.match(two.shortfalls[0]?.reason ?? '', /no host name/);
    assert.deepEqual([...rig.asked(), ...other.asked()], []);
  });
});

describe('an address of a node', () => {
  it('is an IP address or a host name, and nothing else', () => {
    for (const good of ['10.5.0.2', 'fd00::1', 'cp-1', 'cp-1.example.org'])
      assert.equal(nodeProblem(good), undefined, good);
    for (const bad of [
      '',
      '-n',
      '10.5.0.2:50000',
      '10.5.0.2,10.5.0.3',
      'a b',
      '10.5.0',
      '[fd00::1]',
      'a..b',
      `${'a'.repeat(64)}.b`,
      'fd00::zz',
      'a_b',
    ])
      assert.notEqual(nodeProblem(bad), undefined, bad);
  });
});

describe('what is done to a node', () => {
  const SCRIPT = join(import.meta.dirname, '..', '..', '..', 'host', 'automation', 'talos-run');
  const DIGEST = 'a'.repeat(64);

  /** The helper finds programs in places of the system: the scripted one is put before them. */
  function run(
    rig: Rig,
    ...words: readonly string[]
  ): { readonly status: number | null; readonly said: string } {
    const text = readFileSync(SCRIPT, 'utf8').replace(
      'PATH=/usr/local/sbin:',
      `PATH=${rig.path}:/usr/local/sbin:`,
    );
    const script = join(rig.directory, 'talos-run');
    writeFileSync(script, text, { mode: 0o755 });
    const ran = spawnSync(script, ['--config', rig.config, '--node', '10.5.0.2', ...words], {
      encoding: 'utf8',
    });
    return { status: ran.status, said: ran.stderr };
  }

  it('is one fixed verb with fixed options', () => {
    const head = (rig: Rig): string => `--talosconfig ${rig.config} --nodes 10.5.0.2`;
    const image = `ghcr.io/siderolabs/installer:v1.10.0@sha256:${DIGEST}`;
    for (const [words, asked] of [
      [['service-restart', '--service', 'kubelet'], ['service kubelet restart']],
      [['reboot', '--mode', 'powercycle'], ['reboot --mode powercycle --wait --timeout 25m']],
      [
        ['upgrade', '--image', image],
        ['health --wait-timeout 60s', `upgrade --image ${image} --wait --timeout 25m`],
      ],
      [
        ['apply-config', '--mode', 'staged', '--file', '/srv/talos/a.yaml'],
        ['apply-config --mode staged --file /srv/talos/a.yaml'],
      ],
      [
        ['reset', '--wipe', 'system-disk', '--afterwards', 'shutdown'],
        ['reset --wipe-mode system-disk --reboot=false --graceful=true --wait --timeout 25m'],
      ],
    ] as const) {
      using rig = aNode();
      const { status, said } = run(rig, ...words);
      assert.equal(status, 0, said);
      assert.deepEqual(
        rig.asked(),
        asked.map((each) => `${head(rig)} ${each}`),
      );
    }
  });

  it('is not an upgrade while the checks of the cluster do not pass', () => {
    using rig = aNode();
    rig.answers({ 'health --wait-timeout 60s': { exit: 1, stderr: 'no' } });
    const { status } = run(rig, 'upgrade', '--image', `a/b@sha256:${DIGEST}`);
    assert.equal(status, 68);
    assert.ok(!rig.asked().some((each) => each.includes('upgrade')));
  });

  it('is nothing that was not foreseen', () => {
    for (const words of [
      [],
      ['bootstrap'],
      ['reset'],
      ['reset', '--wipe', 'system-disk'],
      ['reset', '--wipe', 'everything', '--afterwards', 'reboot'],
      ['reset', '--wipe', 'all', '--afterwards', '--insecure'],
      ['upgrade', '--image', 'ghcr.io/siderolabs/installer:v1.10.0'],
      ['upgrade', '--image', `a@sha256:${DIGEST}0`],
      ['upgrade', '--image', `--force@sha256:${DIGEST}`],
      ['upgrade', '--image', `a@sha256:${DIGEST}`, '--force'],
      ['apply-config', '--mode', 'auto', '--file', '/srv/a'],
      ['apply-config', '--mode', 'staged', '--file', '../a'],
      ['apply-config', '--mode', 'staged', '--file', '/srv/../a'],
      ['service-restart', '--service', '--help'],
      ['service-restart', '--service', 'a b'],
      ['reboot', '--mode', 'force'],
      ['reboot', '--debug', 'default'],
    ]) {
      using rig = aNode();
      assert.equal(run(rig, ...words).status, 64, words.join(' '));
      assert.deepEqual(rig.asked(), [], words.join(' '));
    }
    using rig = aNode();
    const two = spawnSync(SCRIPT, [
      '--config',
      rig.config,
      '--node',
      '10.5.0.2,10.5.0.3',
      'reboot',
      '--mode',
      'default',
    ]);
    assert.equal(two.status, 64);
  });
});
