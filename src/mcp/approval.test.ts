import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { after, before, beforeEach, describe, it } from 'node:test';
import {
  Client,
  type JSONRPCMessage,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import * as z from 'zod/v4';
import { reachOf } from '#access';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { silentLog } from '#base/log';
import { LATEST } from '#base/time';
import { nodeClock, nodeRandom } from '#machine';
import { type Call, OPERATIONS } from '#operations';
import { type McpHttp, mcpHttp } from './http.ts';
import { aCaller, cleanSample } from './samples.ts';
import { mcpService } from './server.ts';
import { serveMcpStdio } from './stdio.ts';

const CONSOLE = 'https://holdfast.example';
const PAGE = `${CONSOLE}/changes/change_1`;
const clock = nodeClock();

/** One change, as the record has it. */
let state = 'previewed';
let proposals = 0;
let calls: Call[] = [];
let decide: () => void = () => {};
let rounds = 0;

const view = (): Json => ({
  changeId: 'change_1',
  digest: 'sha256:00',
  tier: 'T1',
  state,
  action: 'service.restart@1',
  targets: ['host:a'],
  reason: 'because',
  requestedBy: 'lease:a',
  onBehalfOf: null,
  createdAt: '2026-03-01T12:00:00.000000Z',
  dryRun: false,
  plan: { steps: [], preconditions: [], inverse: null, irreversible: null, expiresAt: '' },
  decision: { verdict: 'needs-approval', because: 'policy', says: '', policies: [] },
  next: 'wait',
  output: null,
  outcome: null,
  receipts: [],
  verification: [],
  approvals: [],
  undoes: null,
  rollout: null,
});

const service = mcpService({
  operations: OPERATIONS,
  perform: async (call) => {
    calls.push(call);
    if (call.operation === 'run_action' || call.operation === 'run_command') proposals++;
    if ((call.input as { action?: string }).action === 'service.refused')
      throw new Fault('refused', 'no', 'refused: by policy');
    return { requestId: 'req_1', value: view(), notices: [] };
  },
  version: '1',
  clean: cleanSample,
  approvals: {
    consoleUrl: () => CONSOLE,
    key: nodeRandom().bytes(32),
    roundMs: 40,
    decided: (id, ms, signal) => {
      assert.equal(id, 'change_1');
      rounds++;
      return new Promise((resolve) => {
        decide = resolve;
        void clock.sleep(ms, signal).then(resolve);
      });
    },
  },
});

let http: McpHttp;
let url = '';
const server = createServer((incoming, outgoing) => void http.handle(incoming, outgoing));
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  http = mcpHttp({
    service,
    verifyBearer: (id) => ({
      id,
      onBehalfOf: null,
      profile: 'observer',
      reach: reachOf('observer'),
      expiresAt: LATEST,
    }),
    allowedHosts: ['127.0.0.1'],
    allowedOrigins: [],
    resource: () => url,
    clock,
    random: nodeRandom(),
    log: silentLog,
  });
});
after(async () => {
  await http.close();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  state = 'previewed';
  proposals = 0;
  rounds = 0;
  calls = [];
});

/** Lines both ways, as a client that started us would have them. */
function overStdio(): Transport {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  serveMcpStdio({ service: service(aCaller), stdin, stdout, clock, log: silentLog });
  let rest = '';
  const transport: Transport = {
    async start() {
      stdout.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) transport.onmessage?.(JSON.parse(line) as JSONRPCMessage);
      });
    },
    async send(message) {
      stdin.write(`${JSON.stringify(message)}\n`);
    },
    async close() {
      stdin.end();
      transport.onclose?.();
    },
  };
  return transport;
}

type Answering = 'accept' | 'decline' | 'cancel';
type Shown = { readonly url?: string; readonly message: string };

async function connected(
  over: 'stdio' | 'http',
  era: 'legacy' | 'modern',
  answering: (() => Answering) | undefined,
): Promise<{ client: Client; shown: Shown[] }> {
  const shown: Shown[] = [];
  const client = new Client(
    { name: 'test', version: '1' },
    {
      capabilities: answering === undefined ? {} : { elicitation: { url: {}, form: {} } },
      ...(era === 'modern' ? { versionNegotiation: { mode: { pin: '2026-07-28' } } } : {}),
    },
  );
  if (answering !== undefined)
    client.setRequestHandler('elicitation/create', ({ params }) => {
      shown.push(params as Shown);
      return { action: answering() };
    });
  await client.connect(
    over === 'stdio'
      ? overStdio()
      : new StreamableHTTPClientTransport(new URL(url), {
          requestInit: { headers: { authorization: 'Bearer a' } },
        }),
  );
  return { client, shown };
}

const RUN = {
  name: 'run_action',
  arguments: { action: 'service.restart', targets: ['host:a'], reason: 'because' },
};

