/**
 * The official SDK with one tool that does nothing: what speaking MCP costs at the least.
 *
 *   no-op-server.ts stdio
 *   no-op-server.ts http     prints {"url"}; ends with its input
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import * as z from 'zod/v4';

function server(): McpServer {
  const mcp = new McpServer({ name: 'no-op', version: '0' });
  mcp.registerTool(
    'query_facts',
    {
      description: 'Answers nothing.',
      inputSchema: z.object({ entity: z.string().optional(), attribute: z.string().optional() }),
    },
    async ({ entity = '' }) => ({ content: [{ type: 'text', text: entity }] }),
  );
  return mcp;
}

if (process.argv[2] === 'http') {
  const handle = toNodeHandler(createMcpHandler(server));
  const http = createServer((incoming, outgoing) => {
    void handle(incoming as NodeIncomingMessageLike, outgoing);
  });
  http.listen(0, '127.0.0.1', () => {
    const { port } = http.address() as AddressInfo;
    console.log(JSON.stringify({ url: `http://127.0.0.1:${port}/mcp` }));
  });
  process.stdin.on('end', () => process.exit(0)).resume();
} else {
  serveStdio(server);
}
