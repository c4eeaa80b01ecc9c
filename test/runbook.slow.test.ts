/**
 * A runbook of the operator's own from its file to its undoing, on the real service and the real host
 * script: what its scripts hold is part of what is signed, and they lie below one directory.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sha256 } from '#base/digest';
import { aChangeHome, approve, ask, type ChangeHome, mustOpen, propose } from '#test/change-home';
import type { Service } from '../src/main/service.ts';

const PUT = `#!/bin/sh
set -eu
printf '%s' "$2" > "$1/text"
`;
const TAKE = `#!/bin/sh
set -eu
rm -- "$1/text"
`;

const catalogue = (scratch: string, account: string): string => `version: 1
actions:
  - id: mark.add
    version: 1
    summary: Makes a mark
    family: mark
    tier: T2
    sideEffect: state
    hostTypes: [linux]
    stabiliseSeconds: 0
    cooldownSeconds: 0
    arguments:
      name: { type: name, summary: Which one }
    steps:
      - run: [mkdir, --, "${scratch}/{name}"]
        effect: Marks {name}
        runAs: ${account}
        inverse:
          run: [rmdir, --, "${scratch}/{name}"]
          effect: Takes the mark {name} away
    verify:
      probes:
        - run: [test, -d, "${scratch}/{name}"]
`;

const runbook = (
  scratch: string,
  account: string,
  id: string,
  script: string,
): string => `version: 1
runbook:
  id: runbook.${id}
  version: 1
  summary: Two marks, and a text in the first
  family: mark
  tier: T2
  sideEffect: state
  hostTypes: [linux]
  stabiliseSeconds: 0
  cooldownSeconds: 0
  arguments:
    name: { type: name, summary: The first mark }
    text: { type: enum, values: [hello, bye], summary: What is written }
  steps:
    - action: mark.add@1
      with: { name: "{name}" }
    - script: ${script}
      args: ["${scratch}/{name}", "{text}"]
      effect: Writes {text} below {name}
      runAs: ${account}
      inverse:
        script: steps/take.sh
        args: ["${scratch}/{name}"]
        effect: Takes the text away
    - action: mark.add@1
      with: { name: "{name}-2" }
  verify:
    probes:
      - run: [cat, "${scratch}/{name}/text"]
        says: "{text}"
      - run: [test, -d, "${scratch}/{name}-2"]
`;

type Page = {
  readonly plan: {
    readonly steps: readonly {
      readonly direction: string;
      readonly argv: readonly unknown[];
      readonly files: readonly { readonly path: string; readonly sha256: string }[];
    }[];
  };
};
type Change = {
  readonly changeId: string;
  readonly state: string;
  readonly verification: readonly { readonly held: boolean }[];
  readonly decision: { readonly because: string; readonly says: string };
  readonly outcome: { readonly code: string | null; readonly says: string } | null;
};

describe('a runbook', () => {
  let home: ChangeHome;
  let service: Service;
  before(async () => {
    home = await aChangeHome({
      catalogue,
      runbooks: (scratch, account) => ({
        'good.yaml': runbook(scratch, account, 'good', 'steps/put.sh'),
        'linked.yaml': runbook(scratch, account, 'linked', 'steps/linked.sh'),
        'through.yaml': runbook(scratch, account, 'through', 'elsewhere/put.sh'),
        'absent.yaml': runbook(scratch, account, 'absent', 'steps/absent.sh'),
      }),
    });
    mkdirSync(script('.'));
    writeFileSync(script('put.sh'), PUT, { mode: 0o755 });
    writeFileSync(script('take.sh'), TAKE, { mode: 0o755 });
    mkdirSync(join(home.scratch, 'outside'));
    writeFileSync(join(home.scratch, 'outside', 'put.sh'), PUT, { mode: 0o755 });
    symlinkSync(join(home.scratch, 'outside', 'put.sh'), script('linked.sh'));
    symlinkSync(join(home.scratch, 'outside'), join(home.path, 'runbooks', 'elsewhere'));
    service = await mustOpen(home.path);
  });
  after(async () => {
    await service.close();
    home[Symbol.dispose]();
  });

  const script = (name: string): string => join(home.path, 'runbooks', 'steps', name);
  const at = (name: string): string => join(home.scratch, name);
  const proposed = async (id: string, name: string): Promise<Change> =>
    (await propose(service, `runbook.${id}`, { name, text: 'hello' })) as unknown as Change;

  it('runs its three steps under one signature, is verified, and is taken back in one', async () => {
    const { changeId, decision } = await proposed('good', 'one');
    const { plan } = await ask<Page>(service, 'approval_page', { changeId });
    const forward = plan.steps.filter(({ direction }) => direction === 'forward');
    assert.equal(forward.length, 3, decision.says);
    // What a script holds is part of what is signed.
    assert.deepEqual(forward[1]?.files, [{ path: script('put.sh'), sha256: sha256(PUT) }]);
    assert.deepEqual(forward[1]?.argv.slice(1), [at('one'), 'hello']);
    const inverse = plan.steps.filter(({ direction }) => direction === 'inverse');
    assert.deepEqual(
      inverse.flatMap(({ files }) => files.map(({ sha256: hash }) => hash)),
      [sha256(TAKE)],
    );
    const done = (await approve(service, changeId)) as unknown as Change;
    assert.equal(done.state, 'confirmed', JSON.stringify(done.outcome));
    assert.deepEqual(
      done.verification.map(({ held }) => held),
      [true, true],
    );
    assert.equal(readFileSync(at('one/text'), 'utf8'), 'hello');
    assert.ok(existsSync(at('one-2')));

    const undo = await ask<Change>(service, 'change_undo', { changeId, reason: 'it was a test' });
    const undone = undo.state === 'previewed' ? await approve(service, undo.changeId) : undo;
    const after = await ask<Change>(service, 'get_change', { changeId });
    assert.equal(after.state, 'rolled-back', JSON.stringify([undone, after.outcome]));
    assert.ok(!existsSync(at('one')) && !existsSync(at('one-2')));
  });

  it('does not run a script that is another by then', async () => {
    const { changeId } = await proposed('good', 'two');
    writeFileSync(script('put.sh'), `${PUT}exit 0\n`);
    try {
      const refused = (await approve(service, changeId)) as unknown as Change;
      assert.equal(refused.state, 'refused');
      assert.equal(refused.outcome?.code ?? refused.decision.because, 'state-moved');
      assert.ok(!existsSync(at('two')));
    } finally {
      writeFileSync(script('put.sh'), PUT);
    }
  });

  for (const [why, id] of [
    ['a link', 'linked'],
    ['reached through a link', 'through'],
    ['not there', 'absent'],
  ] as const) {
    it(`does not take a script that is ${why}`, async () => {
      const view = await proposed(id, 'three');
      assert.equal(view.state, 'refused', JSON.stringify(view));
      assert.equal(view.decision.because, 'state-moved', view.decision.says);
      assert.ok(!existsSync(at('three')));
    });
  }

  it('is refused whole when a script of it would lie outside', async () => {
    const path = join(home.path, 'runbooks', 'outside.yaml');
    for (const outside of ['../put.sh', '/bin/true', 'steps/../../put.sh']) {
      writeFileSync(path, runbook(home.scratch, 'root', 'outside', outside));
      await assert.rejects(() => proposed('good', 'four'), { code: 'invalid-action' });
    }
    rmSync(path);
  });

  it('is a draft again when its file is edited', async () => {
    const path = join(home.path, 'runbooks', 'good.yaml');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('Two marks', 'Three marks'));
    const view = await proposed('good', 'five');
    assert.equal(view.decision.because, 'not-published', view.decision.says);
    const { actions } = await ask<{ actions: { action: string; draft: boolean }[] }>(
      service,
      'find_actions',
      { query: 'runbook.good' },
    );
    assert.equal(actions.find(({ action }) => action === 'runbook.good')?.draft, true);
    writeFileSync(path, text);
    assert.equal((await proposed('good', 'five')).state, 'previewed');
  });

  it('is not put in force by a line that a hand adds', async () => {
    const path = join(home.path, 'catalogue', 'published.jsonl');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text + text.split('\n')[0]?.replace(/[0-9a-f]{64}/, 'e'.repeat(64)) + '\n');
    const view = await proposed('good', 'six');
    assert.equal(view.decision.because, 'config-unsigned', view.decision.says);
    writeFileSync(path, text);
  });
});
