import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { ON_THIS_MACHINE } from '#test/egress';
import { throwsFault } from '#test/throws-fault';
import { nodePoster } from './poster.ts';

const open: { close(): void; closeAllConnections(): void }[] = [];
after(() => {
  for (const server of open) {
    server.close();
    server.closeAllConnections();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const asked = { method: 'POST', headers: {}, timeoutMs: 2_000, maxBytes: 100 } as const;
const poster = nodePoster(ON_THIS_MACHINE);

describe('a request over the network', () => {
  it('brings the answer as it is', async () => {
    const url = await serve((request, response) => {
      request.setEncoding('latin1');
      let got = '';
      request.on('data', (text) => (got += text));
      request.on('end', () => response.writeHead(201, { 'x-one': 'yes' }).end(`<${got}>`));
    });
    const answer = await poster.request({ ...asked, url, body: Buffer.from('hello') });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers['x-one'], 'yes');
    assert.equal(Buffer.from(answer.body).toString(), '<hello>');
  });

  it('does not follow a redirect', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(307, { location: 'http://192.0.2.1/' }).end();
    });
    assert.equal((await poster.request({ ...asked, url, body: Buffer.of() })).status, 307);
  });

  it('takes no more than it may, and waits no longer than it may', async () => {
    const url = await serve((_request, response) => response.end('x'.repeat(101)));
    await throwsFault(() => poster.request({ ...asked, url, body: Buffer.of() }), 'request-failed');
    const slow = await serve(() => {});
    const hasty = { ...asked, timeoutMs: 50, url: slow, body: Buffer.of() };
    await throwsFault(() => poster.request(hasty), 'request-failed');
    const half = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '50' });
      response.write('x', () => response.destroy());
    });
    const cut = { ...asked, url: half, body: Buffer.of() };
    await throwsFault(() => poster.request(cut), 'request-failed');
  });

  it('goes to no other kind of address', async () => {
    for (const url of ['file:///etc/passwd', 'ftp://x/', 'x', 'http://user:word@127.0.0.1/']) {
      await throwsFault(() => poster.request({ ...asked, url, body: Buffer.of() }), 'url-refused');
    }
    const url = 'http://127.0.0.1:1/';
    await throwsFault(() => poster.request({ ...asked, url, body: Buffer.of() }), 'request-failed');
  });
});
