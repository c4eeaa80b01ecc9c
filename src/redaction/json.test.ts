import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Json } from '#base/json';
import { throwsFault } from '#test/throws-fault';
import { cleanJson, isSecretName, redactJson, redactLine, redactLines } from './index.ts';

const key32 = 'Zq8vT1mN4pXc7rBd2kLs9wHy5gJf3aEu';

describe('a structured value', () => {
  const cases: readonly (readonly [Json, Json])[] = [
    [{ password: 'hunter2' }, { password: '[redacted:password]' }],
    [{ a: [{ dbPassword: 12345678 }] }, { a: [{ dbPassword: '[redacted:password]' }] }],
    [{ token: { value: key32 } }, { token: '[redacted:token]' }],
    [{ private_key: ['a', 'b'] }, { private_key: '[redacted:private-key]' }],
    [{ authorization: `Bearer ${key32}` }, { authorization: 'Bearer [redacted:authorization]' }],
    [
      { name: 'DB_PASSWORD', value: 'hunter2' },
      { name: 'DB_PASSWORD', value: '[redacted:password]' },
    ],
    [
      ['mysql', '-phunter2', 'shop'],
      ['mysql', '-p[redacted:password]', 'shop'],
    ],
    [
      ['tool', '--password', 'hunter2'],
      ['tool', '--password', '[redacted:password]'],
    ],
    [{ 'a\u200bb': 'x\x1b[31my' }, { ab: 'xy' }],
    [
      { a: 1, 'a\u200b': 2 },
      { a: 1, 'a~2': 2 },
    ],
    [{ url: 'https://bob:hunter2@h/x' }, { url: 'https://bob:[redacted:password]@h/x' }],
  ];
  for (const [given, expected] of cases) {
    it(`loses what is secret or hostile: ${JSON.stringify(given)}`, () => {
      assert.deepEqual(cleanJson(given), { value: expected, altered: true });
      assert.deepEqual(cleanJson(expected), { value: expected, altered: false });
    });
  }

  const kept: readonly Json[] = [
    { password: null, token: false, secret: '' },
    { passwordAuthentication: 'yes', max_tokens: 4096, token_type: 'bearer' },
    { token: 'expired', key: 'value', keyboard: 'us', usage: { tokens: 12 } },
    { n: 1.5e300, i: -0, b: true, list: [1, 'two', null] },
    { permitRootLogin: 'prohibit-password', password: '[redacted:password]' },
    { auth: { method: 'publickey' }, secrets: [{ name: 'web-tls' }] },
  ];
  for (const value of kept) {
    it(`keeps what is neither: ${JSON.stringify(value)}`, () => {
      const cleaned = cleanJson(value);
      assert.equal(cleaned.value, value);
      assert.equal(cleaned.altered, false);
    });
  }

  it('has no key that reaches a prototype', () => {
    const given = JSON.parse('{"__proto__": {"password": "hunter2"}, "constructor": 1}') as Json;
    const { value } = cleanJson(given);
    assert.equal(
      JSON.stringify(value),
      '{"__proto__":{"password":"[redacted:password]"},"constructor":1}',
    );
    assert.equal(({} as Record<string, unknown>)['password'], undefined);
  });

  it('may be as deep as it likes', () => {
    let deep: Json = 'end';
    for (let i = 0; i < 10_000; i++) deep = [deep];
    assert.equal(cleanJson(deep).altered, true);
  });

  it('can keep strange text exactly and lose only secrets', () => {
    const strange = { text: 'a\x1b[31mb\u0000', list: ['\u202e'] };
    assert.equal(redactJson(strange).value, strange);
    assert.deepEqual(redactJson({ text: 'a\x00 password=hun\x00ter2' }).value, {
      text: 'a password=[redacted:password]',
    });
  });

  it('is cleaned for good', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (given) => {
        const once = cleanJson(given as Json).value;
        assert.equal(cleanJson(once).value, once);
      }),
    );
  });

  it('is judged by the last noun of its name', () => {
    for (const name of [
      'password',
      'DB_PASSWORD',
      'clientSecret',
      'x-api-key',
      'PGPASSWORD',
      'aws_secret_access_key',
      'ｐａｓｓｗｏｒｄ',
    ]) {
      assert.ok(isSecretName(name), name);
    }
    for (const name of [
      'password_age',
      'tokenType',
      'secretName',
      'key',
      'publicKey',
      'passwordAuthentication',
      'secretary',
      'bypass',
    ]) {
      assert.ok(!isSecretName(name), name);
    }
  });
});

describe('a line of id and text', () => {
  it('comes back with clean text and its newlines', () => {
    assert.equal(
      redactLine('{"id":"a","text":"one\\npassword=hunter2\\u0000\\ntwo"}', 1),
      '{"id":"a","text":"one\\npassword=[redacted:password]\\ntwo"}',
    );
  });

  it('is named by its number when it is malformed', async () => {
    const bad = ['nope', '[]', '{"id":1}', '{"text":"x"}', '{"id":{},"text":"x"}', 'null'];
    for (const line of bad) {
      const fault = await throwsFault(
        () => [...redactLines(['{"id":1,"text":"x"}', '', line])],
        'invalid-jsonl',
      );
      assert.match(fault.message, /line 3/);
    }
  });
});
