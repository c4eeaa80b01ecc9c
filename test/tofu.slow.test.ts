/**
 * A stack of real Terraform (`terraform_data` needs no provider), changed through the whole service: what was
 * previewed and signed is the plan file that is applied, once, by this machine, which checks it itself.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { FaultPoint } from '#execution';
import {
  aChangeHome,
  approve,
  ask,
  type ChangeHome,
  mustOpen,
  propose,
  SETTINGS,
  TARGET,
  type View,
} from '#test/change-home';
import type { Service } from '../src/main/service.ts';

const STACK = 'stack:edge';
const SECRET = 'correct-horse-battery-staple';
const FLEET = `version: 1
targets:
  ${TARGET}:
    hostType: linux
    environment: test
    transport: local
  ${STACK}:
    hostType: stack
    environment: test
    transport: tofu
`;

/** A data directory of a test has an action of its own. */
const UNUSED = `version: 1
actions:
  - id: look.away
    version: 1
    summary: Looks away
    family: look
    tier: T0
    sideEffect: none
    steps:
      - { run: [uptime], effect: Looks away }
`;

function unavailable(): string | false {
  if (spawnSync('terraform', ['version']).status !== 0) return 'terraform is not installed';
  return userInfo().uid === 0 ? false : 'actions that are carried run as root';
}

type Fact = { readonly entity: string; readonly attribute: string; readonly value: unknown };

