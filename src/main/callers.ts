/** Who stands behind each local surface. The account of this process is the person accountable. */
import { userInfo } from 'node:os';
import type { Caller } from '#operations';

function account(): string {
  try {
    return userInfo().username;
  } catch {
    // An account without a name, as in some containers.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

const person = `operator:${account()}@local`;

/** The command line: declarations stay `unsigned`, and nothing changes a target. */
export const CLI_CALLER: Caller = {
  principal: person,
  onBehalfOf: null,
  surface: 'cli',
  profile: 'operator',
  scopes: 'all',
};

/** An assistant over stdio, started by the account's own client. */
export const STDIO_CALLER: Caller = {
  principal: 'assistant:stdio',
  onBehalfOf: person,
  surface: 'mcp-stdio',
  profile: 'observer',
  scopes: 'all',
};

/** An assistant over HTTP with the bearer that `start` prints. */
export const HTTP_CALLER: Caller = {
  principal: 'assistant:observer-token',
  onBehalfOf: person,
  surface: 'mcp-http',
  profile: 'observer',
  scopes: 'all',
};

/** The service's own rounds. */
export const SERVICE_CALLER: Caller = {
  principal: 'service:holdfast',
  onBehalfOf: person,
  surface: 'service',
  profile: 'operator',
  scopes: 'all',
};
