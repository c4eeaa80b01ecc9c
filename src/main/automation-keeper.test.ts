import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { nodeClock, nodeFiles } from '#machine';
import { shippedCatalogue } from '#samples/catalogue';
import { SIMULATED_TARGET } from '#test/simulated-rehearsal';
import { AutomationKeeper } from './automation-keeper.ts';
import { catalogueDigestOf } from './catalogue-keeper.ts';

const how = (...kinds: readonly string[]) => ({ progress: () => {}, kinds: new Set(kinds) });

describe('what automation.yaml names', () => {
  let place = '';
  let keeper: AutomationKeeper;
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'hf-automation-'));
    const paths = { automation: join(place, 'automation.yaml'), tools: join(place, 'tools') };
    keeper = new AutomationKeeper({ files: nodeFiles(), clock: nodeClock(), paths });
  });
  afterEach(() => rmSync(place, { recursive: true, force: true }));

  function configure(text = ''): void {
    mkdirSync(join(place, 'root'), { recursive: true, mode: 0o755 });
    for (const [name, content] of [
      ['hosts.yml', 'all: { hosts: { web-1: } }\n'],
      ['site.yml', '- hosts: all\n'],
    ] as const)
      writeFileSync(join(place, 'root', name), content, { mode: 0o644 });
    writeFileSync(
      join(place, 'automation.yaml'),
      `version: 1\nansible: [{ name: site, root: ${place}/root, inventory: hosts.yml, playbooks: [site.yml] }]\n${text}`,
    );
  }

  it('is signed with the catalogue, which stays what it was where nothing is named', async () => {
    assert.equal(await keeper.now(), undefined);
    const catalogue = shippedCatalogue();
    const without = catalogueDigestOf(catalogue, 'commands', undefined, undefined);
    configure();
    const digest = (await keeper.now())?.digest;
    assert.notEqual(catalogueDigestOf(catalogue, 'commands', digest, undefined), without);
  });

  it('is another with every edit of the settings and of the content', async () => {
    configure();
    const seen = new Set<string | undefined>();
    const edits = [
      () => {},
      () => writeFileSync(join(place, 'root', 'site.yml'), '- hosts: web\n'),
      () => writeFileSync(join(place, 'root', 'more.yml'), 'a: b\n', { mode: 0o644 }),
      () => chmodSync(join(place, 'root', 'more.yml'), 0o755),
      () => configure('# more\n'),
      () => symlinkSync('/etc/passwd', join(place, 'root', 'link')),
    ];
    for (const edit of edits) {
      edit();
      seen.add((await keeper.now())?.digest);
    }
    assert.equal(seen.size, edits.length);
    const [root] = (await keeper.now())?.roots ?? [];
    assert.ok(
      root !== undefined && 'code' in root.content && root.content.code === 'content-refused',
    );
  });

  it('is refused as a whole where the settings do not hold', async () => {
    configure('also: this\n');
    await assert.rejects(keeper.now(), /automation\.yaml:3:1: unknown key "also"/);
  });

  it('is looked at only when its kinds are asked for, and only by what is in force', async () => {
    assert.deepEqual(await keeper.look(SIMULATED_TARGET, how('unit'), async () => true), []);
    await assert.rejects(
      keeper.look(SIMULATED_TARGET, how('playbook'), async () => true),
      /no root of Ansible is set/,
    );
    configure();
    const asked: string[] = [];
    const [look] = await keeper.look(SIMULATED_TARGET, how('task'), async (digest) => {
      asked.push(digest);
      return false;
    });
    assert.deepEqual(asked, [(await keeper.now())?.digest]);
    assert.match(JSON.stringify(look?.facts), /not what an operator signed/);
    assert.equal(look?.source, 'collector.ansible');
  });
});
