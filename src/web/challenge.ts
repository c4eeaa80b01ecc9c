/**
 * What a refusal says of bearers: what is wrong with the one that came, if one came (RFC 6750, section 3), where to
 * learn who gives better ones (RFC 9728, section 5.1), and which scope would do.
 */
import type { Fault } from '#base/fault';
import type { Head, Site } from './head.ts';

/** Of the HTTP API and what stands beside it: the only resource there is besides MCP. */
export const API_PATH = '/api/v1';
export const API_METADATA: string = `/.well-known/oauth-protected-resource${API_PATH}`;

/** Scopes that whoever gives tokens for the API knows. */
export type Scopes = {
  /** What a client that knows nothing better should ask for. */
  readonly leastScope: string;
  /** The least scope that holds a capability. */
  readonly scopeWith: (capability: string) => string | undefined;
};

/** `undefined`: the refusal has nothing to do with who asks. Nothing of the request is ever repeated in it. */
export function challengeOf(
  { code, facts }: Fault,
  { headers }: Pick<Head, 'headers'>,
  { origin }: Pick<Site, 'origin'>,
  scopes: Scopes | undefined,
): string | undefined {
  const metadata = ['resource_metadata', origin + API_METADATA] as const;
  const least = scopes === undefined ? [] : [['scope', scopes.leastScope] as const];
  switch (code) {
    case 'sign-in-needed':
    case 'proof-needed':
      // No error where nothing was presented.
      return written([...least, metadata]);
    case 'bearer-refused':
      return written([['error', 'invalid_token'], ...least, metadata]);
    case 'scope-needed':
      return written([['error', 'insufficient_scope'], ...least, metadata]);
    case 'not-permitted': {
      if (!headers.has('authorization')) return undefined;
      const capability = facts['capability'];
      const wider = typeof capability === 'string' ? scopes?.scopeWith(capability) : undefined;
      const scope = wider === undefined ? [] : [['scope', wider] as const];
      return written([['error', 'insufficient_scope'], ...scope, metadata]);
    }
    default:
      return undefined;
  }
}

function written(parameters: readonly (readonly [string, string])[]): string {
  const all = [['realm', 'holdfast'] as const, ...parameters];
  return `Bearer ${all.map(([name, value]) => `${name}="${value}"`).join(', ')}`;
}
