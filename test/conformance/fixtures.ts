/**
 * The tools, resources and prompts that the official conformance suite calls by name. Mounted
 * beside our own by the conformance server of the tests, and by nothing else.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  acceptedContent,
  type CallToolResult,
  createRequestStateCodec,
  fromJsonSchema,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type McpServer,
  type McpServerOptions,
  ResourceTemplate,
  type ServerContext,
  type ServerEventBus,
} from '@modelcontextprotocol/server';
import * as z from 'zod/v4';

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const SILENCE = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';
const WATCHED = 'test://watched-resource';

const states = createRequestStateCodec<{ round: number }>({
  key: 'only-for-tests-only-for-tests-only-for-tests',
  ttlSeconds: 60,
});

export const FIXTURE_OPTIONS: McpServerOptions = {
  capabilities: {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    logging: {},
    completions: {},
  },
  cacheHints: Object.fromEntries(
    [
      'tools/list',
      'prompts/list',
      'resources/list',
      'resources/templates/list',
      'resources/read',
    ].map((method) => [method, { ttlMs: 1_000, cacheScope: 'private' }]),
  ),
  requestState: { verify: (state, context) => states.verify(state, context) },
};

export function mayWatchFixture(uri: string): boolean {
  return uri === WATCHED;
}

export function mountFixtures(
  server: McpServer,
  era: 'legacy' | 'modern',
  bus: ServerEventBus,
): void {
  mountContent(server);
  mountConversations(server);
  mountRounds(server);
  mountTriggers(server, bus);
  mountResources(server);
  mountPrompts(server);
  if (era === 'legacy') server.server.setRequestHandler('logging/setLevel', () => ({}));
}

const text = (words: string): CallToolResult => ({ content: [{ type: 'text', text: words }] });
const image = { type: 'image', data: PIXEL, mimeType: 'image/png' } as const;

function mountContent(server: McpServer): void {
  const tool = (name: string, run: (context: ServerContext) => Promise<CallToolResult>): void => {
    server.registerTool(name, { description: `Conformance fixture ${name}.` }, run);
  };
  tool('test_simple_text', async () => text('This is a simple text response for testing.'));
  tool('test_image_content', async () => ({ content: [image] }));
  tool('test_audio_content', async () => ({
    content: [{ type: 'audio', data: SILENCE, mimeType: 'audio/wav' }],
  }));
  tool('test_embedded_resource', async () => ({
    content: [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  }));
  tool('test_multiple_content_types', async () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      image,
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: JSON.stringify({ test: 'data', value: 123 }),
        },
      },
    ],
  }));
  tool('test_error_handling', async () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
  tool('test_tool_with_progress', async ({ mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken ?? 0;
    for (const progress of [0, 50, 100]) {
      await mcpReq.notify({
        method: 'notifications/progress',
        params: { progressToken, progress, total: 100, message: `${progress} of 100` },
      });
      await sleep(20);
    }
    return text(String(progressToken));
  });
  const log = async ({ mcpReq }: ServerContext): Promise<CallToolResult> => {
    for (const words of ['started', 'processing data', 'completed']) {
      await mcpReq.log('info', `Tool execution ${words}`);
      await sleep(50);
    }
    return text('logged');
  };
  tool('test_tool_with_logging', log);
  tool('test_logging_tool', log);
  server.registerTool(
    'json_schema_2020_12_tool',
    {
      description: 'Conformance fixture for JSON Schema 2020-12.',
      inputSchema: fromJsonSchema<Record<string, unknown>>(RICH_SCHEMA),
    },
    async () => text('ok'),
  );
  server.registerTool(
    'test_header_parameter',
    {
      description: 'Conformance fixture for parameters that travel as headers.',
      inputSchema: fromJsonSchema<Record<string, unknown>>({
        type: 'object',
        properties: { region: { type: 'string', 'x-mcp-header': 'Region' } as object },
        required: ['region'],
      }),
    },
    async ({ region }) => text(String(region)),
  );
}

/** As text: an object with a `then` looks like a promise to whoever awaits it. */
const CONDITION = JSON.parse(`{
  "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
  "then": { "required": ["phone"] },
  "else": { "required": ["email"] }
}`) as object;

const RICH_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  additionalProperties: false,
  ...CONDITION,
} as const;

