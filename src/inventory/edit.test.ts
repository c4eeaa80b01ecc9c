import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { throwsFault } from '#test/throws-fault';
import { addSource, addTarget, removeTarget } from './edit.ts';
import { parseInventory } from './parse.ts';
import { localTargetId, sampleInventory } from './sample.ts';

const probe = { name: 'probe', kinds: ['*'], trusted: false };
const fleet = `# the fleet
version: 1 # for ever

redundancySets:
  web: [host:web-1, host:web-2] # both

targets:
  # the web
  host:web-1: # first
    hostType:   debian   # odd spacing stays
    tags: [ a,b ]
      # deeper than anything

  # the other one
  host:web-2:
    sources:
    - name: x # in use
    # more to come

# the end
drift: {ignore: []}
`;

describe('adding a target', () => {
  it('leaves every other line as it was', () => {
    const edited = addTarget(fleet, {
      id: 'host:db-1',
      hostType: 'debian',
      owner: 'yes: no # maybe',
      tags: ['true', 'db'],
      staleAfter: '1h',
      sources: [probe, { name: 'cmdb', kinds: ['host', 'service'], trusted: true }],
    });
    const added = `  host:db-1:
    hostType: debian
    owner: "yes: no # maybe"
    tags: ["true", db]
    staleAfter: 1h
    sources:
      - name: probe
      - name: cmdb
        kinds: [host, service]
        trusted: true
`;
    assert.equal(edited, fleet.replace('    # more to come\n', `    # more to come\n${added}`));
    assert.equal(parseInventory(edited).byId.get('host:db-1')?.owner, 'yes: no # maybe');
    assert.equal(removeTarget(edited, 'host:db-1'), fleet);
  });

  it('works where there was none, however that was written', () => {
    for (const [text, expected] of [
      ['version: 1', 'version: 1\ntargets:\n  host:a: {}\n'],
      ['version: 1\ntargets:', 'version: 1\ntargets:\n  host:a: {}\n'],
      ['version: 1\ntargets: {} # none\n', 'version: 1\ntargets: # none\n  host:a: {}\n'],
      ['targets: ~\nversion: 1\n', 'targets:\n  host:a: {}\nversion: 1\n'],
      [
        'version: 1\ntargets:\n  # host:b:\n\n# end\n',
        'version: 1\ntargets:\n  # host:b:\n  host:a: {}\n\n# end\n',
      ],
      ['version: 1\ntargets: {host:b: {}}\n', 'version: 1\ntargets: {host:b: {}, host:a: {}}\n'],
      ['version: 1\r\ntargets:\r\n', 'version: 1\r\ntargets:\r\n  host:a: {}\r\n'],
    ] as const) {
      assert.equal(addTarget(text, { id: 'host:a' }), expected);
    }
  });

  it('that exists takes over new sources and refuses the rest', async () => {
    const edited = addTarget(fleet, { id: 'host:web-1', sources: [probe] });
    assert.deepEqual(parseInventory(edited).byId.get('host:web-1')?.sources, [probe]);
    for (const again of [
      { id: 'host:web-1', sources: [probe] },
      { id: 'host:web-1' },
      { id: 'host:web-1', environment: 'lab' as const, sources: [{ ...probe, name: 'new' }] },
      { id: 'host:web-1', staleAfter: '1h', sources: [{ ...probe, name: 'new' }] },
    ]) {
      await throwsFault(() => addTarget(edited, again), 'target-exists');
    }
  });

  it('refuses what the file could not say', async () => {
    for (const bad of [
      { id: 'web' },
      { id: 'host:a b' },
      { id: 'host:a', transport: 'ssh' as const },
      { id: 'host:a', sources: [{ ...probe, name: 'collector.local' }] },
      { id: 'host:a', redundancySet: 'none' },
      { id: 'host:a', owner: 'a\nversion: 2' },
      { id: 'host:a', staleAfter: '1y' },
    ]) {
      await throwsFault(() => addTarget(fleet, bad), 'invalid-inventory');
    }
    await throwsFault(() => addTarget('{version: 1}', { id: 'host:a' }), 'inventory-layout');
    await throwsFault(() => addTarget('version: 3', { id: 'host:a' }), 'invalid-inventory');
  });
});

