import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cli } from '../samples.ts';

describe('the commands of one’s own actions', () => {
  it('hand over what is to be tried, with paths made whole and arguments of their types', async () => {
    const line =
      'action test ./site.yaml --only site.close --arg site=www --arg days=3 --arg-file text=t --prepare before.sh --watch /opt'.split(
        ' ',
      );
    const { called, out, exit } = await cli(line, { files: { '/desk/t': 'of\nthe file' } });
    const [, home, asked] = called.find(([name]) => name === 'test') ?? [];
    assert.equal(typeof home, 'string');
    assert.deepEqual(asked, {
      what: '/desk/site.yaml',
      only: 'site.close',
      arguments: { site: 'www', days: 3, text: 'of\nthe file' },
      prepare: '/desk/before.sh',
      watch: ['/opt'],
    });
    assert.match(out, /keeps its contract/);
    assert.equal(exit, 0);
  });

  it('take an id for one, and a report as it was written', async () => {
    const line = ['action', 'publish', 'site.close', '--report', '-'];
    const { called, out } = await cli(line, { stdin: ['{"result":', '"passed"}'] });
    const [, , asked, report] = called.find(([name]) => name === 'publish') ?? [];
    assert.equal((asked as { what: string }).what, 'site.close');
    assert.equal(report, '{"result":"passed"}');
    assert.match(out, /is published.*config sign/s);
  });

  it('end with 3 when the contract is not kept, and show which try it was', async () => {
    const { out, exit } = await cli(['action', 'test', 'site.close'], {
      commands: {
        rehearsals: {
          test: async () => ({
            action: 'site.close@1',
            where: 'host:lab',
            result: 'failed',
            tries: [{ name: 'usual: does it twice', held: false, says: 'it left \u001b[31msome' }],
          }),
          publish: () => Promise.reject(new Error('not asked')),
          drafts: () => Promise.reject(new Error('not asked')),
        },
      },
    });
    assert.equal(exit, 3);
    assert.match(out, /NO\s+usual: does it twice/);
    assert.ok(!out.includes('\u001b'));
  });

  it('list drafts', async () => {
    assert.match((await cli(['action', 'drafts'])).out, /No actions of your own/);
  });
});
