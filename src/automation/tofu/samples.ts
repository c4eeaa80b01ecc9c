/** A stack whose program answers what a test scripts, in the published forms of Terraform 1.11. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '#base/json';
import type { ProgramRun, Programs } from '#base/ports';
import { nodeClock, nodeFiles, nodeMachineFiles, nodeRandom } from '#machine';
import type { TofuLookRequest } from './look.ts';

export const SECRET = 'correct horse battery staple';

export type Bench = Disposable & {
  readonly root: string;
  readonly state: string;
  readonly runs: ProgramRun[];
  request: TofuLookRequest;
};

export type Script = {
  plan: Json;
  refresh: Json;
  serial: number;
  /** Said by `plan` in place of an answer. */
  fails: { readonly exit: number; readonly stderr: string } | null;
};

const NOTHING = {
  exit: 0,
  ended: 'exited',
  stdout: new Uint8Array(),
  stderr: new Uint8Array(),
} as const;

export function aStack(script: Script, programs?: Programs): Bench {
  const top = mkdtempSync(join(tmpdir(), 'hf-tofu-'));
  const root = join(top, 'edge');
  const state = join(top, 'state');
  for (const each of [root, state]) mkdirSync(each, { mode: 0o700 });
  chmodSync(top, 0o755);
  writeFileSync(join(root, 'main.tf'), '# what it says is scripted\n', { mode: 0o644 });
  const runs: ProgramRun[] = [];
  let isRefresh = false;
  const scripted: Programs = {
    run: async (run) => {
      runs.push(run);
      const [, , verb] = run.argv;
      if (verb === 'state') {
        const lineage = '64346894-5a82-506a-1ed5-42f0ebebcd74';
        const said = { version: 4, serial: script.serial, lineage, outputs: { pw: SECRET } };
        return { ...NOTHING, stdout: Buffer.from(JSON.stringify(said)) };
      }
      if (verb === 'show')
        return {
          ...NOTHING,
          stdout: Buffer.from(JSON.stringify(isRefresh ? script.refresh : script.plan)),
        };
      isRefresh = run.argv.includes('-refresh-only');
      if (script.fails !== null)
        return { ...NOTHING, exit: script.fails.exit, stderr: Buffer.from(script.fails.stderr) };
      const out = run.argv.find((word) => word.startsWith('-out='))?.slice('-out='.length) ?? '';
      // A plan file holds the time it was made at: no two are alike.
      writeFileSync(out, `a plan, ${runs.length}`, { mode: 0o644 });
      return NOTHING;
    },
  };
  return {
    root,
    state,
    runs,
    request: {
      programs: programs ?? scripted,
      files: nodeFiles(),
      machineFiles: nodeMachineFiles(),
      clock: nodeClock(),
      random: nodeRandom(),
      stack: { target: 'stack:edge', root, program: 'terraform', at: 'automation.yaml:3' },
      stateDirectory: state,
    },
    [Symbol.dispose]: () => rmSync(top, { recursive: true, force: true }),
  };
}

export function aChange(address: string, change: Readonly<Record<string, Json>>): Json {
  return {
    address,
    mode: 'managed',
    type: 'terraform_data',
    change: { after_unknown: {}, before_sensitive: {}, after_sensitive: {}, ...change },
  };
}

/** A stack of three resources, of which one would change, one go, one come. */
export function aPlan(more: Readonly<Record<string, Json>> = {}): Record<string, Json> {
  const web = {
    id: 'w',
    input: { name: 'web', ports: [80] },
    output: { name: 'web', ports: [80] },
  };
  const pw = { id: 'p', input: SECRET, output: SECRET, url: `db://user:${SECRET}@db` };
  const resource = (address: string, values: Json, sensitive_values: Json = {}): Json => ({
    address,
    mode: 'managed',
    values,
    sensitive_values,
  });
  return {
    format_version: '1.2',
    terraform_version: '1.11.4',
    variables: { pw: { value: SECRET } },
    prior_state: {
      values: {
        root_module: {
          resources: [
            resource('terraform_data.web', web),
            resource('terraform_data.pw', pw, { input: true }),
            { address: 'data.x.y', mode: 'data', values: { a: 1 } },
          ],
          child_modules: [
            {
              address: 'module.m',
              resources: [
                resource('module.m.terraform_data.old["a b"]', { id: 'o', input: 'old' }),
              ],
            },
          ],
        },
      },
    },
    resource_changes: [
      aChange('terraform_data.web', {
        actions: ['update'],
        before: web,
        after: { id: 'w', input: { name: 'web2', ports: [80] } },
        after_unknown: { input: { ports: [false] }, output: true },
      }),
      aChange('terraform_data.pw', {
        actions: ['no-op'],
        before: pw,
        after: pw,
        before_sensitive: { input: true },
        after_sensitive: { input: true },
      }),
      aChange('module.m.terraform_data.old["a b"]', {
        actions: ['delete'],
        before: { id: 'o', input: 'old' },
        after: null,
        after_sensitive: false,
      }),
      aChange('terraform_data.new', {
        actions: ['create'],
        before: null,
        after: { input: `db://user:${SECRET}@db` },
        after_unknown: { id: true },
        before_sensitive: false,
      }),
    ],
    configuration: { root_module: { variables: { pw: { sensitive: true } } } },
    timestamp: '2026-01-01T00:00:00Z',
    applyable: true,
    complete: true,
    errored: false,
    ...more,
  };
}

export function aRefresh(drift: readonly Json[] = []): Json {
  const { resource_changes: _, ...plan } = aPlan({ applyable: drift.length > 0 });
  return { ...plan, resource_drift: drift };
}
