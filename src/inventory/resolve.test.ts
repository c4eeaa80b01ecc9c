import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { throwsFault } from '#test/throws-fault';
import { isTrusted, mayAssert, requireMayAssert } from './grants.ts';
import { nearest } from './nearest.ts';
import { parseInventory } from './parse.ts';
import { requireSsh, resolveTarget } from './resolve.ts';

const fleet = parseInventory(`version: 1
scopes: [main/main, other/site]
targets:
  host:web-1:
    sources:
      - {name: probe, kinds: [service], trusted: true}
      - {name: assistant}
  host:web-2:
  cluster:web-2:
  host:secret: {scope: other/site}
  host:proto:
  host:db-1:
  host:db-2:
`);

describe('a machine that has no SSH', () => {
  it('is not reached over it, whatever its address', async () => {
    const fault = await throwsFault(
      () => requireSsh({ id: 'host:node-1', hostType: 'talos' }),
      'no-ssh-there',
    );
    assert.equal(fault.kind, 'refused');
    for (const hostType of ['debian', 'ubuntu', 'linux', 'windows', 'other'] as const)
      requireSsh({ id: 'host:web-1', hostType });
  });
});

describe('a name', () => {
  it('is an id, or a short name that only one target has', () => {
    assert.equal(resolveTarget(fleet, 'host:web-1').id, 'host:web-1');
    assert.equal(resolveTarget(fleet, 'web-1').id, 'host:web-1');
    assert.equal(resolveTarget(fleet, 'cluster:web-2').id, 'cluster:web-2');
  });

  it('that two targets share is answered with both', async () => {
    const fault = await throwsFault(() => resolveTarget(fleet, 'web-2'), 'unknown-target');
    assert.deepEqual(fault.facts['candidates'], ['cluster:web-2', 'host:web-2']);
  });

  it('that nobody has is answered with near ones, and never guessed', async () => {
    for (const name of ['host:web1', 'WEB-1', 'we-b1', 'host:web-l']) {
      const fault = await throwsFault(() => resolveTarget(fleet, name), 'unknown-target');
      assert.ok((fault.facts['candidates'] as string[]).includes('host:web-1'), name);
    }
    for (const name of ['', '__proto__', 'x'.repeat(100_000), '\u001b[31m'])
      assert.ok(
        (await throwsFault(() => resolveTarget(fleet, name), 'unknown-target')).message.length <
          400,
      );
  });

  it('of another scope does not exist, not even as a candidate', async () => {
    const scopes = ['main/main'];
    for (const name of ['host:secret', 'secret', 'host:secre']) {
      const fault = await throwsFault(() => resolveTarget(fleet, name, scopes), 'unknown-target');
      assert.deepEqual(fault.facts['candidates'], []);
    }
    assert.equal(resolveTarget(fleet, 'secret', ['other/site']).id, 'host:secret');
  });
});

describe('the word of a source', () => {
  it('counts for what it was granted', () => {
    assert.deepEqual(mayAssert(fleet, 'host:web-1', 'probe', 'service'), {
      holds: true,
      trusted: true,
    });
    assert.deepEqual(mayAssert(fleet, 'host:web-1', 'assistant', 'user'), {
      holds: true,
      trusted: false,
    });
  });

  it('is refused otherwise, and the answer says what would be accepted', () => {
    assert.deepEqual(mayAssert(fleet, 'host:web-1', 'probe', 'user'), {
      holds: false,
      because: 'kind-not-granted',
      accepted: ['service'],
    });
    const accepted = ['probe', 'assistant'];
    assert.deepEqual(mayAssert(fleet, 'host:web-1', 'stranger', 'user'), {
      holds: false,
      because: 'undeclared-source',
      accepted,
    });
    assert.deepEqual(mayAssert(fleet, 'host:web-1', 'collector.local', 'user'), {
      holds: false,
      because: 'reserved-source',
      accepted,
    });
    assert.deepEqual(mayAssert(fleet, 'host:web-2', 'probe', 'service'), {
      holds: false,
      because: 'undeclared-source',
      accepted: [],
    });
    assert.deepEqual(mayAssert(fleet, 'host:gone', 'probe', 'service'), {
      holds: false,
      because: 'unknown-target',
      accepted: [],
    });
  });

  it('is required for every kind, and even for nothing', async () => {
    const web = resolveTarget(fleet, 'web-1');
    requireMayAssert(fleet, web, 'probe', ['service']);
    requireMayAssert(fleet, web, 'probe', []);
    await throwsFault(
      () => requireMayAssert(fleet, web, 'probe', ['service', 'user']),
      'source-refused',
    );
    await throwsFault(() => requireMayAssert(fleet, web, 'holdfast.drift', []), 'source-refused');
    const fault = await throwsFault(
      () => requireMayAssert(fleet, web, 'stranger', []),
      'source-refused',
    );
    assert.deepEqual(fault.facts['accepted'], ['probe', 'assistant']);
  });

  it('is trusted when it is built in or granted so, and for those kinds only', () => {
    assert.ok(isTrusted(fleet, 'host:web-1', 'collector.ssh', 'user'));
    assert.ok(isTrusted(fleet, 'host:web-1', 'collector.local', 'user'));
    assert.ok(isTrusted(fleet, 'host:web-1', 'probe'));
    assert.ok(isTrusted(fleet, 'host:web-1', 'probe', 'service'));
    assert.ok(!isTrusted(fleet, 'host:web-1', 'probe', 'user'));
    assert.ok(!isTrusted(fleet, 'host:web-1', 'assistant'));
    assert.ok(!isTrusted(fleet, 'host:web-2', 'probe'));
    assert.ok(!isTrusted(fleet, 'host:gone', 'probe'));
  });
});

describe('near names', () => {
  it('are those a slip away, nearest first', () => {
    const known = ['environment', 'hostType', 'owner', 'tags'];
    assert.deepEqual(nearest('enviroment', known, 3), ['environment']);
    assert.deepEqual(nearest('tasg', known, 3), ['tags']);
    assert.deepEqual(nearest('hosttype', known, 3), ['hostType']);
    assert.deepEqual(nearest('zzz', known, 3), []);
  });
});
