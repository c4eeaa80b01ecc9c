import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { reachOf } from '#access';
import { Fault } from '#base/fault';
import { LIMITS } from '#base/limits';
import { nodeSocketFiles } from '#machine';
import type { Answer, Call, Caller } from '#operations';
import { throwsFault } from '#test/throws-fault';
import { checkSocketPath, connectLocal, type LocalService, serveLocalSocket } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'hf-api-'));
after(() => rmSync(root, { recursive: true, force: true }));
let rooms = 0;
const aRoom = (): string => join(root, String(++rooms), 'run', 'holdfast.sock');

const caller = (surface: 'cli' | 'mcp-stdio'): Caller => ({
  principal: `operator:me@${surface}`,
  onBehalfOf: null,
  surface,
  profile: surface === 'cli' ? 'operator' : 'observer',
  session: 'test',
  reach: reachOf(surface === 'cli' ? 'operator' : 'observer').map((part) => ({
    ...part,
    scopes: ['main/main'],
  })),
});

const answer = (value: Answer['value'], notices: readonly string[] = []): Answer => ({
  requestId: 'req_1',
  value,
  notices,
});

async function served(perform: (call: Call) => Promise<Answer>, path: string = aRoom()) {
  const socket = await serveLocalSocket({
    path,
    perform,
    caller,
    status: () => ({ pid: 7, version: '0.1.0', home: '/data', http: null, console: null }),
    files: nodeSocketFiles(),
  });
  const service = (await connectLocal(path)) as LocalService;
  const ask = (input: unknown, more: Partial<Call> = {}): Promise<Answer> =>
    service.perform({ operation: 'query_facts', input, caller: caller('cli'), ...more });
  return { socket, service, ask, path, [Symbol.asyncDispose]: () => socket.close() };
}

