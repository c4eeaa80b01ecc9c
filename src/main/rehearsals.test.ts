import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseActions } from '#catalogue';
import type { TestAsked } from '#cli';
import { nodeFiles } from '#machine';
import { anActionFile } from '#samples/catalogue';
import { throwsFault } from '#test/throws-fault';
import { catalogueKeeper } from './catalogue-keeper.ts';
import { pathsOf } from './data-directory.ts';
import { nodeRehearsals } from './rehearsals.ts';

const FLEET = (environment: string): string => `version: 1
targets:
  host:this: { hostType: debian, environment: ${environment}, transport: local }
  host:lab: { hostType: debian, environment: lab, transport: none }
`;
const LOOK = `version: 1
actions:
  - { id: site.look, version: 1, summary: Look, family: site, tier: T0, sideEffect: none, hostTypes: [debian], steps: [{ run: [uptime], effect: Looks }] }
`;

describe('an action of an operator’s own', () => {
  let home: string;
  let digest: string;
  before(() => {
    home = mkdtempSync(join(tmpdir(), 'hf-own-'));
    mkdirSync(join(home, 'catalogue'));
    writeFileSync(join(home, 'fleet.yaml'), FLEET('production'));
    writeFileSync(join(home, 'catalogue', 'own.yaml'), anActionFile());
    writeFileSync(join(home, 'look.yaml'), LOOK);
    digest = parseActions(anActionFile(), 'own.yaml', false)[0]?.digest ?? '';
  });
  after(() => rmSync(home, { recursive: true }));

  const asked = (what: string, only: string | null = null): TestAsked => ({
    what,
    only,
    arguments: {},
    prepare: null,
    watch: [],
  });
  const report = (over: object = {}): string =>
    JSON.stringify({
      action: 'cache.flush@1',
      digest,
      where: 'host:lab',
      result: 'passed',
      tries: [{ name: 'does it twice', held: true, says: 'so it is' }],
      ...over,
    });
  const publish =
    (text: string, what = 'cache.flush'): (() => Promise<unknown>) =>
    () =>
      nodeRehearsals.publish(home, asked(what), text);
  const inForce = async (): Promise<{ isDraft: boolean; digest: string }> => {
    const catalogue = await catalogueKeeper(nodeFiles(), pathsOf(home))();
    return { isDraft: catalogue.isDraft(catalogue.find('cache.flush')), digest: catalogue.digest };
  };

  it('is tried on nothing but this machine, and only where that is a lab', async () => {
    const fault = await throwsFault(
      () => nodeRehearsals.test(home, asked('cache.flush')),
      'no-lab',
    );
    assert.match(fault.message, /fleet\.yaml/);
    await throwsFault(() => nodeRehearsals.publish(home, asked('cache.flush'), null), 'no-lab');
  });

  it('only has to be readable when it only looks', async () => {
    const told = await nodeRehearsals.test(home, asked(join(home, 'look.yaml')));
    assert.equal((told as { result: string }).result, 'passed');
    const bad = join(home, 'bad.yaml');
    writeFileSync(bad, LOOK.replace('T0', 'T9'));
    await throwsFault(() => nodeRehearsals.test(home, asked(bad)), 'invalid-action');
    await throwsFault(publish(report(), join(home, 'look.yaml')), 'nothing-to-publish');
    await throwsFault(publish(report(), 'service.restart'), 'nothing-to-publish');
    await throwsFault(
      () => nodeRehearsals.test(home, asked(join(home, 'look.yaml'), 'site.other')),
      'name-one',
    );
  });

  it('is not published by a report of another one, of a failure, or of nothing', async () => {
    await throwsFault(publish(report({ digest: `sha256:${'0'.repeat(64)}` })), 'other-action');
    await throwsFault(publish(report({ result: 'failed' })), 'contract-broken');
    await throwsFault(publish(report({ tries: [] })), 'contract-broken');
    const failed = [{ name: 'does it twice', held: false, says: 'not so' }];
    await throwsFault(publish(report({ tries: failed })), 'contract-broken');
    for (const text of ['null', '[]', '{}', '{"digest": 3}', report({ tries: [null] })])
      await throwsFault(publish(text), 'invalid-report');
    assert.equal((await inForce()).isDraft, true);
  });

  it('is published by a passed one, once, and that is an edit of the catalogue', async () => {
    const before = await inForce();
    await publish(report())();
    await publish(report())();
    const text = readFileSync(join(home, 'catalogue', 'published.jsonl'), 'utf8');
    assert.equal(text.split('\n').length, 2);
    const after = await inForce();
    assert.equal(after.isDraft, false);
    assert.notEqual(after.digest, before.digest);
    appendFileSync(
      join(home, 'catalogue', 'published.jsonl'),
      `torn\n${text.replace(/[0-9a-f]{64}/, 'e'.repeat(64))}`,
    );
    assert.notEqual((await inForce()).digest, after.digest);
    const told = (await nodeRehearsals.drafts(home)) as { unreadable: number[]; actions: object[] };
    assert.deepEqual(told.unreadable, [2]);
    assert.equal(told.actions.length, 1);
  });

  it('is a draft again when it is edited', async () => {
    writeFileSync(
      join(home, 'catalogue', 'own.yaml'),
      anActionFile((text) => text.replace('Flush a cache', 'Flush caches')),
    );
    assert.equal((await inForce()).isDraft, true);
  });
});
