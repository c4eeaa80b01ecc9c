import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { nodeFiles } from '#machine';
import { aQuestion } from '#samples/policy';
import { throwsFault } from '#test/throws-fault';
import { pathsOf } from './data-directory.ts';
import { policyEditor } from './policy-editor.ts';

const homes: string[] = [];
after(() => homes.forEach((home) => rmSync(home, { recursive: true })));

type Shown = {
  own: boolean;
  base: string;
  files: { name: string; text: string }[];
  problems: string[];
  rules: { id: string }[];
};
type Checked = {
  ok: boolean;
  problems: string[];
  replay: { replayed: number; otherwise: { change: string; after: { verdict: string } }[] };
  explain?: string[];
};

const PAST = {
  change: 'chg_1',
  question: aQuestion({ mode: 'guarded' }),
  decision: { verdict: 'needs-approval', because: 'policy', says: '', policies: [] },
} as const;

function anEditor() {
  const home = mkdtempSync(join(tmpdir(), 'policy-'));
  homes.push(home);
  const editor = policyEditor({
    files: nodeFiles(),
    paths: pathsOf(home),
    past: (limit, change) => (limit > 0 && (change ?? 'chg_1') === 'chg_1' ? [PAST] : []),
  });
  return {
    editor,
    folder: join(home, 'policy'),
    show: async () => (await editor.show()) as unknown as Shown,
    check: async (question: Parameters<typeof editor.check>[0]) =>
      (await editor.check(question)) as unknown as Checked,
  };
}

const FORBID =
  '@id("own")\n@why("not today")\n@code("frozen")\nforbid (principal, action == Action::"propose", resource);\n';

describe('policies as they are edited', () => {
  it('are the shipped ones until there are own ones', async () => {
    const { show } = anEditor();
    const { own, files, rules, problems } = await show();
    assert.equal(own, false);
    assert.ok(files.some(({ name }) => name === 'act.cedar'));
    assert.ok(rules.some(({ id }) => id === 't3-never-alone'));
    assert.deepEqual(problems, []);
  });

  it('are tried and held against the past without a file being written', async () => {
    const { show, check, folder } = anEditor();
    const { files } = await show();
    const texts = files.map(({ name, text }) => ({ name, text }));
    const same = await check({ files: texts, replay: 10 });
    assert.deepEqual([same.ok, same.replay.otherwise], [true, []]);
    const edited = [...texts, { name: 'own.cedar', text: FORBID }];
    const found = await check({ files: edited, replay: 10, changeId: 'chg_1' });
    assert.equal(found.replay.otherwise[0]?.after.verdict, 'deny');
    assert.ok(found.explain?.some((line) => line.includes('not today [policy/own.cedar:1]')));
    assert.throws(() => readdirSync(folder), { code: 'ENOENT' });
  });

  it('are refused with file and line, and nothing is written then', async () => {
    const { editor, show, check, folder } = anEditor();
    const { base, files } = await show();
    const wrong = [
      ...files.map(({ name, text }) => ({ name, text })),
      { name: 'own.cedar', text: '\n\npermit (principal, action' },
    ];
    const { ok, problems } = await check({ files: wrong, replay: 10 });
    assert.equal(ok, false);
    assert.match(problems[0] ?? '', /^policy\/own\.cedar:\d+: /);
    await throwsFault(() => editor.save({ base, files: wrong }), 'invalid-policy');
    const escaping = [{ name: '../server.cedar', text: '' }];
    await throwsFault(() => editor.save({ base, files: escaping }), 'invalid-policy-file');
    assert.throws(() => readdirSync(folder), { code: 'ENOENT' });
  });

  it('are written as a whole set, once for each look at them', async () => {
    const { editor, show, folder } = anEditor();
    const { base, files } = await show();
    const texts = files.map(({ name, text }) => ({ name, text }));
    await editor.save({ base, files: [...texts, { name: 'own.cedar', text: FORBID }] });
    assert.equal(readFileSync(join(folder, 'own.cedar'), 'utf8'), FORBID);
    await throwsFault(() => editor.save({ base, files: texts }), 'policy-moved');
    const now = await show();
    assert.ok(now.own && now.rules.some(({ id }) => id === 'own'));
    await editor.save({ base: now.base, files: texts });
    assert.deepEqual(readdirSync(folder).toSorted(), texts.map(({ name }) => name).toSorted());
  });

  it('make a table, also of what is only edited', async () => {
    const { editor, show } = anEditor();
    const { files } = await show();
    const of = async (texts: { name: string; text: string }[] | undefined) => {
      const { rows } = (await editor.matrix({
        files: texts,
        kinds: ['assistant'],
        profiles: ['observer'],
        tainted: false,
        standing: 'none',
        inWindow: false,
        frozen: false,
      })) as unknown as { rows: { cells: { T1: { verdict: string } } }[] };
      return [...new Set(rows.map(({ cells }) => cells.T1.verdict))];
    };
    assert.deepEqual(await of(undefined), ['needs-approval']);
    assert.deepEqual(await of([...files, { name: 'own.cedar', text: FORBID }]), ['deny']);
  });
});
