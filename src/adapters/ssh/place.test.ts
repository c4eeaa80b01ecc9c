import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Target } from '#model';
import { jumpWord, knownName, parsePlace, routeTo } from './place.ts';

const target = (id: string, more: Partial<Target> = {}): Target =>
  ({ id, transport: 'ssh', address: id, via: [], hostKey: null, ...more }) as unknown as Target;

describe('an address', () => {
  it('is a name or an address, with a port where it is not 22', () => {
    const shown = (text: string): string | undefined => {
      const place = parsePlace(text, true);
      return place === undefined ? undefined : jumpWord(place, 'me');
    };
    assert.equal(shown('web-1.example'), 'me@web-1.example:22');
    assert.equal(shown('WEB-1:2222'), 'me@web-1:2222');
    assert.equal(shown('ada@10.0.0.1:22'), 'ada@10.0.0.1:22');
    assert.equal(shown('[2001:db8::1]:2200'), 'me@[2001:db8::1]:2200');
    assert.equal(shown('2001:db8::1'), 'me@[2001:db8::1]:22');
  });

  it('is never what ssh or a shell takes for something else', () => {
    for (const text of [
      '-oProxyCommand=id',
      '-l',
      'a b',
      'a;b',
      '$(id)',
      '`id`',
      'a,b',
      'a\nb',
      'a\0b',
      "a'b",
      'ssh://a',
      'a/b',
      '%h',
      'a%1',
      'fe80::1%eth0',
      '[a]:22',
      'a:0',
      'a:65536',
      'a:22:23:zz',
      'a@b@c',
      '-x@host',
      'a b@host',
      '',
      'ada@',
      ':22',
      'x'.repeat(300),
    ]) {
      assert.equal(parsePlace(text, true), undefined, text);
    }
    assert.equal(parsePlace('ada@web-1', false), undefined);
  });

  it('whatever is written, leaves plain letters only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        const place = parsePlace(text, true);
        if (place === undefined) return;
        assert.match(
          jumpWord(place, 'me'),
          /^[A-Za-z_][\w.-]*@(?:[a-z0-9][a-z0-9._-]*|\[[0-9a-f:.]+\]):[0-9]+$/,
        );
      }),
    );
  });

  it('has the name that known_hosts has', () => {
    assert.equal(knownName(parsePlace('a', false) as never), 'a');
    assert.equal(knownName(parsePlace('a:23', false) as never), '[a]:23');
  });
});

describe('the way to a target', () => {
  const all = new Map(
    [
      target('web', { via: ['inner'] }),
      target('inner', { via: ['ops@outer.example:2222'], address: 'inner.example:23' }),
      target('loop-a', { via: ['loop-b'] }),
      target('loop-b', { via: ['loop-a'] }),
      target('none', { address: null }),
      target('local', { transport: 'local' } as Partial<Target>),
      target('lost', { via: ['none'] }),
      target('twin', { via: ['outer'], address: '10.0.0.1' }),
      target('outer', { address: '10.0.0.1:22' }),
      target('odd', { via: ['-oProxyCommand=id'] }),
    ].map((each) => [each.id, each]),
  );
  const route = (id: string) => routeTo(all.get(id) as Target, (known) => all.get(known));

  it('goes through bastions, and through theirs', () => {
    const found = route('web');
    assert.ok('place' in found);
    assert.deepEqual(
      found.hops.map((hop) => jumpWord(hop, 'me')),
      ['ops@outer.example:2222', 'me@inner.example:23'],
    );
    assert.deepEqual(
      found.hops.map((hop) => hop.target?.id ?? null),
      [null, 'inner'],
    );
  });

  it('is none where a bastion could stand in for what is behind it', () => {
    assert.deepEqual(route('twin'), { trouble: 'bastion-failed' });
  });

  it('is none in a circle, through nowhere, or through an option', () => {
    for (const id of ['loop-a', 'lost', 'odd']) {
      assert.deepEqual(route(id), { trouble: 'bastion-failed' }, id);
    }
    for (const id of ['none', 'local']) assert.deepEqual(route(id), { trouble: 'no-address' }, id);
  });
});
