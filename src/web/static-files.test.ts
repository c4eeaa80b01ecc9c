import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type StaticFile, staticAnswer } from './static-files.ts';

const FILE: StaticFile = {
  type: 'text/html',
  etag: '"x"',
  isHashed: false,
  plain: Buffer.from('the console'),
  br: null,
  gzip: null,
};

it('the page of a host is the console, also where the host has dots in its name', () => {
  const statusOf = (path: string): number | undefined =>
    staticAnswer(
      new Map([['/index.html', FILE]]),
      { path, query: '', host: 'localhost', headers: new Headers() } as never,
      'http://localhost',
    )?.status;
  for (const path of ['/targets/host:web-1.example.org', '/targets/host%3Aa.b', '/changes/x.y'])
    assert.equal(statusOf(path), 200, path);
  for (const path of ['/robots.txt', '/package.json', '/assets/x.js', '/oauth/a.b'])
    assert.equal(statusOf(path), undefined, path);
});
