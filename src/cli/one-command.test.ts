import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALONE, commandAlone } from './one-command.ts';
import { cli } from './samples.ts';
import { CHAPTERS } from './tree.ts';

describe('a command that is loaded alone', () => {
  const all = new Map(
    CHAPTERS.flatMap(({ commands }) => commands.map((spec) => [spec.usage.split(' ')[0], spec])),
  );

  it('is the very command of the whole tree', async () => {
    for (const [name, load] of Object.entries(ALONE))
      assert.equal(await load(), all.get(name), name);
  });

  it('is found behind the options of the program, whatever they say', async () => {
    const { mcp, query } = { mcp: all.get('mcp'), query: all.get('query') };
    assert.equal(await commandAlone(['mcp']), mcp);
    assert.equal(await commandAlone(['--home', 'query', 'mcp']), mcp);
    assert.equal(await commandAlone(['--json', '--home=x', 'query', 'mcp']), query);
  });

  it('is left to the whole tree where its words may mean something else', async () => {
    for (const words of [
      '',
      'help mcp',
      'mcp --help',
      '-h mcp',
      '--hom x mcp',
      '-- mcp',
      'toString',
    ])
      assert.equal(await commandAlone(words.split(' ').filter(Boolean)), undefined, words);
  });

  it('says of wrong words what the whole tree would say', async () => {
    const { err, exit } = await cli(['query', '--limt', '2']);
    assert.equal(exit, 2);
    assert.match(err, /unknown option '--limt'. Did you mean --limit\? See: holdfast query --help/);
    assert.match((await cli(['mcp', 'x'])).err, /See: holdfast mcp --help/);
  });
});
