export type { Approvals } from './approval.ts';
export {
  type BearerLease,
  type KeptLease,
  type Verified,
  type VerifyBearer,
  verifyAgainst,
} from './bearer.ts';
export { ResourceChanges } from './changes.ts';
export {
  MCP_PATH,
  type McpHttp,
  type McpHttpLimits,
  type McpHttpOptions,
  mcpHttp,
  type OAuthOffer,
  type OpenLeases,
} from './http.ts';
export { type McpService, type McpSetup, mcpService } from './server.ts';
export { type StdioConnection, type StdioOptions, serveMcpStdio } from './stdio.ts';
export type { Perform } from './tools.ts';
