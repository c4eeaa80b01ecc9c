import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { throwsFault } from '#test/throws-fault';
import { buildCatalogue } from './catalogue.ts';
import { parseActions, parseRunbook } from './parse.ts';
import { anActionFile, aRunbookFile, shippedActions, shippedCatalogue } from './samples.ts';

const actions = shippedActions();

describe('the catalogue', () => {
  it('finds by id and by id with version, and names what is near otherwise', async () => {
    const catalogue = shippedCatalogue();
    assert.equal(catalogue.find('service.restart').id, 'service.restart');
    assert.equal(catalogue.find('service.restart@1').version, 1);
    const fault = await throwsFault(() => catalogue.find('service.restrat'), 'unknown-action');
    assert.deepEqual(fault.facts['candidates'], ['service.restart', 'service.start']);
    await throwsFault(() => catalogue.find('service.restart@2'), 'unknown-action');
    await throwsFault(() => catalogue.find('__proto__'), 'unknown-action');
  });

  it('takes the highest version where none is named', () => {
    const older = parseActions(anActionFile(), 'a.yaml', false);
    const newer = parseActions(
      anActionFile((text) => text.replace('version: 1\n    summary', 'version: 12\n    summary')),
      'b.yaml',
      false,
    );
    const catalogue = buildCatalogue({ actions: [...newer, ...older], runbooks: [] });
    assert.equal(catalogue.find('cache.flush').version, 12);
    assert.equal(catalogue.search('flush').length, 1);
  });

  it('refuses two of one name, with both places', async () => {
    const one = parseActions(anActionFile(), 'a.yaml', false);
    const two = parseActions(anActionFile(), 'b.yaml', false);
    const fault = await throwsFault(
      () => buildCatalogue({ actions: [...one, ...two], runbooks: [] }),
      'invalid-action',
    );
    assert.match(fault.message, /a\.yaml:3.*b\.yaml:3/);
  });

  it('has one digest whatever the order, and another for another action', () => {
    const digest = (given: typeof actions): string =>
      buildCatalogue({ actions: given, runbooks: [] }).digest;
    assert.equal(digest(actions.toReversed()), digest(actions));
    assert.notEqual(digest(actions.slice(1)), digest(actions));
  });

  it('takes what is not shipped for a draft until it is published, by its digest', () => {
    const own = parseActions(anActionFile(), 'a.yaml', false);
    const edited = parseActions(
      anActionFile((text) => text.replace(/summary: .*/, 'summary: Another one')),
      'a.yaml',
      false,
    );
    const digests = new Set(own.map(({ digest }) => digest));
    const drafts = (given: typeof own, published?: ReadonlySet<string>): boolean => {
      const catalogue = buildCatalogue({
        actions: [...actions, ...given],
        runbooks: [],
        ...(published === undefined ? {} : { published }),
      });
      assert.ok(actions.every((each) => !catalogue.isDraft(each)));
      return given.every((each) => catalogue.isDraft(each));
    };
    assert.ok(drafts(own));
    assert.ok(!drafts(own, digests));
    assert.ok(drafts(edited, digests));
    const digest = (published: ReadonlySet<string>): string =>
      buildCatalogue({ actions, runbooks: [], published }).digest;
    assert.notEqual(digest(digests), digest(new Set()));
  });

  it('takes a runbook of a draft for one', () => {
    const own = actions.map((each) => ({ ...each, origin: { ...each.origin, shipped: false } }));
    const book = parseRunbook(aRunbookFile(), 'r.yaml', false);
    const isDraft = (...published: readonly string[]): boolean =>
      buildCatalogue({
        actions: own,
        runbooks: [book],
        published: new Set(published),
      }).isDraft(book);
    const restart = own.find(({ id }) => id === 'service.restart')?.digest ?? '';
    assert.ok(isDraft(restart));
    assert.ok(isDraft(book.digest));
    assert.ok(!isDraft(book.digest, restart));
  });

  it('ranks what carries the word in its name first', () => {
    const catalogue = shippedCatalogue();
    const ids = (text: string): string[] => catalogue.search(text).map(({ id }) => id);
    assert.equal(ids('restart a service')[0], 'service.restart');
    assert.equal(ids('reboot')[0], 'host.reboot');
    assert.equal(ids('flush dns cache')[0], 'dns.flush');
    assert.deepEqual(ids('zzzz'), []);
    assert.equal(ids('').length, catalogue.all.length);
  });

  it('leaves out what a filter excludes', () => {
    const catalogue = shippedCatalogue();
    const destructive = catalogue.search('', { tier: 'T3', family: 'host' });
    assert.deepEqual(
      destructive.map(({ id }) => id),
      ['host.reboot'],
    );
    assert.ok(catalogue.search('', { family: 'user' }).every(({ family }) => family === 'user'));
    assert.deepEqual(catalogue.search('', { hostType: 'windows' }), []);
  });

  const runbook = (change: (text: string) => string): unknown =>
    buildCatalogue({ actions, runbooks: [parseRunbook(aRunbookFile(change), 'r.yaml', false)] });

  it('offers a runbook like an action', () => {
    const catalogue = buildCatalogue({
      actions,
      runbooks: [parseRunbook(aRunbookFile(), 'r.yaml', false)],
    });
    assert.equal(catalogue.find('runbook.renew-and-reload').kind, 'runbook');
  });

  const misfits: readonly (readonly [string, (text: string) => string, RegExp])[] = [
    [
      'names no action',
      (t) => t.replace('service.restart@1', 'service.restrt'),
      /is not in the catalogue/,
    ],
    [
      'is below the tier of its actions',
      (t) =>
        t
          .replace('service.restart@1', 'host.reboot')
          .replace('with: { unit: "{unit}" }', 'with: {}'),
      /is T3: the tier of the runbook is at least that/,
    ],
    [
      'hides that there is no way back',
      (t) =>
        t
          .replace('tier: T2', 'tier: T3')
          .replace('service.restart@1', 'host.reboot')
          .replace('with: { unit: "{unit}" }', 'with: {}'),
      /say so under irreversible/,
    ],
    [
      'gives an argument too many',
      (t) => t.replace('with: { unit:', 'with: { x: y, unit:'),
      /has no argument "x"/,
    ],
    [
      'gives an argument too few',
      (t) => t.replace('with: { unit: "{unit}" }', 'with: {}'),
      /needs unit under with/,
    ],
    [
      'would run the parts of its actions on the machine Holdfast runs on',
      (t) => t.replace(/^( *)tier: T2$/m, '$1tier: T2\n$1carrier: controller'),
      /a runbook runs on its targets: leave carrier out/,
    ],
    [
      'would run on its target what that machine carries',
      (t) =>
        t
          .replace('service.restart@1', 'talos.service-restart@1')
          .replace('with: { unit: "{unit}" }', 'with: { service: "{unit}" }'),
      /is carried by the controller: propose it by itself/,
    ],
  ];
  for (const [what, change, words] of misfits) {
    it(`refuses a runbook that ${what}`, async () => {
      const fault = await throwsFault(() => runbook(change), 'invalid-action');
      assert.match(fault.message, words);
      assert.match(fault.message, /r\.yaml:\d+/);
    });
  }
});
