/** The connection goes where the judged look-up said, and a library's fetch takes the same road. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import fc from 'fast-check';
import type { PostAnswer } from '#base/ports';
import { makeAuthority, makeServer } from '#certificates';
import { parseAllow } from '#egress';
import { ON_THIS_MACHINE } from '#test/egress';
import { throwsFault } from '#test/throws-fault';
import { nodeClock } from './clock.ts';
import { type EgressRules, sendOut } from './egress.ts';
import { nodeFetch } from './egress-fetch.ts';
import { nodePoster } from './poster.ts';
import { nodeRandom } from './random.ts';

const open: { close(): void; closeAllConnections(): void }[] = [];
after(() => {
  for (const server of open) {
    server.close();
    server.closeAllConnections();
  }
});

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function ask(rules: EgressRules, url: string, timeoutMs = 2_000): Promise<PostAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  return sendOut(rules, {
    method: 'GET',
    url,
    headers: {},
    body: Buffer.of(),
    maxBytes: 99,
    signal,
  });
}

/** Answers the next of `answers` each time it is asked. */
function resolver(answers: readonly (readonly string[])[]): {
  asked: number;
  resolve(name: string): Promise<readonly string[]>;
} {
  return {
    asked: 0,
    async resolve() {
      this.asked += 1;
      return answers[Math.min(this.asked, answers.length) - 1] ?? [];
    },
  };
}

describe('a request to a name', () => {
  it('is for the name, over a connection to the address that was judged, looked up once', async () => {
    const port = await serve((request, response) => response.end(request.headers.host));
    const names = resolver([['127.0.0.1'], ['10.255.255.1']]);
    const rules = {
      allow: async () => parseAllow([`hooks.test:${port}`]),
      resolve: () => names.resolve('hooks.test'),
    };
    const { body } = await ask(rules, `http://hooks.test:${port}/`);
    assert.equal(Buffer.from(body).toString(), `hooks.test:${port}`);
    assert.equal(names.asked, 1);
  });

  it('never reaches this machine through a resolver that answers otherwise the second time', async () => {
    let reached = 0;
    const port = await serve((_request, response) => {
      reached += 1;
      response.end();
    });
    const names = resolver([['192.0.2.7'], ['127.0.0.1']]);
    // A place for documentation stands in for a public one: nobody answers there.
    const allow = async () => parseAllow(['192.0.2.0/24']);
    const rules = { allow, resolve: () => names.resolve('evil.test') };
    await throwsFault(() => ask(rules, `http://evil.test:${port}/`, 200), 'request-failed');
    await throwsFault(() => ask(rules, `http://evil.test:${port}/`), 'egress-refused');
    const both = { allow, resolve: async () => ['192.0.2.7', '127.0.0.1'] };
    await throwsFault(() => ask(both, `http://evil.test:${port}/`), 'egress-refused');
    for (const host of [
      '127.0.0.1',
      'localhost',
      '2130706433',
      '0x7f.1',
      '[::ffff:7f00:1]',
      '0.0.0.0',
      '017700000001',
    ])
      await throwsFault(() => ask({ allow }, `http://${host}:${port}/`), 'egress-refused');
    assert.equal(reached, 0);
  });

  it('asks and is answered in the name of the URL over TLS, wherever it was looked up', async () => {
    const making = { names: ['hooks.test'], now: nodeClock().now(), random: nodeRandom() };
    const authority = await makeAuthority(making);
    const { certificate: cert, key } = await makeServer(authority, making);
    const heard: unknown[] = [];
    const server = createTlsServer({ cert, key }, (request, response) => {
      heard.push((request.socket as TLSSocket).servername, request.headers.host);
      response.end('ok');
    });
    open.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const post = (host: string): Promise<PostAnswer> =>
      nodePoster({ ...ON_THIS_MACHINE, resolve: async () => ['127.0.0.1'] }).request({
        method: 'GET',
        url: `https://${host}:${port}/`,
        headers: {},
        body: Buffer.of(),
        timeoutMs: 2_000,
        maxBytes: 99,
        ca: authority.certificate,
      });
    assert.equal((await post('hooks.test')).status, 200);
    assert.deepEqual(heard, ['hooks.test', `hooks.test:${port}`]);
    await throwsFault(() => post('other.test'), 'request-failed');
  });

  it('goes only where every address of its one look-up may, whatever a resolver answers', async () => {
    let reached = 0;
    const port = await serve((_request, response) => {
      reached += 1;
      response.end();
    });
    const address = fc.constantFrom(
      '127.0.0.1',
      '::1',
      '::ffff:127.0.0.1',
      '0.0.0.0',
      '10.0.0.1',
      '169.254.169.254',
      '2002:7f00:1::',
      '127.0.0.1%lo',
      'localhost',
    );
    // Documentation stands in for the public, so that nothing leaves this machine.
    const answers = fc
      .array(fc.oneof(address, fc.constant('192.0.2.1')), { maxLength: 5 })
      .filter((all) => all.some((each) => each !== '192.0.2.1'));
    await fc.assert(
      fc.asyncProperty(answers, async (first) => {
        let asked = 0;
        const resolve = async (): Promise<readonly string[]> =>
          asked++ === 0 ? first : ['127.0.0.1'];
        await throwsFault(
          () =>
            ask(
              { allow: async () => parseAllow(['192.0.2.0/24']), resolve },
              `http://evil.test:${port}/`,
            ),
          'egress-refused',
        );
        assert.equal(asked, 1);
      }),
      { numRuns: 200 },
    );
    assert.equal(reached, 0);
  });

  it('waits no longer than it may, also for the resolver, and sends nothing when rules cannot be read', async () => {
    const silent = { ...ON_THIS_MACHINE, resolve: () => new Promise<never>(() => {}) };
    await throwsFault(() => ask(silent, 'http://slow.test/', 50), 'request-failed');
    const none = {
      ...ON_THIS_MACHINE,
      resolve: async () => Promise.reject(new Error('ENOTFOUND')),
    };
    await throwsFault(() => ask(none, 'http://none.test/'), 'request-failed');
    const many = { ...ON_THIS_MACHINE, resolve: async () => Array<string>(65).fill('127.0.0.1') };
    await throwsFault(() => ask(many, 'http://many.test/'), 'request-failed');
    let reached = 0;
    const port = await serve((_request, response) => {
      reached += 1;
      response.end();
    });
    const unread = { allow: async () => Promise.reject(new TypeError('cannot be read')) };
    await assert.rejects(ask(unread, `http://127.0.0.1:${port}/`), /cannot be read/);
    assert.equal(reached, 0);
  });
});