/** Requests of the server to the client, as the 2025 line knows them. */
function mountConversations(server: McpServer): void {
  server.registerTool(
    'test_sampling',
    {
      description: 'Conformance fixture: asks the client to sample.',
      inputSchema: z.object({ prompt: z.string() }),
    },
    async ({ prompt }, { mcpReq }) => {
      const { content } = await mcpReq.requestSampling({
        messages: [{ role: 'user', content: { type: 'text', text: prompt } }],
        maxTokens: 100,
      });
      return text(`LLM response: ${'text' in content ? content.text : ''}`);
    },
  );
  const elicits = (name: string, message: string, properties: Record<string, unknown>): void => {
    server.registerTool(
      name,
      {
        description: `Conformance fixture ${name}.`,
        inputSchema: z.object({ message: z.string().optional() }),
      },
      async (given, { mcpReq }) => {
        const answer = await mcpReq.elicitInput({
          mode: 'form',
          message: given.message ?? message,
          requestedSchema: { type: 'object', properties, required: [] } as never,
        });
        return text(
          `Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`,
        );
      },
    );
  };
  elicits('test_elicitation', 'Please answer', {
    response: { type: 'string', description: "User's response" },
  });
  elicits('test_elicitation_sep1034_defaults', 'Please review the defaults', {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  });
  const values = ['value1', 'value2', 'value3'];
  const titled = values.map((value, i) => ({ const: value, title: `Option ${i + 1}` }));
  const options = ['option1', 'option2', 'option3'];
  elicits('test_elicitation_sep1330_enums', 'Please select', {
    untitledSingle: { type: 'string', enum: options },
    titledSingle: { type: 'string', oneOf: titled },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: {
      type: 'array',
      minItems: 1,
      maxItems: 3,
      items: { type: 'string', enum: options },
    },
    titledMulti: { type: 'array', minItems: 1, maxItems: 3, items: { anyOf: titled } },
  });
}

type Responses = ServerContext['mcpReq']['inputResponses'];

function ask(message: string, field: string, type: 'string' | 'boolean' = 'string') {
  return inputRequired.elicit({
    message,
    requestedSchema: {
      type: 'object',
      properties: { [field]: { type } as { type: 'string' } },
      required: [field],
    },
  });
}
const sample = (words: string) =>
  inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: words } }],
    maxTokens: 100,
  });
const has = (responses: Responses, key: string): boolean =>
  inputResponse(responses, key).kind !== 'missing';