describe('a stack of Terraform', { skip: unavailable() }, () => {
  let home: ChangeHome;
  let service: Service;
  let root = '';
  let meanwhile: Partial<Record<FaultPoint, () => void>> = {};

  before(async () => {
    home = await aChangeHome({
      fleet: FLEET,
      settings: `${SETTINGS}mode: open\n`,
      catalogue: () => UNUSED,
      files: (scratch) => ({
        'automation.yaml': `version: 1\nstacks:\n  - { target: ${STACK}, root: ${scratch}/edge, program: terraform }\n`,
      }),
    });
    root = join(home.scratch, 'edge');
    mkdirSync(root, { mode: 0o755 });
    writeFileSync(join(root, 'terraform.tfvars'), `pw = "${SECRET}"\n`, { mode: 0o600 });
    declare(1);
    service = await mustOpen(home.path, (point) => meanwhile[point]?.());
  });
  after(async () => {
    await service.close();
    home[Symbol.dispose]();
  });

  /** What should be there: each number is a resource, and each that is made leaves a line. */
  function declare(...numbers: readonly number[]): void {
    const text = `variable "pw" {
  type      = string
  sensitive = true
}
resource "terraform_data" "db" {
  input = "db://user:\${var.pw}@db"
}
resource "terraform_data" "mark" {
  for_each = toset([${numbers.map((n) => `"${n}"`).join(', ')}])
  input    = each.key
  provisioner "local-exec" {
    command = "echo \${each.key} >>${home.scratch}/made"
  }
}
`;
    writeFileSync(join(root, 'main.tf'), text, { mode: 0o644 });
  }

  function made(): readonly string[] {
    try {
      return readFileSync(join(home.scratch, 'made'), 'utf8').split('\n').filter(Boolean);
    } catch {
      return [];
    }
  }

  function terraform(...words: readonly string[]): string {
    return execFileSync('terraform', [`-chdir=${root}`, ...words], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: home.scratch, CHECKPOINT_DISABLE: '1' },
    });
  }

  async function facts(kind: string): Promise<readonly Fact[]> {
    const { facts: found } = await ask<{ facts: readonly Fact[] }>(service, 'query_facts', {
      target: STACK,
      kind,
    });
    return found;
  }

  /** Looks, and answers the plan that could be applied. */
  async function planned(): Promise<{ readonly name: string; readonly path: string }> {
    const seen = await ask<{ unreachable: string | null }>(service, 'observe', { target: STACK });
    assert.equal(seen.unreachable, null);
    const name = (await facts('stack')).find(({ attribute }) => attribute === 'plan')?.value;
    assert.ok(typeof name === 'string', 'there is a plan');
    const plans = await facts('plan');
    const path = plans.find(
      ({ entity, attribute }) => entity.endsWith(name) && attribute === 'path',
    )?.value;
    assert.ok(typeof path === 'string');
    return { name, path };
  }

  function proposed(plan: string, action = 'tofu.apply'): Promise<View> {
    return propose(service, action, { plan }, { targets: [STACK] });
  }

  async function refusedWith(act: Promise<View>, code: string): Promise<void> {
    const view = await act.catch((thrown: unknown) => thrown as { readonly code: string });
    const told = 'code' in view ? view.code : (view.outcome?.code ?? view.decision.because);
    assert.equal(told, code, JSON.stringify(view));
  }

  it('is changed by exactly the plan that was signed, once', async () => {
    const { name, path } = await planned();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const change = await proposed(name);
    assert.equal(change.state, 'previewed', JSON.stringify(change.decision));
    assert.equal(change.decision.verdict, 'needs-approval');
    assert.deepEqual(made(), []);
    const done = await approve(service, change.changeId);
    assert.equal(done.state, 'confirmed', JSON.stringify(done));
    assert.deepEqual(made(), ['1']);
    assert.equal(done.receipts.length, 1);
    await assert.rejects(approve(service, change.changeId), /already-approved|approved/);
    assert.deepEqual(made(), ['1']);
    const pending = (await facts('stack')).find(({ attribute }) => attribute === 'pending');
    assert.equal(pending?.value, 0);
    // The plan is spent: the same one is no plan of what is there now.
    await refusedWith(proposed(name), 'state-moved');
  });

  it('is not changed by a plan file that was altered after it was proposed', async () => {
    declare(1, 2);
    const { name, path } = await planned();
    const change = await proposed(name);
    assert.equal(change.state, 'previewed', JSON.stringify(change.decision));
    const whole = readFileSync(path);
    writeFileSync(path, Buffer.concat([whole, Buffer.from('x')]));
    await refusedWith(approve(service, change.changeId), 'state-moved');
    assert.deepEqual(made(), ['1']);
  });

  it('is not changed by one that was altered after everything was checked again: the host says no', async () => {
    const { name, path } = await planned();
    const change = await proposed(name);
    meanwhile = { 'before-dispatch': () => writeFileSync(path, 'another plan') };
    try {
      const view = await approve(service, change.changeId);
      assert.ok(['failed', 'refused'].includes(view.state), JSON.stringify(view));
      assert.match(JSON.stringify(view), /file-changed/);
    } finally {
      meanwhile = {};
    }
    assert.deepEqual(made(), ['1']);
  });

  it('is not changed where its state moved meanwhile: the plan is stale, and nothing of it is applied', async () => {
    const { name } = await planned();
    const change = await proposed(name);
    meanwhile = {
      'before-dispatch': () =>
        void terraform(
          'apply',
          '-auto-approve',
          '-input=false',
          '-target=terraform_data.mark["2"]',
        ),
    };
    try {
      const view = await approve(service, change.changeId);
      assert.equal(view.state, 'failed', JSON.stringify(view));
      assert.equal(view.receipts[0]?.result, 'exited');
    } finally {
      meanwhile = {};
    }
    assert.deepEqual(made(), ['1', '2'], 'only by hand');
  });

  it('is changed once by two approvals at the same time', async () => {
    declare(1, 2, 3);
    const { name } = await planned();
    const change = await proposed(name);
    const both = await Promise.allSettled([
      approve(service, change.changeId),
      approve(service, change.changeId),
    ]);
    const told = both.map((each) => (each.status === 'fulfilled' ? each.value.state : 'refused'));
    assert.ok(told.includes('confirmed'), JSON.stringify(both));
    assert.deepEqual(made(), ['1', '2', '3']);
    const { receipts } = await ask<View>(service, 'get_change', { changeId: change.changeId });
    assert.equal(receipts.length, 1);
  });

  it('is deleted from only by the action that says so', async () => {
    declare(1, 2);
    const { name } = await planned();
    await refusedWith(proposed(name), 'state-moved');
    const change = await proposed(name, 'tofu.apply-destructive');
    assert.equal(change.decision.verdict, 'needs-approval', JSON.stringify(change.decision));
    assert.match(JSON.stringify(change), /"tier":"T3"/);
  });

  it('keeps its secrets in the plan, the state and the configuration, and nowhere else', async () => {
    for (const kind of ['stack', 'plan', 'resource'])
      assert.ok(!JSON.stringify(await facts(kind)).includes(SECRET), kind);
    const db = (await facts('resource')).filter(({ entity }) => entity.endsWith('.db'));
    assert.ok(db.length > 0, 'it is known');
    await service.close();
    const holding = readdirSync(home.path, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(home.path, name)).isFile())
      .filter((name) => readFileSync(join(home.path, name)).includes(SECRET));
    assert.deepEqual(holding, []);
    // A plan is compressed: its copies are told by their place.
    const jobs = readdirSync(join(home.path, 'host', 'jobs'), {
      recursive: true,
      encoding: 'utf8',
    });
    assert.ok(jobs.length > 0, 'there were jobs');
    assert.deepEqual(
      jobs.filter((name) => /\/file-\d+$/.test(name)),
      [],
    );
    service = await mustOpen(home.path);
  });
});