describe('a fetch of a library', () => {
  const bounds = { timeoutMs: 2_000, maxBytes: 100 };
  const fetchHere = nodeFetch(ON_THIS_MACHINE, bounds);

  it('posts and gets as it is asked, and brings status, headers and body', async () => {
    const port = await serve((request, response) => {
      const { method, headers } = request;
      request.setEncoding('utf8').on('data', (got: string) => response.write(got));
      request.on('end', () => response.end());
      response.writeHead(method === 'POST' ? 201 : 200, {
        'content-type': 'text/plain',
        'x-got': `${String(headers['content-type'])} ${String(headers['accept-encoding'])}`,
      });
    });
    const url = `http://localhost:${port}/`;
    const body = new URLSearchParams({ a: 'b c' });
    const posted = await fetchHere(url, { method: 'POST', body, redirect: 'manual' });
    assert.equal(posted.status, 201);
    assert.equal(
      posted.headers.get('x-got'),
      'application/x-www-form-urlencoded;charset=UTF-8 identity',
    );
    assert.equal(await posted.text(), 'a=b+c');
    assert.equal((await fetchHere(new URL(url))).status, 200);
    await throwsFault(() => fetchHere(url, { method: 'PUT' }), 'url-refused');
  });

  it('is bounded, follows nobody, and ends when it is told to', async () => {
    const big = await serve((_request, response) => response.end('x'.repeat(101)));
    await throwsFault(() => fetchHere(`http://127.0.0.1:${big}/`), 'request-failed');
    const port = await serve((_request, response) =>
      response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    );
    const url = `http://127.0.0.1:${port}/`;
    await throwsFault(() => fetchHere(url), 'request-failed');
    const { status, headers } = await fetchHere(url, { redirect: 'manual' });
    assert.deepEqual([status, headers.get('location')], [302, 'http://169.254.169.254/']);
    const silent = await serve(() => {});
    const signal = AbortSignal.timeout(50);
    await throwsFault(() => fetchHere(`http://127.0.0.1:${silent}/`, { signal }), 'request-failed');
  });

  it('goes nowhere but where everybody may when nothing is allowed', async () => {
    const fetchOut = nodeFetch({ allow: async () => parseAllow([]) }, bounds);
    for (const url of [
      'http://127.0.0.1/',
      'http://[::1]/',
      'http://localhost/',
      'https://10.0.0.1/',
    ])
      await throwsFault(() => fetchOut(url), 'egress-refused');
  });
});
