import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { throwsFault } from '#test/throws-fault';
import { nodeSender } from './sender.ts';

const place = { host: '127.0.0.1', timeoutMs: 2_000 };

describe('a sender of messages', () => {
  it('keeps order over TCP, and goes on after the connection broke', async () => {
    let got = '';
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.setEncoding('latin1').on('data', (text) => (got += text));
      socket.on('error', () => {});
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await using sender = nodeSender({ ...place, protocol: 'tcp', port });
    await Promise.all(['1 a', '1 b', '1 c'].map((text) => sender.send(Buffer.from(text))));
    while (got.length < 9) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(got, '1 a1 b1 c');
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await sender.send(Buffer.from('1 d'));
    while (got.length < 12) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(got, '1 a1 b1 c1 d');
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it('says when nobody is there', async () => {
    await using tcp = nodeSender({ ...place, protocol: 'tcp', port: 1 });
    await throwsFault(() => tcp.send(Buffer.from('x')), 'send-failed');
    await using tls = nodeSender({ ...place, protocol: 'tls', port: 1 });
    await throwsFault(() => tls.send(Buffer.from('x')), 'send-failed');
  });

  it('sends one datagram for one message', async () => {
    const receiver = createSocket('udp4');
    receiver.bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    await using sender = nodeSender({ ...place, protocol: 'udp', port: receiver.address().port });
    const arrived = once(receiver, 'message');
    await sender.send(Buffer.from('hello'));
    assert.equal(String((await arrived)[0]), 'hello');
    receiver.close();
  });
});
