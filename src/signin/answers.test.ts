import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCreated, readSigned } from './answers.ts';
import { aSoftPasskey } from './samples.ts';

const key = aSoftPasskey('ada');
const options = { challenge: Buffer.alloc(32, 1).toString('base64url') };

type Fields = Record<string, unknown>;

/** The same answer with some members of it, or of its response, in place of what they were. */
const but = (answer: object, over: Fields, response: Fields = {}): Fields => {
  const given = answer as Fields;
  return { ...given, response: { ...(given['response'] as Fields), ...response }, ...over };
};

const said = (over: Fields): string =>
  Buffer.from(
    JSON.stringify({
      type: 'webauthn.get',
      challenge: options.challenge,
      origin: 'https://console.example:8443',
      crossOrigin: false,
      ...over,
    }),
  ).toString('base64url');

/** What is wrong with either kind of answer. */
const SPOILT: readonly [string, Fields, Fields?][] = [
  ['no id', { id: undefined }],
  ['an id that is no text', { id: 7, rawId: 7 }],
  ['an id that is no base64url', { id: 'a+b=', rawId: 'a+b=' }],
  ['an id without end', { id: 'A'.repeat(1_401), rawId: 'A'.repeat(1_401) }],
  ['two ids', { rawId: 'AAAA' }],
  ['another type', { type: 'public-key2' }],
  ['no response', { response: null }],
  ['a list in place of the response', { response: [] }],
  ['no client data', {}, { clientDataJSON: undefined }],
  ['client data without end', {}, { clientDataJSON: said({ more: 'x'.repeat(65_536) }) }],
  ['client data that is no JSON', {}, { clientDataJSON: 'AAAA' }],
  ['client data in other letters', {}, { clientDataJSON: `${said({})}=` }],
  ['no challenge', {}, { clientDataJSON: said({ challenge: undefined }) }],
  ['a challenge that is no text', {}, { clientDataJSON: said({ challenge: [options.challenge] }) }],
  ['a challenge in other letters', {}, { clientDataJSON: said({ challenge: 'a b' }) }],
  ['a page inside another one', {}, { clientDataJSON: said({ crossOrigin: true }) }],
  ['a page below another one', {}, { clientDataJSON: said({ topOrigin: 'https://evil.example' }) }],
  ['client data that is only inherited', { response: Object.create({ clientDataJSON: said({}) }) }],
];

describe('what a browser hands in', () => {
  it('is an answer of one passkey to one challenge, on a page by itself, or it is none', () => {
    const signed = key.answer(options);
    const created = key.register(options);
    assert.equal(readSigned(signed)?.challenge, options.challenge);
    assert.equal(readCreated(created)?.challenge, options.challenge);
    for (const [what, over, response] of SPOILT) {
      assert.equal(readSigned(but(signed, over, response)), undefined, what);
      assert.equal(readCreated(but(created, over, response)), undefined, what);
    }
    for (const none of [undefined, null, 'x', 7, [], [signed]]) {
      assert.equal(readSigned(none), undefined);
      assert.equal(readCreated(none), undefined);
    }
  });

  it('has each of its parts, as bounded base64url', () => {
    const signed = key.answer(options);
    for (const part of ['authenticatorData', 'signature'])
      for (const wrong of [undefined, '', 7, 'a+b', 'A'.repeat(65_537)])
        assert.equal(readSigned(but(signed, {}, { [part]: wrong })), undefined, part);
    const created = key.register(options);
    for (const wrong of [undefined, '', 7, 'a+b', 'A'.repeat(65_537)])
      assert.equal(readCreated(but(created, {}, { attestationObject: wrong })), undefined);
  });

  it('keeps only the ways of reaching an authenticator that there are', () => {
    const created = key.register(options);
    const read = (transports: unknown) => readCreated(but(created, {}, { transports }))?.transports;
    assert.deepEqual(read(['usb', 'made-up', 'nfc', 7]), ['nfc', 'usb']);
    assert.deepEqual(read('usb'), []);
    assert.deepEqual(read(undefined), []);
  });
});
