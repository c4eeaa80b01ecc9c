import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Json } from '#base/json';
import type { ToolLook } from '../tool-look.ts';
import { tofuDeclaration } from './declaration.ts';
import { tofuLook } from './look.ts';
import { aChange, aPlan, aRefresh, aStack, type Script, SECRET } from './samples.ts';

const TARGET = { id: 'stack:edge', scope: 'main/main' };

function aScript(more: Partial<Script> = {}): Script {
  return { plan: aPlan(), refresh: aRefresh(), serial: 7, fails: null, ...more };
}

function valueOf(look: ToolLook, entity: string, attribute: string): Json | undefined {
  return look.facts.find((fact) => fact.entity === entity && fact.attribute === attribute)?.value;
}

function textOf(look: ToolLook, entity: string, attribute: string): string {
  const value = valueOf(look, entity, attribute);
  assert.ok(typeof value === 'string', `${entity} ${attribute} is text`);
  return value;
}

function planOf(look: ToolLook): string {
  return textOf(look, 'stack:edge', 'plan');
}

describe('a look at a stack', () => {
  it('tells what is, what would change, and which file would do it', async () => {
    using bench = aStack(aScript());
    const look = await tofuLook(bench.request);
    assert.deepEqual(look.shortfalls, []);
    assert.deepEqual(look.complete, ['plan', 'resource', 'stack']);
    assert.equal(look.source, 'collector.tofu');
    assert.equal(valueOf(look, 'stack:edge', 'pending'), 3);
    assert.equal(valueOf(look, 'stack:edge', 'drifted'), 0);
    assert.equal(valueOf(look, 'stack:edge', 'serial'), 7);
    assert.equal(valueOf(look, 'resource:edge/terraform_data.web', 'input.name'), 'web');
    assert.deepEqual(valueOf(look, 'resource:edge/terraform_data.web', 'input.ports'), [80]);
    const old = 'resource:edge/module.m.terraform_data.old["a b"]';
    assert.equal(valueOf(look, old, 'input'), 'old');
    assert.equal(valueOf(look, 'resource:edge/data.x.y', 'a'), undefined, 'only read');
    const plan = `plan:edge/${planOf(look)}`;
    assert.equal(valueOf(look, plan, 'creates'), 1);
    assert.equal(valueOf(look, plan, 'updates'), 1);
    assert.equal(valueOf(look, plan, 'deletes'), 1);
    assert.equal(valueOf(look, plan, 'replaces'), 0);
    assert.equal(valueOf(look, plan, 'current'), true);
    const path = textOf(look, plan, 'path');
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('runs fixed words with an environment that is a list', async () => {
    using bench = aStack(aScript());
    await tofuLook(bench.request);
    for (const { argv, env, stdin } of bench.runs) {
      assert.equal(argv[1], `-chdir=${bench.root}`);
      assert.deepEqual(Object.keys(env ?? {}).toSorted(), [
        'CHECKPOINT_DISABLE',
        'HOME',
        'LC_ALL',
        'PATH',
        'TF_CLI_CONFIG_FILE',
        'TF_INPUT',
        'TF_IN_AUTOMATION',
      ]);
      assert.equal(stdin, undefined);
    }
    const verbs = bench.runs.map(({ argv }) => argv[2]);
    assert.deepEqual(verbs, ['state', 'plan', 'show', 'plan', 'show']);
  });

  it('tells no secret, wherever it went', async () => {
    using bench = aStack(aScript());
    const look = await tofuLook(bench.request);
    assert.ok(!JSON.stringify(look).includes(SECRET));
    const pw = 'resource:edge/terraform_data.pw';
    assert.match(
      JSON.stringify(valueOf(look, pw, 'input')),
      /^\{"sensitive":"sha256:[0-9a-f]{64}"\}$/,
    );
    assert.deepEqual(
      valueOf(look, pw, 'output'),
      valueOf(look, pw, 'input'),
      'the mark does not follow',
    );
    using other = aStack(aScript());
    const elsewhere = await tofuLook(other.request);
    assert.notDeepEqual(valueOf(elsewhere, pw, 'input'), valueOf(look, pw, 'input'), 'keyed');
    // What is kept beside the plan has none either.
    const directory = join(bench.state, 'tofu', 'edge');
    for (const file of readdirSync(directory))
      assert.ok(!readFileSync(join(directory, file), 'utf8').includes(SECRET), file);
  });

  it('keeps the plan while it would do the same, and makes another when anything moved', async () => {
    const script = aScript();
    using bench = aStack(script);
    const first = planOf(await tofuLook(bench.request));
    assert.equal(planOf(await tofuLook(bench.request)), first);
    script.serial = 8;
    const moved = await tofuLook(bench.request);
    assert.notEqual(planOf(moved), first);
    assert.equal(valueOf(moved, `plan:edge/${first}`, 'current'), false);
    script.plan = aPlan({ configuration: { root_module: {} } });
    const edited = await tofuLook(bench.request);
    assert.notEqual(planOf(edited), planOf(moved));
    script.plan = aPlan({ resource_changes: [], applyable: false });
    assert.equal(valueOf(await tofuLook(bench.request), 'stack:edge', 'plan'), null);
  });

  it('does not know a plan whose file was altered', async () => {
    using bench = aStack(aScript());
    const look = await tofuLook(bench.request);
    const plan = `plan:edge/${planOf(look)}`;
    writeFileSync(textOf(look, plan, 'path'), 'another plan');
    const again = await tofuLook(bench.request);
    assert.equal(valueOf(again, plan, 'sha256'), undefined);
    assert.notEqual(planOf(again), planOf(look));
  });

  it('keeps only the newest plans', async () => {
    const script = aScript();
    using bench = aStack(script);
    for (script.serial = 0; script.serial < 14; script.serial++) await tofuLook(bench.request);
    const files = readdirSync(join(bench.state, 'tofu', 'edge'));
    assert.equal(files.filter((name) => name.endsWith('.tfplan')).length, 12);
    assert.equal(files.length, 24, files.join(' '));
  });

  it('counts as no look when the program failed, was cut or said something else', async () => {
    for (const [script, why] of [
      [
        { fails: { exit: 1, stderr: `Error: run "terraform init": ${SECRET}` } },
        /init -input=false/,
      ],
      [{ fails: { exit: 1, stderr: 'Error acquiring the state lock' } }, /locked/],
      [{ fails: { exit: 1, stderr: SECRET } }, /exit 1/],
      [{ plan: aPlan({ errored: true }) }, /did not come to its end/],
      [{ plan: aPlan({ complete: false }) }, /did not come to its end/],
      [{ plan: { ...aPlan(), format_version: '2.0' } }, /format/],
      [{ plan: [] }, /no object/],
      [{ plan: aPlan({ resource_changes: 'none' }) }, /no list/],
    ] as const) {
      using bench = aStack(aScript(script as Partial<Script>));
      const look = await tofuLook(bench.request);
      assert.deepEqual(look.complete, []);
      assert.deepEqual(look.facts, []);
      assert.equal(look.shortfalls.length, 3);
      assert.match(look.shortfalls[0]?.reason ?? '', why);
      assert.ok(!JSON.stringify(look).includes(SECRET));
      const left = readdirSync(join(bench.state, 'tofu', 'edge'));
      assert.deepEqual(left, [], 'nothing is left of it');
    }
  });

  it('says when the program is not there', async () => {
    using bench = aStack(aScript(), {
      run: async () => ({
        ended: 'missing',
        exit: null,
        stdout: new Uint8Array(),
        stderr: new Uint8Array(),
      }),
    });
    const look = await tofuLook(bench.request);
    assert.match(look.shortfalls[0]?.reason ?? '', /not installed: terraform/);
  });

  it('uses no configuration that somebody else could change, or that leads elsewhere', async () => {
    const trials: readonly (readonly [(root: string) => void, RegExp])[] = [
      [(root) => chmodSync(root, 0o777), /somebody else/],
      [(root) => chmodSync(join(root, 'main.tf'), 0o666), /main\.tf could be changed/],
      [(root) => chmodSync(join(root, '..'), 0o777), /somebody else/],
      [(root) => symlinkSync('/etc/passwd', join(root, 'x.tf')), /x\.tf is a link/],
      [(root) => mkdirSync(join(root, 'm'), { mode: 0o700 }), /^$/],
    ];
    for (const [spoil, why] of trials) {
      using bench = aStack(aScript());
      spoil(bench.root);
      const look = await tofuLook(bench.request);
      assert.match(look.shortfalls[0]?.reason ?? '', why);
      assert.equal(bench.runs.length === 0, look.shortfalls.length > 0, 'before anything runs');
    }
    using bench = aStack(aScript());
    symlinkSync(bench.root, join(bench.state, 'link'));
    const root = join(bench.state, 'link');
    const look = await tofuLook({ ...bench.request, stack: { ...bench.request.stack, root } });
    assert.match(look.shortfalls[0]?.reason ?? '', /is no directory, or a link/);
  });
});

describe('what a stack should be', () => {
  it('is what its plan would make of it, field by field', async () => {
    using bench = aStack(aScript());
    const look = await tofuLook(bench.request);
    const declaration = tofuDeclaration(TARGET, look.facts);
    assert.equal(declaration.id, 'tofu:edge');
    const said = declaration.expectations.map(({ entity, attribute, test }) => [
      entity.replace('resource:edge/', ''),
      attribute,
      test,
    ]);
    assert.deepEqual(said, [
      ['terraform_data.web', 'input.name', { op: 'equals', value: 'web2' }],
      ['module.m.terraform_data.old["a b"]', '*', { op: 'absent' }],
      ['terraform_data.new', '*', { op: 'present' }],
      ['terraform_data.pw', '*', { op: 'present' }],
    ]);
  });

  it('is what was recorded, where others changed it', async () => {
    const drift = aChange('terraform_data.web', {
      actions: ['update'],
      before: { id: 'w', input: { name: 'web', ports: [80] } },
      after: { id: 'w', input: { name: 'web', ports: [8080] } },
    });
    const gone = aChange('terraform_data.gone', { actions: ['delete'], before: {}, after: null });
    using bench = aStack(
      aScript({
        plan: aPlan({ resource_changes: [], applyable: false }),
        refresh: aRefresh([drift, gone]),
      }),
    );
    const look = await tofuLook(bench.request);
    assert.equal(valueOf(look, 'stack:edge', 'drifted'), 2);
    const { expectations } = tofuDeclaration(TARGET, look.facts);
    const web = expectations.find(({ entity }) => entity.endsWith('terraform_data.web'));
    assert.equal(web?.attribute, 'input.ports');
    assert.deepEqual(web?.test, { op: 'equals', value: [80] });
    const lost = expectations.find(({ entity }) => entity.endsWith('terraform_data.gone'));
    assert.deepEqual(lost?.test, { op: 'present' });
  });

  it('is that nothing is pending, where nothing was seen', () => {
    const { expectations, needs } = tofuDeclaration(TARGET, []);
    assert.deepEqual(
      expectations.map(({ entity, attribute }) => `${entity} ${attribute}`),
      ['stack:edge pending'],
    );
    assert.equal(needs.length, 3, 'and that it was looked at at all');
  });
});