for (const over of ['http', 'stdio'] as const) {
  for (const era of ['legacy', 'modern'] as const) {
    describe(`a change that waits for a person, over ${over}, ${era}`, () => {
      it('opens its page, waits, and is answered from the record', async () => {
        const { client, shown } = await connected(over, era, () => {
          setTimeout(() => {
            state = 'confirmed';
            decide();
          }, 15);
          return 'accept';
        });
        const { structuredContent: told } = await client.callTool(RUN);
        assert.deepEqual(
          shown.map((each) => each.url),
          [PAGE],
        );
        assert.doesNotMatch(shown[0]?.message ?? '', /because/);
        assert.equal((told as { state?: string }).state, 'confirmed');
        assert.equal((told as { approvalUrl?: string }).approvalUrl, undefined);
        assert.equal(proposals, 1);
        assert.equal(calls.filter(({ operation }) => operation === 'get_change').length, 1);
        await client.close();
      });

      it('is no decision when the client says no, or shows nothing', async () => {
        for (const answer of ['decline', 'cancel'] as const) {
          proposals = 0;
          const { client, shown } = await connected(over, era, () => answer);
          const { structuredContent: told, isError } = await client.callTool(RUN);
          assert.equal(shown.length, 1);
          assert.ok(isError !== true);
          assert.equal((told as { state?: string }).state, 'previewed');
          assert.equal((told as { approvalUrl?: string }).approvalUrl, PAGE);
          assert.equal(proposals, 1);
          assert.equal(rounds, 0, 'nobody waits for what was not shown');
          await client.close();
        }
      });

      it('is told plainly, with its page, to a client that cannot show one', async () => {
        const { client } = await connected(over, era, undefined);
        const { structuredContent: told, isError } = await client.callTool(RUN);
        assert.ok(isError !== true);
        assert.equal((told as { approvalUrl?: string }).approvalUrl, PAGE);
        const asked = await client.callTool({
          name: 'get_change',
          arguments: { changeId: 'change_1' },
        });
        assert.equal((asked.structuredContent as { approvalUrl?: string }).approvalUrl, PAGE);
        await client.close();
      });
    });
  }
}

describe('the state of a call that comes back', () => {
  const META = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } },
  };
  const post = async (bearer: string, params: Record<string, unknown>) => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${bearer}`,
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': String(params['name']),
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { ...params, _meta: META },
      }),
    });
    const text = await answer.text();
    const data = /^data: (.*)$/m.exec(text)?.[1] ?? text;
    return JSON.parse(data) as { result?: Record<string, unknown>; error?: { code: number } };
  };
  const ACCEPTED = { approval: { action: 'accept' } };

  it('is shown once and not waited for without end', async () => {
    let { result } = await post('a', RUN);
    let shown = 0;
    while (result?.['resultType'] === 'input_required') {
      const isAsked = result['inputRequests'] !== undefined;
      if (isAsked) shown++;
      const requestState = result['requestState'];
      ({ result } = await post('a', {
        ...RUN,
        requestState,
        ...(isAsked ? { inputResponses: ACCEPTED } : {}),
      }));
    }
    assert.equal(shown, 1);
    assert.equal(rounds, 8, 'the official client gives up after ten');
    assert.equal(proposals, 1);
    const told = result?.['structuredContent'] as { state?: string; approvalUrl?: string };
    assert.equal(told.state, 'previewed');
    assert.equal(told.approvalUrl, PAGE);
  });

  it('is not waited for by a client of the 2025 line for longer than it holds a request open', async () => {
    const { client, shown } = await connected('http', 'legacy', () => 'accept');
    const { structuredContent: told } = await client.callTool(RUN);
    assert.equal(shown.length, 1);
    assert.equal(rounds, 1);
    assert.equal((told as { approvalUrl?: string }).approvalUrl, PAGE);
    await client.close();
  });

  it('is good for the same call of the same lease, unchanged', async () => {
    const { result } = await post('a', RUN);
    assert.equal(result?.['resultType'], 'input_required');
    const requestState = String(result?.['requestState']);
    const again = { ...RUN, requestState, inputResponses: ACCEPTED };
    assert.equal((await post('b', again)).error?.code, -32_602, 'another lease');
    const changedState = `${requestState.slice(0, -2)}AA`;
    assert.equal((await post('a', { ...again, requestState: changedState })).error?.code, -32_602);
    const other = { ...again, arguments: { ...RUN.arguments, reason: 'another one' } };
    const refused = await post('a', other);
    assert.match(JSON.stringify(refused), /state-of-another-call/);
    assert.equal(proposals, 1, 'nothing was proposed by any of them');
    state = 'confirmed';
    const answered = await post('a', again);
    const told = answered.result?.['structuredContent'] as { state?: string } | undefined;
    assert.equal(told?.state, 'confirmed');
  });
});

describe('what is published of a change', () => {
  it('has a place for the page where a person decides', () => {
    const run = OPERATIONS.find(({ name }) => name === 'run_action');
    assert.ok(run !== undefined);
    assert.match(JSON.stringify(z.toJSONSchema(run.output)), /approvalUrl/);
  });
});
