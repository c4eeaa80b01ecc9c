import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reachOf } from '#access';
import { Fault } from '#base/fault';
import { type Caller, OPERATIONS } from '#operations';
import { mcpService } from './server.ts';

const caller: Caller = {
  principal: 'assistant:stdio',
  onBehalfOf: null,
  surface: 'mcp-stdio',
  profile: 'observer',
  session: 'test',
  reach: reachOf('observer'),
};

describe('a call that the protocol refuses by itself', () => {
  it('is asked of the one path all the same, so that it leaves its event', async () => {
    const asked: string[] = [];
    const service = mcpService({
      operations: OPERATIONS,
      perform: async ({ operation }) => {
        asked.push(operation);
        throw new Fault('refused', 'not-offered', 'not offered');
      },
      version: '0',
      clean: (text) => text,
    })(caller);
    const call = (name: unknown): object => ({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name },
    });
    await service.heard(call('baseline_bless'));
    await service.heard(call('rm_rf'));
    await service.heard(call('query_facts'));
    await service.heard({ method: 'tools/call', params: { name: 'query_facts', arguments: [1] } });
    for (const odd of [undefined, null, 'tools/call', call(7), { method: 'tools/call' }])
      await service.heard(odd);
    assert.deepEqual(asked, ['baseline_bless', 'rm_rf', 'query_facts']);
  });
});
