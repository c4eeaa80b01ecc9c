import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '#base/fault';
import { clearRefused, readRefused, setRefused } from './refused-cookie.ts';

const WHY = new Fault('refused', 'not-an-operator', 'nobody here is them: eve. Ask an operator');
const HERE = 'http://localhost:7425';
const clean = (text: string): string => text.replaceAll('eve', 'somebody');

describe('why signing in elsewhere did not work', () => {
  it('comes back with the browser, cleaned, and for a minute', () => {
    for (const origin of ['https://console.example', 'http://localhost:7425']) {
      const isSecure = origin.startsWith('https:');
      const set = setRefused(WHY, origin, clean);
      assert.match(set, /; Path=\/; HttpOnly; SameSite=Lax(; Secure)?; Max-Age=60$/);
      assert.equal(set.includes('; Secure'), isSecure);
      assert.equal(set.startsWith('__Host-'), isSecure);
      const [pair = ''] = set.split(';');
      assert.deepEqual(readRefused(`other=1; ${pair}`, origin), {
        code: 'not-an-operator',
        kind: 'refused',
        detail: 'nobody here is them: somebody. Ask an operator',
      });
      assert.match(clearRefused(origin), /Max-Age=0$/);
    }
  });

  it('is nothing where it is there twice, or is not ours', () => {
    const [pair = ''] = setRefused(WHY, HERE, clean).split(';');
    for (const header of [
      undefined,
      '',
      pair.replace('-7425=', '-7426='),
      `${pair}; ${pair}`,
      'holdfast-refused-7425=%7B',
      'holdfast-refused-7425=abc',
    ])
      assert.equal(readRefused(header, HERE), null, header ?? 'none');
  });

  it('holds no more than a cookie may, whatever was said', () => {
    const long = new Fault('refused', 'not-an-operator', 'x'.repeat(20_000));
    assert.ok(setRefused(long, HERE, (text) => text).length < 1_500);
  });
});
