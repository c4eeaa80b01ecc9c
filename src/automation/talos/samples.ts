/**
 * A node of Talos, answered by a scripted `talosctl` in a directory of the test. What it says was made after the
 * published documentation of Talos 1.10 (resources as JSON objects one after another, `version` as text, the fields
 * of Services.v1alpha1, MachineStatuses.runtime, Members.cluster and MachineConfigs.config); it was not recorded.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '#base/json';
import { nodeClock, nodeFiles, nodeMachineFiles, nodePrograms, nodeRandom } from '#machine';
import type { TalosLookRequest } from './look.ts';

export const CLUSTER_SECRET = 'pVdF8MTrgZ0xJ7o5cluster0secret0value0aaaaaa=';
export const MACHINE_TOKEN = 'r96ixa.qa0j3o3ddznzw9pv';

export const MACHINE_CONFIG = `version: v1alpha1 # Indicates the schema used to decode the contents.
debug: false
machine:
    type: controlplane # Defines the role of the machine within the cluster.
    token: ${MACHINE_TOKEN}
    ca:
        crt: LS0tLS1CRUdJTg==
        key: LS0tLS1CRUdJTiBFRDI1NTE5IFBSSVZBVEUgS0VZLS0tLS0K
    kubelet:
        image: ghcr.io/siderolabs/kubelet:v1.33.0
        defaultRuntimeSeccompProfileEnabled: true
    sysctls:
        net.ipv4.ip_forward: "0"
    files:
        - path: /var/secret
          content: ${CLUSTER_SECRET}
    systemDiskEncryption:
        ephemeral:
            keys:
                - slot: 0
                  static:
                      passphrase: ${CLUSTER_SECRET}
cluster:
    secret: ${CLUSTER_SECRET}
    allowSchedulingOnControlPlanes: false
---
apiVersion: v1alpha1
kind: TrustedRootsConfig
name: own-ca
certificates: none
`;

export const VERSION = `Client:
	Tag:         v1.10.0
	SHA:         f2a2d5d8
	Built:
	Go version:  go1.24.2
	OS/Arch:     linux/amd64
Server:
	NODE:        10.5.0.2
	Tag:         v1.9.5
	SHA:         d07f6daa
	Built:
	Go version:  go1.23.7
	OS/Arch:     linux/amd64
	Enabled:     RBAC
`;

export function resources(type: string, ...specs: readonly (readonly [string, Json])[]): string {
  return specs
    .map(([id, spec]) => {
      const metadata = { namespace: 'runtime', type, id, version: 1, phase: 'running' };
      return `${JSON.stringify({ metadata, node: '10.5.0.2', spec }, null, 4)}\n`;
    })
    .join('');
}

export const ANSWERS: Readonly<Record<string, string>> = {
  version: VERSION,
  'get machinestatus -o json': resources('MachineStatuses.runtime.talos.dev', [
    'machine',
    { stage: 'running', status: { ready: true, unmetConditions: [] } },
  ]),
  'get machinetype -o json': resources('MachineTypes.config.talos.dev', [
    'machine-type',
    'controlplane',
  ]),
  'get services -o json': resources(
    'Services.v1alpha1.talos.dev',
    ['apid', { running: true, healthy: true, unknown: false }],
    ['kubelet', { running: true, healthy: false, unknown: false }],
    ['udevd', { running: false, healthy: false, unknown: true }],
  ),
  'get members -o json': resources(
    'Members.cluster.talos.dev',
    ['cp-1', { nodeId: 'a', hostname: 'cp-1', machineType: 'controlplane' }],
    ['w-1', { nodeId: 'b', hostname: 'w-1', machineType: 'worker' }],
  ),
  'get machineconfig -o json': resources('MachineConfigs.config.talos.dev', [
    'v1alpha1',
    MACHINE_CONFIG,
  ]),
  'health --wait-timeout 30s': '',
};

export type Rig = Disposable & {
  readonly directory: string;
  readonly config: string;
  readonly path: string;
  request: TalosLookRequest;
  /** Every argv so far. */
  asked(): readonly string[];
  answers(
    said: Readonly<Record<string, string | { readonly exit: number; readonly stderr: string }>>,
  ): void;
};

export function aNode(): Rig {
  const directory = mkdtempSync(join(tmpdir(), 'hf-talos-'));
  const [bin, said, state] = ['bin', 'said', 'state'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const each of [bin, said, state]) mkdirSync(each, { mode: 0o700 });
  const config = join(directory, 'talosconfig');
  writeFileSync(config, 'context: test\n', { mode: 0o600 });
  // Its environment is a list: where its answers lie stands in the script itself.
  writeFileSync(
    join(bin, 'talosctl'),
    `#!/bin/sh
printf '%s\\n' "$*" >>'${directory}/asked'
env >'${directory}/environment'
shift 4
name=$(printf '%s' "$*" | tr ' /' '__')
[ -f '${said}'/"$name" ] || exit 0
[ ! -f '${said}'/"$name.err" ] || cat '${said}'/"$name.err" >&2
cat '${said}'/"$name"
[ ! -f '${said}'/"$name.exit" ] || exit "$(cat '${said}'/"$name.exit")"
`,
  );
  chmodSync(join(bin, 'talosctl'), 0o755);
  const programs = nodePrograms();
  const rig: Rig = {
    directory,
    config,
    path: bin,
    request: {
      programs: {
        // The one that is scripted stands in for the one that is installed.
        run: (run) => programs.run({ ...run, env: { ...run.env, PATH: `${bin}:/usr/bin:/bin` } }),
      },
      files: nodeFiles(),
      machineFiles: nodeMachineFiles(),
      clock: nodeClock(),
      random: nodeRandom(),
      target: { id: 'host:cp-1', address: '10.5.0.2' },
      talos: { target: 'host:cp-1', config, at: 'automation.yaml:3' },
      stateDirectory: state,
    },
    asked: () => {
      try {
        return readFileSync(join(directory, 'asked'), 'utf8').split('\n').filter(Boolean);
      } catch {
        return [];
      }
    },
    answers: (given) => {
      for (const [question, answer] of Object.entries(given)) {
        const name = join(said, question.replaceAll(/[ /]/g, '_'));
        writeFileSync(name, typeof answer === 'string' ? answer : '');
        for (const end of ['err', 'exit']) rmSync(`${name}.${end}`, { force: true });
        if (typeof answer === 'string') continue;
        writeFileSync(`${name}.err`, answer.stderr);
        writeFileSync(`${name}.exit`, String(answer.exit));
      }
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
  rig.answers(ANSWERS);
  return rig;
}
