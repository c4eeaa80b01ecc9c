/** Who stands behind each local surface. The account of this process is the person accountable. */
import { userInfo } from 'node:os';
import { reachOf } from '#access';
import { newId } from '#base/ids';
import { nodeRandom } from '#machine';
import type { Caller } from '#operations';

/** The account that we run as. */
export function account(): string {
  try {
    return userInfo().username;
  } catch {
    // An account without a name, as in some containers.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

const person = `operator:${account()}@local`;

/** The command line: declarations stay `unsigned`, and nothing changes a target without a signature. */
export const CLI_CALLER: Caller = {
  principal: person,
  onBehalfOf: person,
  session: 'cli',
  surface: 'cli',
  profile: 'operator',
  reach: reachOf('operator'),
};

/** An assistant over stdio, started by the account's own client; what it has read is remembered for its connection. */
export function stdioCaller(session: string): Caller {
  return {
    principal: 'assistant:stdio',
    onBehalfOf: person,
    surface: 'mcp-stdio',
    profile: 'observer',
    session,
    reach: reachOf('observer'),
  };
}

export function newStdioSession(): string {
  return newId('stdio', nodeRandom());
}

/** An assistant over HTTP with the bearer that `start` prints. */
export const HTTP_CALLER: Caller = {
  principal: 'assistant:observer-token',
  onBehalfOf: person,
  surface: 'mcp-http',
  profile: 'observer',
  session: 'lease:observer-token',
  reach: reachOf('observer'),
};

/** The service's own rounds. */
export const SERVICE_CALLER: Caller = {
  principal: 'service:holdfast',
  onBehalfOf: person,
  surface: 'service',
  profile: 'operator',
  session: 'service',
  reach: reachOf('operator'),
};
