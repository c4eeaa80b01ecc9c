import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { nodeClock, nodeFiles, nodeRandom } from '#machine';
import type { Target } from '#model';
import { throwsFault } from '#test/throws-fault';
import { toolLooks } from './tool-looks.ts';

const STACK: Target = {
  id: 'stack:edge',
  scope: 'main/main',
  hostType: 'stack',
  environment: 'test',
  transport: 'tofu',
  address: null,
  via: [],
  hostKey: null,
  criticality: 'normal',
  owner: null,
  tags: [],
  redundancySet: null,
  staleAfterSeconds: 3_600,
  sources: [],
};

describe('looks at targets that a tool keeps', () => {
  let home = '';
  before(() => {
    home = mkdtempSync(join(tmpdir(), 'hf-tools-'));
  });
  after(() => rmSync(home, { recursive: true, force: true }));

  const look = (target: Target, isSigned: () => Promise<boolean>): Promise<unknown> =>
    toolLooks({
      files: nodeFiles(),
      clock: nodeClock(),
      random: nodeRandom(),
      paths: { automation: join(home, 'automation.yaml'), tools: join(home, 'tools') },
      isSigned,
    })(target, () => {});
  const settings = (root: string): void =>
    writeFileSync(
      join(home, 'automation.yaml'),
      `version: 1\nstacks:\n  - { target: stack:edge, root: ${root}, program: terraform }\n`,
    );

  it('are refused where nothing says how it is kept', async () => {
    await throwsFault(() => look(STACK, async () => true), 'no-automation-root');
    settings('/nonexistent/edge');
    const talos: Target = { ...STACK, transport: 'talos' };
    await throwsFault(() => look(talos, async () => true), 'no-automation-root');
  });

  it('are made only as it was signed, also when it is edited meanwhile', async () => {
    settings('/nonexistent/edge');
    await throwsFault(() => look(STACK, async () => false), 'content-not-in-force');
    const edited = async (): Promise<boolean> => {
      settings('/nonexistent/other');
      return true;
    };
    await throwsFault(() => look(STACK, edited), 'content-not-in-force');
  });

  it('that could not be made say why, and that nothing was seen', async () => {
    settings('/nonexistent/edge');
    const seen = (await look(STACK, async () => true)) as {
      unreachable: string | null;
      looks: readonly { complete: readonly string[] }[];
    };
    assert.match(seen.unreachable ?? '', /\/nonexistent is not there/);
    assert.deepEqual(seen.looks[0]?.complete, []);
  });
});
