/** Parts of what the listener of MCP answers that depend on nothing but what is answered. */
import { TAKEN_BACK } from './bearer.ts';
import type { OAuthOffer } from './http.ts';
import { isRecord } from './read-message.ts';
import type { McpService } from './server.ts';
import { rpcError } from './web.ts';

/** Refuses to tell of resources that do not exist for this caller. */
export async function mayListen(
  body: Record<string, unknown>,
  service: McpService,
): Promise<Response | undefined> {
  const params = isRecord(body['params']) ? body['params'] : {};
  const wanted = isRecord(params['notifications'])
    ? params['notifications']['resourceSubscriptions']
    : undefined;
  if (!Array.isArray(wanted)) return undefined;
  if (wanted.length > 64)
    return rpcError(400, -32_602, 'too many resources in one filter: at most 64', idOf(body));
  for (const uri of wanted) {
    if (typeof uri === 'string' && (await service.mayWatch(uri))) continue;
    return rpcError(
      400,
      -32_602,
      'unknown resource in the filter: list resources and templates for what there is',
      idOf(body),
    );
  }
  return undefined;
}

/** RFC 9728. Without a server to name, bearers come from the operator of this service, by hand. */
export function metadata(resource: string, oauth: OAuthOffer | undefined): Response {
  return Response.json(
    {
      resource,
      resource_name: 'Holdfast',
      bearer_methods_supported: ['header'],
      ...(oauth === undefined
        ? {}
        : { authorization_servers: oauth.servers(), scopes_supported: oauth.scopes }),
    },
    { headers: { 'access-control-allow-origin': '*' } },
  );
}

/** `undefined` once it is. */
export function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/** What a stream says last when its lease is gone: an error in place of the answer that will not come. */
export function farewell(id: string | number | null | undefined): string {
  if (id === undefined || id === null) return '';
  const error = { code: -32_001, message: TAKEN_BACK };
  return `\nevent: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, error })}\n\n`;
}

export function idOf(body: unknown): string | number | null {
  const id = isRecord(body) ? body['id'] : undefined;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
