/** The real script, on this machine, enrolled as an operator's machine is. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { nodeFiles, nodeMachineFiles, nodePrograms, nodeRandom } from '#machine';
import type { Target } from '#model';
import { aKey } from '#samples/authority';
import { throwsFault } from '#test/throws-fault';
import { adapterContract, type ContractHost } from '../adapter.contract.ts';
import type { Host } from '../adapter.ts';
import { enrolLocal } from './enrol-local.ts';
import { localAdapter } from './local-adapter.ts';

const TARGET = { id: 'host:here' } as unknown as Target;
const SCRIPT = resolve('host/holdfast-host');
const programs = nodePrograms();

const hostIn = (directory: string, script = SCRIPT): Promise<Host> =>
  localAdapter({
    programs,
    machineFiles: nodeMachineFiles(),
    script,
    directory,
    uid: process.getuid?.() ?? -1,
  }).host(TARGET);

const enrol = (directory: string): ReturnType<typeof enrolLocal> =>
  enrolLocal({
    programs,
    files: nodeFiles(),
    random: nodeRandom(),
    directory,
    organisation: 'example',
    controlPlaneKey: aKey('control-plane').line,
  });

async function open(): Promise<ContractHost> {
  const parent = mkdtempSync(join(tmpdir(), 'holdfast-local-'));
  const directory = join(parent, 'host');
  await enrol(directory);
  return {
    host: await hostIn(directory),
    now: () => Math.floor(Date.now() / 1000),
    runAs: execFileSync('id', ['-un'], { encoding: 'utf8' }).trim(),
    async dispose() {
      rmSync(parent, { recursive: true, force: true });
    },
  };
}

adapterContract('this machine', open);

describe('the local adapter', () => {
  it('refuses where the script or the directory is missing, or not ours alone', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'holdfast-local-'));
    const directory = join(parent, 'host');
    await throwsFault(() => hostIn(directory), 'host-unavailable');
    await enrol(directory);
    await hostIn(directory);
    await throwsFault(() => hostIn(directory, join(parent, 'no-script')), 'host-unavailable');
    await throwsFault(() => enrol(directory), 'already-enrolled');
    chmodSync(directory, 0o750);
    await throwsFault(() => hostIn(directory), 'host-unavailable');
    chmodSync(directory, 0o700);
    const host = await hostIn(directory);
    chmodSync(directory, 0o777);
    // The script looks for itself, each time.
    await throwsFault(() => host.status(), 'host-unavailable');
    assert.equal(rmSync(parent, { recursive: true }), undefined);
  });
});
