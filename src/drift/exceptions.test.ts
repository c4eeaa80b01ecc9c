import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { shift } from '#base/time';
import { matches } from '#base/wildcard';
import { throwsFault } from '#test/throws-fault';
import { newWaiver, standingOf } from './exceptions.ts';
import { aFinding, aWaiver, later, noon } from './samples.ts';

describe('a pattern', () => {
  it('means itself, and any run of characters where it has a star', () => {
    assert.ok(matches('service:web-1/nginx', 'service:web-1/nginx'));
    assert.ok(matches('*', ''));
    assert.ok(matches('package:*/openssl', 'package:web-1/openssl'));
    assert.ok(!matches('package:*/openssl', 'package:web-1/openssl-dev'));
    assert.ok(!matches('a*a', 'a'));
    assert.ok(!matches('host:web.1', 'host:web-1'));
  });

  it('agrees with the regular expression it stands for', () => {
    const text = fc.stringMatching(/^[ab.]{0,8}$/);
    fc.assert(
      fc.property(fc.stringMatching(/^[ab.*]{0,6}$/), text, (pattern, candidate) => {
        const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*');
        assert.equal(matches(pattern, candidate), new RegExp(`^${source}$`).test(candidate));
      }),
      { numRuns: 3_000 },
    );
  });

  it('answers soon where a regular expression would not', () => {
    assert.ok(!matches(`${'*a'.repeat(200)}b`, 'a'.repeat(5_000)));
  });
});

describe('an exception', () => {
  const ignore = { target: '*', entity: 'service:*', attribute: 'state', reason: 'restarts' };

  it('takes hold only where target, entity and attribute all match', () => {
    const status = (more: object): string =>
      standingOf(aFinding(), { waivers: [aWaiver(more)], ignores: [] }, noon).status;
    assert.equal(status({}), 'waived');
    assert.equal(status({ target: 'host:web-2' }), 'open');
    assert.equal(status({ entity: 'package:*' }), 'open');
    assert.equal(status({ attribute: 'enabled' }), 'open');
    assert.equal(status({ scope: 'other/site' }), 'open');
    assert.equal(status({ status: 'withdrawn' }), 'open');
  });

  it('of the inventory comes before a waiver', () => {
    const standing = standingOf(aFinding(), { waivers: [aWaiver()], ignores: [ignore] }, noon);
    assert.deepEqual(standing, { status: 'ignored', rule: ignore });
  });
});

describe('a new waiver', () => {
  it('needs a reason, an owner, an aim and an end that is near', async () => {
    const { signature: _s, status: _t, ...asked } = aWaiver();
    assert.equal(newWaiver(asked, noon).signature, 'unsigned');
    for (const bad of [
      { reason: ' ' },
      { owner: '' },
      { entity: '*', attribute: '*' },
      { target: '' },
      { expiresAt: noon },
      { expiresAt: shift(noon, 400 * 86_400_000_000) },
    ]) {
      await throwsFault(() => newWaiver({ ...asked, ...bad }, noon), 'invalid-waiver');
    }
    assert.equal(newWaiver({ ...asked, expiresAt: later }, shift(later, -1)).status, 'active');
  });
});