describe('the local socket', () => {
  it('hands a call to the service as it was made, and its answer back', async () => {
    const calls: Call[] = [];
    await using door = await served(async (call) => {
      calls.push(call);
      return answer({ facts: ['a\u2028b', null, 1.5] }, ['note']);
    });
    const got = await door.ask(
      { entity: 'host:x', limit: 3 },
      { answerBytes: 900, traceId: '0af7651916cd43dd8448eb211c80319c' },
    );
    assert.deepEqual(got, answer({ facts: ['a\u2028b', null, 1.5] }, ['note']));
    const { progress: _, ...call } = calls[0] as Call;
    assert.deepEqual(call, {
      operation: 'query_facts',
      input: { entity: 'host:x', limit: 3 },
      caller: caller('cli'),
      traceId: '0af7651916cd43dd8448eb211c80319c',
      answerBytes: 900,
    });
  });

  it('gives a program that joins for an assistant the caller of that surface, whatever it claims to be', async () => {
    const seen: Caller[] = [];
    await using door = await served(async (call) => {
      seen.push(call.caller);
      return answer({});
    });
    await door.ask({}, { caller: { ...caller('cli'), surface: 'mcp-stdio' } });
    assert.equal(seen[0]?.profile, 'observer');
    await door.ask({}, { caller: { ...caller('cli'), principal: 'operator:boss@elsewhere' } });
    assert.equal(seen[1]?.principal, 'operator:me@cli');
  });

  it('rebuilds faults with their kind, code, message and facts, and never their cause', async () => {
    await using door = await served(async () => {
      throw new Fault('conflict', 'taken', 'it is taken: x. Ask again', {
        facts: { candidates: ['a', 'b'], n: 3 },
        cause: new Error('secret'),
      });
    });
    const fault = await throwsFault(() => door.ask({}), 'taken');
    assert.deepEqual(
      [fault.kind, fault.message, fault.facts, fault.cause],
      ['conflict', 'it is taken: x. Ask again', { candidates: ['a', 'b'], n: 3 }, undefined],
    );
  });

  it('shows what is not a fault as broken, without its words', async () => {
    await using door = await served(async () => {
      throw new TypeError('password=hunter2');
    });
    const fault = await throwsFault(() => door.ask({}), 'internal');
    assert.equal(fault.kind, 'broken');
    assert.ok(!fault.message.includes('hunter2'));
  });

  it('tells progress while the call runs, also when it then fails', async () => {
    await using door = await served(async (call) => {
      call.progress?.('one\ntwo');
      call.progress?.('x'.repeat(5_000));
      throw new Fault('unavailable', 'later', 'later: ask again');
    });
    const notes: string[] = [];
    await throwsFault(() => door.ask({}, { progress: (note) => notes.push(note) }), 'later');
    assert.deepEqual(notes, ['one\ntwo', 'x'.repeat(500)]);
  });

  it('carries big bodies both ways, and refuses what is beyond the limit', async () => {
    await using echo = await served(async (call) => answer(call.input as Answer['value']));
    const text = 'é'.repeat(LIMITS.requestBytes / 2 - 100);
    const { value } = await echo.ask({ text });
    assert.ok((value as { text: string }).text === text);
    await throwsFault(() => echo.ask({ text: `${text}${'é'.repeat(100)}` }), 'too-large');
  });

  it('refuses an oversized body on its own side too', async () => {
    await using door = await served(async () => answer(1));
    const text = await post(door.path, '/v1/operations/x', ' '.repeat(LIMITS.requestBytes + 1));
    assert.match(text, /"code":"too-large"/);
  });

  it('answers nonsense with a fault', async () => {
    await using door = await served(async () => answer(1));
    assert.match(await post(door.path, '/v1/operations/x', '{"a":'), /invalid-json/);
    assert.match(await post(door.path, '/v1/operations/x', '{"a":1,"a":2}'), /invalid-json/);
    assert.match(
      await post(door.path, '/v1/operations/x', Buffer.from([0x22, 0xff, 0x22])),
      /invalid-json/,
    );
    assert.match(await post(door.path, '/elsewhere', '{}'), /no-such-path/);
    assert.match(
      await post(door.path, '/v1/operations/x', '{}', { 'holdfast-surface': 'root' }),
      /unknown-surface/,
    );
  });

  it('survives clients that go away at any moment', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let running = 0;
    await using door = await served(async (call) => {
      if ((call.input as { hold?: boolean }).hold === true) {
        running++;
        await held;
        call.progress?.('still here');
      }
      return answer('x'.repeat(100_000));
    });
    for (const bytes of [
      '',
      'POST /v1/op',
      'POST /v1/operations/x HTTP/1.1\r\nhost: a\r\ncontent-length: 99\r\n\r\n{"a"',
      '\0\0\r\n\r\n',
    ]) {
      const socket = connect(door.path).on('error', () => {});
      await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
      socket.write(bytes);
      await new Promise((resolve) => setTimeout(resolve, 5));
      socket.destroy();
    }
    const gone = httpRequest({ socketPath: door.path, method: 'POST', path: '/v1/operations/x' });
    gone.on('error', () => {});
    gone.end('{"hold":true}');
    while (running === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    gone.destroy();
    release();
    assert.equal((await door.ask({})).requestId, 'req_1');
  });

  it('lets running calls answer before it closes, and takes its socket away', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let running = 0;
    const door = await served(async () => {
      running++;
      await held;
      return answer('done');
    });
    const asked = door.ask({});
    while (running === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    const closed = door.socket.close();
    release();
    assert.equal((await asked).value, 'done');
    await closed;
    assert.equal(await connectLocal(door.path), undefined);
  });

  it('closes without waiting for a call that is still being sent', async () => {
    const door = await served(async () => answer(1));
    const half = connect(door.path).on('error', () => {});
    half.write('POST /v1/operations/x HTTP/1.1\r\nhost: a\r\ncontent-length: 99\r\n\r\n{"a"');
    await new Promise((resolve) => setTimeout(resolve, 20));
    await door.socket.close();
    half.destroy();
  });

  it('says that it may have happened when the service dies under a call', async () => {
    const path = aRoom();
    await using door = await served(async (call) => answer(call.operation), path);
    const { createServer } = await import('node:net');
    const dying = join(root, 'dying.sock');
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (bytes) => {
        if (bytes.toString().startsWith('GET')) {
          const body = JSON.stringify(door.service.status);
          socket.end(
            `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
          );
        } else socket.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(dying, resolve));
    try {
      const service = (await connectLocal(dying)) as LocalService;
      const fault = await throwsFault(
        () => service.perform({ operation: 'observe', input: {}, caller: caller('cli') }),
        'connection-lost',
      );
      assert.equal(fault.kind, 'uncertain');
    } finally {
      server.close();
    }
  });

  it('is open to its own account only', async () => {
    await using door = await served(async () => answer(1));
    assert.equal(statSync(door.path).mode & 0o777, 0o600);
    assert.equal(statSync(join(door.path, '..')).mode & 0o777, 0o700);
    const open = join(root, 'open');
    await import('node:fs/promises').then(({ mkdir, chmod }) =>
      mkdir(open).then(() => chmod(open, 0o755)),
    );
    await throwsFault(() => served(async () => answer(1), join(open, 's')), 'directory-open');
  });

  it('takes over the socket of a dead service, never that of a living one, never another file', async () => {
    const door = await served(async () => answer('first'));
    await throwsFault(() => served(async () => answer('second'), door.path), 'already-served');
    assert.equal((await door.ask({})).value, 'first');
    await door.socket.close();
    writeFileSync(door.path, 'mine');
    await throwsFault(() => served(async () => answer('second'), door.path), 'not-a-socket');
    rmSync(door.path);
    await leaveDeadSocket(door.path);
    await using again = await served(async () => answer('second'), door.path);
    assert.equal((await again.ask({})).value, 'second');
  });

  it('refuses a path that the system would cut', () => {
    assert.throws(() => checkSocketPath(`/${'x'.repeat(100)}`), { code: 'socket-path' });
    assert.throws(() => checkSocketPath('relative'), { code: 'socket-path' });
    assert.equal(checkSocketPath(`/${'x'.repeat(99)}`), undefined);
  });

  it('tells who serves', async () => {
    await using door = await served(async () => answer(1));
    assert.deepEqual(door.service.status, {
      pid: 7,
      version: '0.1.0',
      home: '/data',
      http: null,
      console: null,
    });
    assert.equal(await connectLocal(join(root, 'nobody.sock')), undefined);
  });
});

/** A socket file that nobody listens on, as a killed service leaves it. */
async function leaveDeadSocket(path: string): Promise<void> {
  const { spawnSync } = await import('node:child_process');
  const listenAndDie = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', listenAndDie]);
  assert.ok(statSync(path).isSocket());
}

function post(
  socketPath: string,
  path: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath, method: 'POST', path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    request.on('error', reject);
    request.end(body);
  });
}