/** Results that ask for input first, as 2026-07-28 knows them. */
function mountRounds(server: McpServer): void {
  const tool = (
    name: string,
    run: (context: ServerContext) => Promise<CallToolResult | InputRequiredResult>,
  ): void => {
    server.registerTool(name, { description: `Conformance fixture ${name}.` }, run);
  };
  tool('test_input_required_result_elicitation', async ({ mcpReq }) => {
    const given = acceptedContent(
      mcpReq.inputResponses,
      'user_name',
      z.object({ name: z.string() }),
    );
    return given === undefined
      ? inputRequired({ inputRequests: { user_name: ask('What is your name?', 'name') } })
      : text(`Hello, ${given.name}!`);
  });
  tool('test_input_required_result_sampling', async ({ mcpReq }) =>
    has(mcpReq.inputResponses, 'capital_question')
      ? text('answered')
      : inputRequired({
          inputRequests: { capital_question: sample('What is the capital of France?') },
        }),
  );
  tool('test_input_required_result_list_roots', async ({ mcpReq }) => {
    const given = inputResponse(mcpReq.inputResponses, 'client_roots');
    return given.kind === 'roots'
      ? text(JSON.stringify(given.roots))
      : inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });
  for (const name of ['request_state', 'tampered_state']) {
    tool(`test_input_required_result_${name}`, async (context) =>
      context.mcpReq.requestState<{ round: number }>()?.round === 1
        ? text('state-ok')
        : inputRequired({
            inputRequests: { confirm: ask('Please confirm', 'ok', 'boolean') },
            requestState: await states.mint({ round: 1 }, context),
          }),
    );
  }
  tool('test_input_required_result_multiple_inputs', async (context) => {
    const given = context.mcpReq.inputResponses;
    if (['user_name', 'greeting', 'client_roots'].every((key) => has(given, key)))
      return text('complete');
    return inputRequired({
      inputRequests: {
        user_name: ask('What is your name?', 'name'),
        greeting: sample('Generate a greeting'),
        client_roots: inputRequired.listRoots(),
      },
      requestState: await states.mint({ round: 1 }, context),
    });
  });
  tool('test_input_required_result_multi_round', async (context) => {
    const round = context.mcpReq.requestState<{ round: number }>()?.round ?? 0;
    if (round === 2) return text('complete');
    const step =
      round === 0
        ? { step1: ask('Step 1: What is your name?', 'name') }
        : { step2: ask('Step 2: What is your favorite color?', 'color') };
    return inputRequired({
      inputRequests: step,
      requestState: await states.mint({ round: round + 1 }, context),
    });
  });
  tool('test_input_required_result_capabilities', async ({ mcpReq }) => {
    const declared = mcpReq.envelope as
      | Record<string, { sampling?: object } | undefined>
      | undefined;
    const capabilities = declared?.['io.modelcontextprotocol/clientCapabilities'];
    if (has(mcpReq.inputResponses, 'input')) return text('complete');
    return inputRequired({
      inputRequests: {
        input: capabilities?.sampling === undefined ? ask('Value?', 'value') : sample('Value?'),
      },
    });
  });
  tool('test_missing_capability', async () =>
    inputRequired({ inputRequests: { needed: sample('needs sampling') } }),
  );
  tool('test_streaming_elicitation', async ({ mcpReq }) => {
    if (has(mcpReq.inputResponses, 'go')) return text('complete');
    await mcpReq.notify({
      method: 'notifications/progress',
      params: { progressToken: mcpReq._meta?.progressToken ?? 0, progress: 1 },
    });
    return inputRequired({ inputRequests: { go: ask('Go on?', 'ok', 'boolean') } });
  });
}

function mountTriggers(server: McpServer, bus: ServerEventBus): void {
  for (const [name, kind] of [
    ['test_trigger_tool_change', 'tools_list_changed'],
    ['test_trigger_prompt_change', 'prompts_list_changed'],
  ] as const) {
    server.registerTool(name, { description: `Conformance fixture ${name}.` }, async () => {
      bus.publish({ kind });
      return text('changed');
    });
  }
}

function mountResources(server: McpServer): void {
  const fixed = (name: string, uri: string, mimeType: string, content: object): void => {
    server.registerResource(name, uri, { mimeType }, async () => ({
      contents: [{ uri, mimeType, ...content } as never],
    }));
  };
  fixed('static-text', 'test://static-text', 'text/plain', {
    text: 'This is the content of the static text resource.',
  });
  fixed('static-binary', 'test://static-binary', 'image/png', { blob: PIXEL });
  fixed('watched-resource', WATCHED, 'text/plain', { text: 'Watched resource content' });
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { mimeType: 'application/json' },
    async (uri, { id }) => ({
      contents: [
        {
          uri: uri.href,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
        },
      ],
    }),
  );
}

function mountPrompts(server: McpServer): void {
  const said = (...contents: readonly object[]) => ({
    messages: contents.map((content) => ({ role: 'user', content }) as never),
  });
  const words = (value: string) => ({ type: 'text', text: value });
  server.registerPrompt('test_simple_prompt', { description: 'Conformance fixture.' }, () =>
    said(words('This is a simple prompt for testing.')),
  );
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'Conformance fixture.',
      argsSchema: z.object({ arg1: z.string(), arg2: z.string() }),
    },
    ({ arg1, arg2 }) => said(words(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'Conformance fixture.', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) =>
      said(
        {
          type: 'resource',
          resource: {
            uri: resourceUri,
            mimeType: 'text/plain',
            text: 'Embedded resource content.',
          },
        },
        words('Please process the embedded resource above.'),
      ),
  );
  server.registerPrompt('test_prompt_with_image', { description: 'Conformance fixture.' }, () =>
    said(image, words('Please analyze the image above.')),
  );
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'Conformance fixture.' },
    ({ mcpReq }) =>
      has(mcpReq.inputResponses, 'user_context')
        ? said(words('With context.'))
        : inputRequired({
            inputRequests: { user_context: ask('What context should the prompt use?', 'context') },
          }),
  );
}