describe('adding a source', () => {
  it('puts it at the end of the list, in the style of the list', () => {
    assert.equal(
      addSource(fleet, 'host:web-2', probe),
      fleet.replace('    # more to come\n', '    # more to come\n    - name: probe\n'),
    );
    for (const [body, expected] of [
      ['host:a:', 'host:a:\n    sources:\n      - name: probe'],
      ['host:a: {}', 'host:a:\n    sources:\n      - name: probe'],
      ['host:a: {tags: [x]}', 'host:a: {tags: [x], sources: [{name: probe}]}'],
      ['host:a: {sources: []}', 'host:a: {sources: [{name: probe}]}'],
      ['host:a:\n    sources: [{name: x}]', 'host:a:\n    sources: [{name: x}, {name: probe}]'],
      ['host:a:\n    sources: []', 'host:a:\n    sources:\n      - name: probe'],
    ] as const) {
      const text = `version: 1\ntargets:\n  ${body}\n`;
      assert.equal(addSource(text, 'host:a', probe), `version: 1\ntargets:\n  ${expected}\n`);
    }
  });

  it('refuses a second grant for one source, and a target that is not there', async () => {
    await throwsFault(
      () => addSource(fleet, 'host:web-2', { ...probe, name: 'x' }),
      'source-exists',
    );
    const fault = await throwsFault(() => addSource(fleet, 'host:web-3', probe), 'unknown-target');
    assert.deepEqual(fault.facts['candidates'], ['host:web-1', 'host:web-2']);
  });
});

describe('removing a target', () => {
  it('takes its comments and memberships with it, and nobody else’s', () => {
    const edited = removeTarget(fleet, 'host:web-2');
    assert.equal(
      edited,
      fleet
        .replace('[host:web-1, host:web-2]', '[host:web-1]')
        .replace(/ {2}# the other one\n[^]* {4}# more to come\n/, ''),
    );
    const none = removeTarget(edited, 'host:web-1');
    assert.ok(none.includes('  # the web\n') && !none.includes('deeper than anything'));
    assert.deepEqual(parseInventory(none).targets, []);
  });

  it('reads lists of members in any style', () => {
    const text =
      'version: 1\nredundancySets:\n  a:\n    - host:a # one\n    - host:b\ntargets: {host:a: {}, host:b: {}}\n';
    assert.equal(
      removeTarget(text, 'host:a'),
      'version: 1\nredundancySets:\n  a:\n    - host:b\ntargets: {host:b: {}}\n',
    );
  });
});

describe('edits, whatever the names', () => {
  it('undo each other to the byte', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,12}$/);
    const text = fc.constantFrom(
      'true',
      'null',
      '1e3',
      '~',
      'a: b',
      '# c',
      "it's",
      '"q"',
      '- x',
      '0x1F',
      '1:30',
      'ø',
      '{a}',
      '*',
    );
    fc.assert(
      fc.property(name, text, (host, owner) => {
        const id = `host:${host}`;
        fc.pre(!['host:web-1', 'host:web-2'].includes(id));
        const edited = addTarget(fleet, { id, owner, sources: [probe] });
        assert.equal(parseInventory(edited).byId.get(id)?.owner, owner);
        assert.equal(removeTarget(edited, id), fleet);
      }),
      { numRuns: 150 },
    );
  });
});

describe('the sample', () => {
  it('can be read, and knows this machine', () => {
    const inventory = parseInventory(sampleInventory({ hostname: 'Web-1', hostType: 'debian' }));
    assert.equal(inventory.targets[0]?.id, 'host:web-1');
    assert.equal(inventory.targets[0]?.transport, 'local');
  });

  it('teaches only what can be read when the comment signs are taken away', () => {
    const sample = sampleInventory({ hostname: 'web-1', hostType: 'debian' });
    const words = 'sources|kinds|trusted|redundancySets|web|drift|ignore|reason';
    const example = new RegExp(`^( *)# (?= *(?:- |(?:${words}):))`, 'gm');
    const taught = sample.replaceAll(example, '$1').replace('host:web-1, host:web-2', 'host:web-1');
    assert.notEqual(taught, sample);
    const inventory = parseInventory(taught);
    assert.equal(inventory.redundancySets.length, 1);
    assert.equal(inventory.ignore.length, 1);
    assert.equal(inventory.targets[0]?.sources.length, 1);
  });

  it('finds an id for any host name', () => {
    const letter = fc.constantFrom(
      'a',
      'Z',
      '9',
      '-',
      '.',
      '_',
      ' ',
      '/',
      ':',
      '*',
      'é',
      '\u0000',
      '\u202e',
      '\n',
    );
    fc.assert(
      fc.property(fc.string({ unit: letter }), (hostname) => {
        const text = sampleInventory({ hostname, hostType: 'other' });
        assert.equal(parseInventory(text).targets[0]?.id, localTargetId(hostname));
      }),
      { numRuns: 100 },
    );
  });
});
