import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { throwsFault } from '#test/throws-fault';
import { readCookie } from './cookie.ts';
import { mustBeOwnPage, readHead, type Site } from './head.ts';
import { ceremonyIn, pageKeyIn } from './shown.ts';

const head = (headers: Record<string, string>) => ({ headers: new Map(Object.entries(headers)) });
const inBase64 = (text: string): string => Buffer.from(text).toString('base64url');

describe('what a page shows beside its cookie', () => {
  it('is a ceremony of a nonce and a response, or a refusal, or was not sent', async () => {
    const read = (text: string) => ceremonyIn(head({ 'x-holdfast-ceremony': text }));
    assert.equal(ceremonyIn(head({})), undefined);
    const given = { nonce: 'n', response: { id: 'x' } };
    assert.deepEqual(read(inBase64(JSON.stringify({ ...given, more: 1 }))), given);
    for (const wrong of [
      '',
      'a b',
      'e30=',
      inBase64('not JSON'),
      inBase64('null'),
      inBase64(JSON.stringify({ nonce: 'n'.repeat(8_192) })),
    ])
      await throwsFault(() => read(wrong), 'malformed-request');
  });

  it('is a key no longer than keys are', () => {
    const read = (key: string) => pageKeyIn(head({ 'x-holdfast-page-key': key }));
    assert.equal(read('k'.repeat(200))?.length, 200);
    assert.equal(read('k'.repeat(201)), undefined);
  });
});

describe('a cookie', () => {
  const secret = 's'.repeat(43);
  const read = (header: string | undefined) => readCookie(header, '__Host-holdfast');

  it('is read once, by its own name, and only as it was given', () => {
    assert.equal(read(`other=1; __Host-holdfast=${secret}; more=2`), secret);
    for (const header of [
      undefined,
      '',
      '__Host-holdfast=',
      '__Host-holdfast=short',
      `__Host-holdfast="${secret}"`,
      `__Host-holdfast=${secret}%00`,
      `__Host-holdfast=${'s'.repeat(201)}`,
      `__Host-holdfast=${secret}; __Host-holdfast=${secret}`,
      `x__Host-holdfast=${secret}`,
      `holdfast=${secret}`,
    ])
      assert.equal(read(header), undefined, header ?? 'none');
  });
});

describe('a page that asks with a cookie', () => {
  const site: Site = {
    origin: 'http://localhost:7425',
    origins: ['http://localhost:7425'],
    hosts: ['localhost'],
    proxies: null,
  };
  const asks = (origin: string): void =>
    mustBeOwnPage(
      readHead(
        {
          method: 'POST',
          target: '/api/v1/operations/x',
          peer: '127.0.0.1',
          rawHeaders: ['host', 'localhost:7425', 'x-holdfast', '1', 'origin', origin],
        },
        site,
      ),
      site,
    );

  it('is of our port and our scheme, also where its browser says nothing of sites', async () => {
    asks('http://localhost:7425');
    for (const origin of ['http://localhost:7426', 'https://localhost:7425', 'http://localhost'])
      await throwsFault(() => asks(origin), 'origin-not-allowed');
  });
});
