import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Kept } from './kept.ts';

describe('what is kept of files', () => {
  it('answers nobody with what was read before they asked', async () => {
    let text = 'before';
    let stamp: string | undefined = '1';
    const reading: (() => void)[] = [];
    const kept = new Kept(
      () => stamp,
      async () => {
        const read = text;
        await new Promise<void>((resolve) => reading.push(resolve));
        return read;
      },
    );
    const first = kept.get();
    await new Promise(setImmediate);
    text = 'after';
    stamp = undefined;
    const second = kept.get();
    const third = kept.get();
    reading.shift()?.();
    assert.equal(await first, 'before');
    await new Promise(setImmediate);
    assert.equal(reading.length, 1, 'those who ask meanwhile share one reading');
    reading.shift()?.();
    assert.deepEqual(await Promise.all([second, third]), ['after', 'after']);
  });
});
