import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '#base/fault';
import { throwsFault } from '#test/throws-fault';
import { authorityOf } from './in-force.ts';
import {
  aHostPolicy,
  aKey,
  aPasskey,
  aRoot,
  rootLine,
  signerLine,
  theRevocations,
  theSigners,
} from './samples.ts';
import { formatSigners, NAMESPACES, namespacesOf, parseSigners, type Signers } from './signers.ts';

const good = theSigners([
  signerLine('alice', aKey('alice')),
  signerLine('carol', aPasskey('carol')),
  rootLine(['bob', 'dave'], aRoot('root')),
  signerLine('recovery', aKey('recovery')),
]);

describe('a signers file', () => {
  it('has one form', () => {
    const text = formatSigners(good);
    assert.deepEqual(parseSigners(text), good);
    assert.equal(formatSigners(parseSigners(text)), text);
  });

  it('keeps a line from before enrolments were signed, and whoever it covers signs none', () => {
    const older = formatSigners(good).replace(',holdfast-enrolment@1"', '"');
    const read = parseSigners(older);
    assert.equal(formatSigners(read), older);
    assert.equal(read.lines[0]?.isOlder, true);
    assert.equal(namespacesOf('alice', read.lines[0] ?? {}).includes(NAMESPACES.enrolment), false);
    assert.deepEqual(
      authorityOf({ signers: read, revocations: theRevocations(), hostPolicy: aHostPolicy() })
        .lines,
      good.lines,
      'the next config gives the line in full',
    );
  });

  it('is refused, or is another one, when one byte is another', () => {
    const text = formatSigners(good);
    for (let at = 0; at < text.length; at++) {
      for (const byte of ['\n', ' ', '*', '!', ',', 'A', 'b', '"', '#', '']) {
        if (byte === text[at]) continue;
        const other = text.slice(0, at) + byte + text.slice(at + 1);
        let value: Signers;
        try {
          value = parseSigners(other);
        } catch (thrown) {
          assert.ok(thrown instanceof Fault && thrown.code === 'signers-broken', String(thrown));
          continue;
        }
        // And so not what `text` says.
        assert.equal(formatSigners(value), other);
      }
    }
  });

  it('says in which line the fault is', async () => {
    const text = formatSigners(good).replace('carol ', 'carol,* ');
    const fault = await throwsFault(() => parseSigners(text), 'signers-broken');
    assert.equal(fault.facts.line, 5);
  });

  it('has no key twice', () =>
    throwsFault(
      () =>
        formatSigners(theSigners([signerLine('alice', aKey('a')), signerLine('bob', aKey('a'))])),
      'signers-broken',
    ).then(() => undefined));

  it('keeps the recovery key apart', () =>
    throwsFault(
      () => formatSigners(theSigners([rootLine(['recovery', 'bob'], aRoot('root'))])),
      'signers-broken',
    ).then(() => undefined));
});
