import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deviceOf } from './device.ts';

describe('what a browser says of itself', () => {
  it('is told as people say it', () => {
    const linux = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)';
    const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15';
    assert.equal(deviceOf(`${linux} Chrome/149.0.0.0 Safari/537.36`), 'Chrome on Linux');
    assert.equal(deviceOf(`${linux} Chrome/149.0.0.0 Safari/537.36 Edg/149.0`), 'Edge on Linux');
    assert.equal(deviceOf(`${iphone} Version/18.0 Mobile/15E148 Safari/604.1`), 'Safari on iPhone');
    assert.equal(
      deviceOf('Mozilla/5.0 (Windows NT 10.0; rv:150.0) Firefox/150.0'),
      'Firefox on Windows',
    );
    assert.equal(deviceOf('curl/8.14'), 'another program');
  });

  it('says nothing of what it does not know', () => {
    for (const text of ['', '<script>', 'x'.repeat(100_000), '\u202e'])
      assert.equal(deviceOf(text), 'another program');
  });
});
