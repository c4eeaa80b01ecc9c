import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { OPERATIONS } from '#operations';
import { INSTRUCTIONS } from './instructions.ts';
import { aCaller, cleanSample, samplePerform } from './samples.ts';
import { mcpService } from './server.ts';

/** About four characters a token, as these schemas come out. */
const CHARS_PER_TOKEN = 4;

async function listed() {
  const { factory } = mcpService({
    operations: OPERATIONS,
    perform: samplePerform(),
    version: '0.1.0',
    clean: cleanSample,
  })(aCaller);
  const [here, there] = InMemoryTransport.createLinkedPair();
  const server = await factory({ era: 'legacy' });
  await server.connect(there as never);
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(here);
  const { tools } = await client.listTools();
  return { tools, client };
}

describe('what an assistant sees', () => {
  it('is these tools, in this order', async () => {
    const { tools } = await listed();
    assert.deepEqual(
      tools.map(({ name }) => name),
      [
        'analyze_command',
        'compare_facts',
        'describe_system',
        'drift_scan',
        'emergency_stop',
        'explain_finding',
        'fact_history',
        'find_actions',
        'get_change',
        'ingest_observation',
        'query_facts',
        'run_action',
        'run_command',
        'what_changed',
      ],
    );
  });

  it('costs a model few tokens', async () => {
    const { tools } = await listed();
    const visible = tools.map(({ name, description, inputSchema }) =>
      JSON.stringify({ name, description, inputSchema }),
    );
    const tokens = visible.join('').length / CHARS_PER_TOKEN;
    assert.ok(tokens > 100 && tokens <= 2_500, `${Math.round(tokens)} tokens`);
    for (const { name, description = '' } of tools)
      assert.ok(
        description.length > 20 && description.length <= 600,
        `${name}: ${description.length}`,
      );
    assert.ok(INSTRUCTIONS.length < 2_200, `${INSTRUCTIONS.length} characters`);
  });

  it('refuses unknown arguments and has objects at the root, everywhere', async () => {
    for (const { name, inputSchema, outputSchema } of (await listed()).tools) {
      assert.equal(inputSchema.additionalProperties, false, name);
      assert.equal(inputSchema.type, 'object', name);
      assert.equal(outputSchema?.type, 'object', name);
      assert.doesNotMatch(JSON.stringify(inputSchema), /9007199254740991/, name);
    }
  });

  it('says of every tool what it does to the world', async () => {
    for (const { name, title, annotations } of (await listed()).tools) {
      const changes = ['run_action', 'run_command', 'emergency_stop'].includes(name);
      // What explains a finding keeps the answer with it.
      const reads = !['ingest_observation', 'explain_finding'].includes(name) && !changes;
      assert.deepEqual(
        annotations,
        {
          title,
          readOnlyHint: reads,
          destructiveHint: changes,
          idempotentHint: reads,
          openWorldHint: changes,
        },
        name,
      );
    }
  });

  it('reads no limit that its description does not say in words', async () => {
    for (const { name, inputSchema } of (await listed()).tools)
      assert.doesNotMatch(JSON.stringify(inputSchema), /"(?:min|max)(?:imum|Length|Items)":/, name);
    const limit = (await listed()).tools.find(({ name }) => name === 'query_facts')?.inputSchema
      .properties?.['limit'] as { readonly description?: string } | undefined;
    assert.match(limit?.description ?? '', /at most 1000/);
  });
});
