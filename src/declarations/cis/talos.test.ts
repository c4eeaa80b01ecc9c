import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileProfile, controlStates } from './compile-profile.ts';
import { aboutOf, objections, type SampleFact, shippedProfile } from './samples.ts';

const setting = (path: string, value: SampleFact[2]): SampleFact => [
  `node_setting:cp-1/${path}`,
  'value',
  value,
];
/** As the look at a node of Talos tells them, field by field. */
const NODE: readonly SampleFact[] = [
  setting('machine.features.rbac', true),
  setting('machine.features.apidCheckExtKeyUsage', true),
  setting('machine.kubelet.image', 'ghcr.io/siderolabs/kubelet:v1.33.0'),
  setting('machine.kubelet.defaultRuntimeSeccompProfileEnabled', true),
  setting('machine.kubelet.disableManifestsDirectory', true),
];
const CONTROL_PLANE: readonly SampleFact[] = [
  ...NODE,
  setting('machine.type', 'controlplane'),
  setting('cluster.apiServer.admissionControl', [{ name: 'PodSecurity' }]),
  setting('cluster.apiServer.auditPolicy.kind', 'Policy'),
  setting('cluster.secretboxEncryptionSecret', { masked: true }),
  setting('cluster.controlPlane.endpoint', 'https://10.0.0.1:6443'),
];
const objected = (facts: readonly SampleFact[]): string[] =>
  objections(
    compileProfile(
      shippedProfile('talos-kubernetes'),
      'talos-kubernetes',
      aboutOf(facts, 'host:cp-1'),
    ),
    facts,
  );

describe('the profile of Talos and Kubernetes', () => {
  it('has nothing against a node that is set up as it says', () => {
    assert.deepEqual(objected(CONTROL_PLANE), []);
  });

  it('tells what is set up otherwise, each by its control', () => {
    const facts = [
      ...CONTROL_PLANE.filter(([entity]) => !/secretbox|rbac/.test(entity)),
      setting('machine.kubelet.extraArgs.anonymous-auth', 'true'),
      setting('cluster.apiServer.extraArgs.authorization-mode', 'Node,RBAC,AlwaysAllow'),
      setting('cluster.apiServer.extraArgs.token-auth-file', '/var/tokens'),
      setting('machine.install.image', 'ghcr.io/siderolabs/installer:latest'),
    ];
    assert.deepEqual(objected(facts), [
      'api.authorization node_setting:cp-1/cluster.apiServer.extraArgs.authorization-mode *',
      'api.secrets node_setting:cp-1/cluster.secretboxEncryptionSecret *',
      'api.token-file node_setting:cp-1/cluster.apiServer.extraArgs.token-auth-file *',
      'kubelet.anonymous node_setting:cp-1/machine.kubelet.extraArgs.anonymous-auth value',
      'node.installer node_setting:cp-1/machine.install.image *',
      'node.rbac node_setting:cp-1/machine.features.rbac *',
    ]);
  });

  it('asks a worker only what nodes are asked, and every node where its kind is not known', () => {
    assert.deepEqual(objected([...NODE, setting('machine.type', 'worker')]), []);
    assert.ok(objected(NODE).some((each) => each.startsWith('api.secrets ')));
  });

  it('names what the platform sees to, with the reason', () => {
    const states = controlStates(shippedProfile('talos-kubernetes'), aboutOf([], 'host:cp-1'));
    const platform = states.filter(({ state }) => state === 'platform');
    assert.equal(platform.length, 8);
    assert.ok(platform.every(({ reason }) => (reason ?? '').length > 20));
  });
});
