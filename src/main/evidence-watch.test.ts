import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, describe, it } from 'node:test';
import { nodeSender } from '#machine';
import { anEvent } from '#samples/evidence';
import { SimulatedDisk } from '#test/simulated-files';
import { openTestLog } from '#test/simulated-log';
import { pathsOf } from './data-directory.ts';
import { sendNew } from './evidence-watch.ts';

const TCP = { protocol: 'tcp', host: '127.0.0.1', port: 0, facility: 16 } as const;

describe('events on their way to syslog', () => {
  let received = '';
  const server = createServer((socket) => {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      received += text;
    });
  });
  after(() => server.close());

  it('are sent once, in their order, and go on where they stopped', async () => {
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(address !== null && typeof address === 'object' ? address.port : 0);
      });
    });
    const files = new SimulatedDisk(1).start();
    const { log: events } = await openTestLog(files);
    const watch = { files, events, paths: pathsOf('/data/home') };
    await files.makeDirectory('/data/home/run');
    await using sender = nodeSender({ ...TCP, port, timeoutMs: 5_000 });
    await events.append(anEvent({ operation: 'first_one' })).durable;
    const before = await sendNew(watch, sender, TCP);
    assert.ok(before >= 1, `${before} sent`);
    await events.append(anEvent({ operation: 'second_one' })).durable;
    assert.equal(await sendNew(watch, sender, TCP), 1);
    assert.equal(await sendNew(watch, sender, TCP), 0);
    for (let tries = 0; !received.includes('second_one') && tries < 100; tries++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.ok(received.indexOf('first_one') < received.indexOf('second_one'), received);
  });

  it('are sent later when nobody listens now', async () => {
    const files = new SimulatedDisk(2).start();
    const { log: events } = await openTestLog(files);
    const watch = { files, events, paths: pathsOf('/data/home') };
    await files.makeDirectory('/data/home/run');
    await events.append(anEvent()).durable;
    const nobody = {
      send: () => Promise.reject(new Error('refused')),
      [Symbol.asyncDispose]: async () => {},
    };
    await assert.rejects(sendNew(watch, nobody, TCP));
    const sent: Uint8Array[] = [];
    const somebody = {
      send: async (bytes: Uint8Array) => void sent.push(bytes),
      [Symbol.asyncDispose]: async () => {},
    };
    assert.equal(await sendNew(watch, somebody, TCP), sent.length);
    assert.ok(sent.length >= 1);
  });
});
