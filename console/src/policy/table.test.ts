import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changedCells, editedNames, folded, nameProblem, problemsOf, type Row } from './table.ts';

const cell = (verdict: string) => ({ verdict, because: 'policy', says: '' });
const row = (environment: string, t1 = 'needs-approval', profile = 'observer'): Row => ({
  kind: 'assistant',
  profile,
  environment,
  cells: { T0: cell('allow'), T1: cell(t1), T2: cell('needs-approval'), T3: cell('deny') },
});

describe('the table of verdicts', () => {
  it('has one row for environments that say the same', () => {
    const [one, ...others] = folded([row('lab'), row('test')], undefined);
    assert.equal(others.length, 0);
    assert.equal(one?.environments, null);
    const two = folded([row('lab', 'allow'), row('test'), row('production')], undefined);
    assert.deepEqual(
      two.map(({ environments }) => environments),
      [['lab'], ['test', 'production']],
    );
  });

  it('keeps apart what an edit changes, and tells what it was', () => {
    const before = [row('lab'), row('test'), row('lab', 'allow', 'author')];
    const rows = folded(before, [row('lab', 'deny'), ...before.slice(1)]);
    assert.equal(changedCells(rows), 1);
    const changed = rows.find(({ cells }) => cells.T1.was !== null);
    assert.deepEqual(changed?.environments, ['lab']);
    assert.equal(changed?.cells.T1.verdict, 'deny');
    assert.equal(changed?.cells.T1.was?.verdict, 'needs-approval');
    assert.equal(changedCells(folded(before, undefined)), 0);
  });
});

describe('policy files', () => {
  it('are told by place where something is wrong', () => {
    assert.deepEqual(problemsOf(['policy/own.cedar:12: unexpected: token', 'no schema']), [
      { file: 'own.cedar', line: 12, says: 'unexpected: token' },
      { file: '', line: 0, says: 'no schema' },
    ]);
  });

  it('are edited, new or taken out', () => {
    const [a, b] = [
      { name: 'a.cedar', text: '1' },
      { name: 'b.cedar', text: '2' },
    ];
    assert.deepEqual(editedNames([a, b], [a, b]), []);
    assert.deepEqual(
      editedNames(
        [a, b],
        [
          { ...a, text: '3' },
          { name: 'c.cedar', text: '' },
        ],
      ),
      ['a.cedar', 'b.cedar', 'c.cedar'],
    );
  });

  it('have plain names, each its own', () => {
    assert.equal(nameProblem('own.cedar', []), null);
    assert.match(nameProblem('own.cedar', [{ name: 'own.cedar', text: '' }]) ?? '', /of that name/);
    for (const name of ['../x.cedar', 'x', 'X.cedar', '.cedar', 'a/b.cedar'])
      assert.notEqual(nameProblem(name, []), null);
  });
});
