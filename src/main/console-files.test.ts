import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { SimulatedDisk } from '#test/simulated-files';
import { readConsole } from './console-files.ts';

describe('the console as it was built', () => {
  it('is read whole and packed once, without what is ours and what nobody knows', async () => {
    const files = new SimulatedDisk(1).start();
    await files.makeDirectory('/dist/assets');
    const script = `console.log(${JSON.stringify('x'.repeat(2_000))})`;
    for (const [path, text] of [
      ['index.html', '<!doctype html>'],
      ['assets/index-B3xkQ1_z.js', script],
      ['assets/mark.svg', '<svg/>'],
      ['.inputs', 'digest'],
      ['notes.exe', 'x'],
    ] as const)
      await files.replace(`/dist/${path}`, Buffer.from(text));
    const read = await readConsole(files, '/dist');
    assert.deepEqual([...read.keys()].toSorted(), [
      '/assets/index-B3xkQ1_z.js',
      '/assets/mark.svg',
      '/index.html',
    ]);
    const packed = read.get('/assets/index-B3xkQ1_z.js');
    assert.equal(packed?.isHashed, true);
    assert.equal(String(brotliDecompressSync(packed?.br ?? Buffer.alloc(0))), script);
    assert.equal(String(gunzipSync(packed?.gzip ?? Buffer.alloc(0))), script);
    assert.equal(read.get('/assets/mark.svg')?.isHashed, false);
    assert.equal(read.get('/index.html')?.br, null);
    assert.notEqual(packed?.etag, read.get('/index.html')?.etag);
  });

  it('is nothing where it was not built, or only half', async () => {
    const files = new SimulatedDisk(1).start();
    assert.equal((await readConsole(files, '/dist')).size, 0);
    await files.makeDirectory('/dist/assets');
    await files.replace('/dist/assets/x.js', Buffer.from('1'));
    assert.equal((await readConsole(files, '/dist')).size, 0);
    const index = '<!doctype html><script type="module" src="/assets/y.js"></script>';
    await files.replace('/dist/index.html', Buffer.from(index));
    assert.equal((await readConsole(files, '/dist')).size, 0);
    await files.replace('/dist/assets/y.js', Buffer.from('1'));
    assert.equal((await readConsole(files, '/dist')).size, 3);
  });
});
