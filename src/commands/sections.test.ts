import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { throwsFault } from '#test/throws-fault';
import { compileGrammar } from './compile.ts';
import { judgeOver } from './judge.ts';
import { Programs } from './programs.ts';
import {
  shippedEntries,
  shippedFiles,
  shippedJudge,
  shippedText,
  someSurroundings,
} from './samples.ts';
import { sectionOf, sectionsOf } from './sections.ts';

// Of all tests, since each is read once, when it is asked for: that takes seconds.
const sections = shippedFiles().flatMap((file) => sectionsOf(shippedText(file), file, true));

describe('entries that are read when they are asked for', () => {
  it('are the very entries of the files read whole, and nothing of them is read before', () => {
    assert.ok(sections.length > 500);
    const whole = shippedEntries();
    assert.deepEqual(
      sections.flatMap(({ programs }) => programs),
      whole.map(({ program }) => program),
    );
    assert.deepEqual(
      sections.flatMap((section) => section.entries()),
      whole,
    );
  });

  it('are judged by, and compiled, as they are all together', () => {
    const surroundings = someSurroundings();
    const programs = new Programs(sections, surroundings.paths);
    const judge = judgeOver(programs, surroundings);
    const whole = shippedJudge();
    assert.deepEqual([...programs.keys()], [...whole.programs.keys()]);
    const lines = shippedEntries().flatMap(({ forms }) =>
      forms.flatMap(({ examples }) => examples),
    );
    for (const line of lines) assert.deepEqual(judge.judgeLine(line), whole.judgeLine(line));
    assert.equal(
      compileGrammar(judge, surroundings, 1),
      compileGrammar(whole, whole.surroundings, 1),
    );
  });

  it('are found by their program, and refused when their names are not what was looked up', async () => {
    const text = (more: string): string =>
      `family: test\nentries:\n  - program: one\n    summary: one\n${more}    forms: [{ class: read, means: x }]\n`;
    const { paths } = someSurroundings();
    const [plain] = sectionsOf(text('    aliases: [uno, "[" ]\n'), 'x.yaml', true);
    assert.deepEqual(plain?.aliases, ['uno', '[']);
    assert.equal(plain?.entries()[0]?.origin.line, 3);
    // Written in another way the file is read whole, at once.
    const [listed] = sectionsOf(text('    aliases:\n      - uno\n'), 'x.yaml', true);
    assert.deepEqual(listed?.aliases, ['uno']);
    const hidden = sectionsOf(text('    "aliases": [uno]\n'), 'x.yaml', true);
    const programs = new Programs(hidden, paths);
    await throwsFault(() => programs.get('one'), 'invalid-commands');
    await throwsFault(() => programs.check(), 'invalid-commands');
  });

  it('that contradict each other are told with one program and with all, and not with another', async () => {
    const text = (program: string, style: string): string =>
      `family: test\nentries:\n  - program: ${program}\n    summary: x\n    style: ${style}\n    forms: [{ class: read, means: x }]\n`;
    const { paths } = someSurroundings();
    const texts = [text('one', 'getopt'), text('one', 'words'), text('two', 'words')];
    const programs = new Programs(
      texts.flatMap((each, i) => sectionsOf(each, `${i}.yaml`, true)),
      paths,
    );
    assert.equal(programs.get('two')?.name, 'two');
    await throwsFault(() => programs.get('one'), 'invalid-commands');
    await throwsFault(() => programs.get('one'), 'invalid-commands');
    await throwsFault(() => [...programs.values()], 'invalid-commands');
    const [first] = shippedEntries();
    assert.ok(first !== undefined);
    const clash = { ...sectionOf(first), programs: ['three'], aliases: ['two'] };
    await throwsFault(
      () => new Programs([...sectionsOf(text('two', 'words'), 'x.yaml', true), clash], paths),
      'invalid-commands',
    );
  });
});
