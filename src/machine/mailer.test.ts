/** Mail as a server on this machine gets it. The server is ours and small: it speaks SMTP (RFC 5321) and takes one message. */
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import type { Mail } from '#base/ports';
import { nodeMailer } from './mailer.ts';

type Sink = { readonly port: number; readonly said: string[]; readonly server: Server };

function sink(refuses?: RegExp): Promise<Sink> {
  const said: string[] = [];
  const serve = (socket: Socket): void => {
    let rest = '';
    let isData = false;
    socket.write('220 sink ESMTP\r\n');
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      rest += chunk.toString('latin1');
      for (let at = rest.indexOf('\r\n'); at >= 0; at = rest.indexOf('\r\n')) {
        const line = rest.slice(0, at);
        rest = rest.slice(at + 2);
        said.push(line);
        if (isData) {
          if (line !== '.') continue;
          isData = false;
          socket.write('250 taken\r\n');
        } else if (refuses?.test(line) === true) socket.write('550 not here\r\n');
        else if (line === 'DATA') {
          isData = true;
          socket.write('354 go on\r\n');
        } else if (line === 'QUIT') socket.end('221 bye\r\n');
        else socket.write('250 sink\r\n');
      }
    });
  };
  const server = createServer(serve);
  const { promise, resolve } = Promise.withResolvers<Sink>();
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    resolve({ port: typeof address === 'object' ? (address?.port ?? 0) : 0, said, server });
  });
  return promise;
}

const MAIL: Omit<Mail, 'port'> = {
  host: '127.0.0.1',
  tls: 'none',
  credentials: null,
  ca: null,
  from: 'holdfast@example.org',
  to: ['ops@example.org', 'night@example.org'],
  messageId: '<notice_1@example.org>',
  subject: 'drift\r\nBcc: everybody@example.org',
  text: 'port 4444\n.\nRCPT TO:<evil@example.org>\n',
  timeoutMs: 2_000,
};

describe('mail', () => {
  const servers: Server[] = [];
  after(() => {
    for (const server of servers) server.close();
  });
  const begin = async (refuses?: RegExp): Promise<Sink> => {
    const made = await sink(refuses);
    servers.push(made.server);
    return made;
  };

  it('goes to its recipients and nobody else, whatever its subject and text say', async () => {
    const { port, said } = await begin();
    await nodeMailer().send({ ...MAIL, port });
    const recipients = said
      .slice(0, said.indexOf('DATA'))
      .filter((line) => line.startsWith('RCPT'));
    assert.deepEqual(recipients, ['RCPT TO:<ops@example.org>', 'RCPT TO:<night@example.org>']);
    assert.ok(!said.some((line) => line.startsWith('Bcc:')));
    assert.ok(said.includes('Message-ID: <notice_1@example.org>'), said.join('\n'));
    assert.ok(said.includes('..'), 'a line of one dot does not end the message');
  });

  it('is not delivered where one recipient is refused, nobody answers, or TLS is wanted and not there', async () => {
    const failed = { code: 'mail-failed', kind: 'unavailable' };
    const one = await begin(/night@/);
    await assert.rejects(nodeMailer().send({ ...MAIL, port: one.port }), failed);
    const plain = await begin();
    await assert.rejects(nodeMailer().send({ ...MAIL, port: plain.port, tls: 'starttls' }), failed);
    assert.ok(!plain.said.includes('DATA'));
    plain.server.close();
    await assert.rejects(nodeMailer().send({ ...MAIL, port: plain.port }), failed);
  });
});
