/** The program over MCP: the official client starts `bin/holdfast mcp` and calls its tools. */
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'holdfast');

/** What a tool said: its object, or the stable code of why not. */
export type Asked =
  | { readonly code: undefined; readonly value: Record<string, unknown> }
  | { readonly code: string; readonly value: undefined };

export type McpClient = AsyncDisposable & {
  ask(tool: string, input: Record<string, unknown>): Promise<Asked>;
  /** The tool's object; throws its code otherwise. */
  must<Value>(tool: string, input: Record<string, unknown>): Promise<Value>;
};

export function connectMcp(home: string): Promise<McpClient> {
  return connectCommand(PROGRAM, ['--home', home, 'mcp']);
}

/** The same for a program that is reached in another way, as in a container. */
export async function connectCommand(command: string, args: readonly string[]): Promise<McpClient> {
  return connectOver(new StdioClientTransport({ command, args: [...args], stderr: 'inherit' }));
}

/** With a bearer over streamable HTTP. */
export function connectHttp(url: string, bearer: string): Promise<McpClient> {
  const requestInit = { headers: { authorization: `Bearer ${bearer}` } };
  return connectOver(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
}

async function connectOver(transport: Parameters<Client['connect']>[0]): Promise<McpClient> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  const ask: McpClient['ask'] = async (name, input) => {
    const answer = await client.callTool({ name, arguments: input });
    if (answer.isError !== true) {
      return { code: undefined, value: answer.structuredContent as Record<string, unknown> };
    }
    const fault = answer._meta?.['holdfast/error'] as { code: string } | undefined;
    return { code: fault?.code ?? JSON.stringify(answer.content), value: undefined };
  };
  return {
    ask,
    must: async <Value>(name: string, input: Record<string, unknown>) => {
      const { code, value } = await ask(name, input);
      if (value === undefined) throw new Error(`${name}: ${code}`);
      return value as Value;
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}
