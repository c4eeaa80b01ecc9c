/** Keys that a person pastes: each is of a kind that is known, or nothing is taken. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KEYS, LOG, WITNESS } from '../../../test/verifier/made-bundle.ts';
import { parseSigners } from '../../../verifier/holdfast-verifier.mjs';
import {
  fingerprintOf,
  given,
  keepGiven,
  NOTHING_GIVEN,
  readGiven,
  vkeyFingerprint,
} from './given.ts';

const ALICE = `alice namespaces="holdfast-change@1,holdfast-config@1" ${KEYS.mallory.line}`;

describe('keys that were given', () => {
  it('are told apart by their form, taken once, and added to those from before', async () => {
    const text = `# from the auditor\n${LOG.vkey}\n\n  ${WITNESS.vkey}\r\n${ALICE}\n${LOG.vkey}\n-----BEGIN CERTIFICATE-----\nMA\nA=\n-----END CERTIFICATE-----\n`;
    const read = await readGiven(text, { ...NOTHING_GIVEN, signers: [`bob ${KEYS.mallory.line}`] });
    assert.deepEqual(read, {
      given: {
        signers: [`bob ${KEYS.mallory.line}`, ALICE],
        logKeys: [LOG.vkey],
        witnesses: [WITNESS.vkey],
        revocations: '',
        tsa: ['MAA='],
      },
    });
    assert.match(await fingerprintOf(ALICE), /^SHA256:[A-Za-z0-9+/]{43}$/);
    assert.match(await vkeyFingerprint(LOG.vkey), /^SHA256:[A-Za-z0-9+/]{43}$/);
  });

  it('are shown by the key that counts, whatever else a line says of keys', async () => {
    const [type, base64] = KEYS.mallory.line.split(' ');
    const own = await fingerprintOf(KEYS.mallory.line);
    for (const line of [
      `alice ${type}  ${base64} ${KEYS.alice.line}`,
      `alice ${type}\t${base64} ${KEYS.alice.line}`,
      `alice namespaces="holdfast-change@1,x ${KEYS.alice.line}" ${KEYS.mallory.line}`,
      `alice cert-authority,namespaces="a" ${KEYS.mallory.line} of ${KEYS.alice.line}`,
    ]) {
      const [counts] = parseSigners(line);
      assert.equal(counts?.key.blob.toString('base64'), base64, line);
      assert.equal(await fingerprintOf(line), own, line);
      assert.ok('given' in (await readGiven(line, NOTHING_GIVEN)), line);
    }
    assert.equal(await fingerprintOf('alice'), 'not a key');
  });

  it('are read in a time that grows with what was pasted', async () => {
    for (const line of [`alice ${'a"" '.repeat(999)}!`, `alice ${'a-'.repeat(999)}!`]) {
      assert.ok('wrong' in (await readGiven(line, NOTHING_GIVEN)));
      assert.throws(() => parseSigners(line), /signers: not/);
    }
  });

  it('are refused whole where a line is none of these', async () => {
    for (const [wrong, says] of [
      ['', /no key/],
      ['# only words', /no key/],
      [KEYS.mallory.line, /line 1/],
      [`${LOG.vkey}\nhello`, /line 2/],
      ['-----BEGIN CERTIFICATE-----\nMAA=', /line 1/],
      [LOG.vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+'), /line 1/],
      ['x'.repeat(200_001), /more than/],
    ] as const) {
      const read = await readGiven(wrong, NOTHING_GIVEN);
      assert.match('wrong' in read ? read.wrong : 'taken', says);
    }
  });

  it('are kept as they were given, and what cannot be read is nothing', () => {
    const held = new Map<string, string>();
    const storage = {
      getItem: (name: string) => held.get(name) ?? null,
      setItem: (name: string, value: string) => void held.set(name, value),
      removeItem: (name: string) => void held.delete(name),
    };
    assert.deepEqual(given(storage), NOTHING_GIVEN);
    const mine = { ...NOTHING_GIVEN, logKeys: [LOG.vkey] };
    keepGiven(storage, mine);
    assert.deepEqual(given(storage), mine);
    for (const odd of ['', '{', '7', '{"signers":7,"logKeys":[1],"revocations":[]}']) {
      held.set('holdfast.given', odd);
      assert.deepEqual(given(storage), NOTHING_GIVEN);
    }
  });
});
