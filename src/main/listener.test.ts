import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { LIMITS } from '#base/limits';
import { boundedServer } from './listener.ts';

describe('the HTTP port', () => {
  it('lets nobody hold more connections than it has, and serves again when they are gone', async () => {
    const server = boundedServer((_incoming, outgoing) => outgoing.end('ok'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const held: Socket[] = [];
    for (let i = 0; i < LIMITS.httpConnections; i++) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write('GET / HTTP/1.1\r\nx');
      held.push(socket);
    }
    const late = connect(port, '127.0.0.1');
    late.resume();
    await once(late, 'close');
    assert.ok(server.headersTimeout <= 10_000 && server.requestTimeout <= 60_000);
    await Promise.all(held.map((socket) => once(socket.destroy(), 'close')));
    let answer = '';
    while (answer !== 'ok')
      answer = await fetch(`http://127.0.0.1:${port}/`).then(
        (r) => r.text(),
        () => '',
      );
    server.closeAllConnections();
    server.close();
  });
});
