import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import { compileGrammar } from './compile.ts';
import { families } from './find-commands.ts';
import { deniedDirectories, deniedNames } from './paths.ts';
import { parseEntries } from './read-entries.ts';
import {
  shippedEntries,
  shippedFiles,
  shippedJudge,
  shippedText,
  someSurroundings,
} from './samples.ts';
import { SHIPPED_ENTRIES } from './shipped.ts';

const RUNS = Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 50);
const judge = shippedJudge();

describe('the shipped entries', () => {
  it('are in the files that are named, and no file is left out', () => {
    assert.deepEqual(shippedFiles(), [...SHIPPED_ENTRIES].toSorted());
  });

  it('are many, in the families that were agreed', () => {
    assert.ok(shippedEntries().length >= 136, String(shippedEntries().length));
    const names = families(judge).map(({ name }) => name);
    for (const name of [
      'monitoring',
      'network',
      'filesystem',
      'systemd',
      'containers',
      'system',
      'process',
      'text',
      'git',
      'security',
      'kubernetes',
    ])
      assert.ok(names.includes(name), name);
  });

  it('have examples that only read, and whose normal form is judged the same', () => {
    let count = 0;
    for (const { program, forms, origin } of shippedEntries())
      for (const form of forms)
        for (const example of form.examples) {
          const found = judge.judgeLine(example);
          const isAdvice = form.class !== 'read' && found.class === 'read';
          assert.ok(
            found.class === form.class || isAdvice,
            `${origin.file} ${program}: ${example}: ${found.because}`,
          );
          if (found.normalForm === null) continue;
          assert.deepEqual(judge.judge(found.normalForm).normalForm, found.normalForm, example);
          count += 1;
        }
    assert.ok(count > 100, String(count));
  });

  it('keep what is denied by its name out of every tree they read', () => {
    const { paths } = someSurroundings();
    const denied = [...deniedNames(paths), ...deniedDirectories(paths)];
    let trees = 0;
    for (const { items } of new Set(judge.programs.values()))
      for (const item of items)
        for (const known of item.forms) {
          if (
            known.form.class !== 'read' ||
            !known.operands.some(({ kind }) => kind.name === 'tree')
          )
            continue;
          trees += 1;
          const added = [...item.adds, ...known.adds].flatMap(({ words }) => words.join(' '));
          for (const name of denied)
            assert.ok(
              added.some((each) => each.endsWith(name)),
              `${item.entry.program} reads ${name} in a tree`,
            );
        }
    assert.ok(trees > 0);
  });

  it('compile into lines that hold nothing but what the page says', () => {
    const text = compileGrammar(judge, someSurroundings(), 7);
    assert.equal(text, compileGrammar(shippedJudge(), someSurroundings(), 7));
    assert.match(text, /^holdfast-grammar\t1\nversion\t7\n/);
    assert.ok(text.endsWith('\nend\n'));
    for (const line of text.slice(0, -1).split('\n'))
      assert.match(line, /^[a-z-]+(?:\t[A-Za-z0-9._~/:@,+=%| -]+)*$/);
  });

  it('give a fault with its place, and never anything else, when bytes of them change', () => {
    const noise = fc.oneof(
      fc.constantFrom(
        ...Array.from(':{}[]&*!|>"\'#%@,-? \n\t0aé\u202e\0'),
        '<<: ',
        '!!js/x ',
        '- ',
        '--- ',
        'class: ',
        'verb: ',
      ),
      fc.string({ maxLength: 6 }),
    );
    const mutation = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.nat(12),
      text: noise,
    });
    // The small ones: what goes wrong does so in any of them.
    const files = shippedFiles().filter((file) => shippedText(file).length < 8_000);
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        (file, mutations) => {
          let text = shippedText(file);
          for (const { at, length, text: put } of mutations) {
            const from = Math.floor(at * text.length);
            text = text.slice(0, from) + put + text.slice(from + length);
          }
          try {
            parseEntries(text, file, true);
          } catch (error) {
            assert.ok(error instanceof Fault, `${String(error)}\n${text}`);
            assert.equal(error.code, 'invalid-commands');
            assert.match(error.message, /[a-z]+\.yaml:\d+:\d+: /);
          }
        },
      ),
      { numRuns: RUNS },
    );
  });
});
