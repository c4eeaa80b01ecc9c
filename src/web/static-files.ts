/**
 * The console's files, from memory: what is served is exactly what was read when the service began, whatever lies on
 * the disk meanwhile. Only names that were read are answered, so no path leads anywhere else.
 */
import { type Head, hostOfOrigin } from './head.ts';

export type StaticFile = {
  readonly type: string;
  readonly etag: string;
  /** Its name carries the digest of its content. */
  readonly isHashed: boolean;
  readonly plain: Uint8Array;
  readonly br: Uint8Array | null;
  readonly gzip: Uint8Array | null;
};

/** By path, like `/assets/index-B3xk.js`; with `/index.html`, or there is no console. */
export type StaticFiles = ReadonlyMap<string, StaticFile>;

const INDEX = '/index.html';
/** What is never a view: a name there is a file, an operation or a protocol, or nothing. Below a view names of hosts have dots too. */
const NOT_A_VIEW =
  /^\/(?:assets|api\/v[0-9]+|oauth|mcp|\.well-known)(?:\/|$)|^\/[^/]*\.[A-Za-z0-9]{1,8}$/;

/** `undefined`: there is nothing of that name. */
export function staticAnswer(files: StaticFiles, head: Head, origin: string): Response | undefined {
  const { path, query } = head;
  const named = path === INDEX ? undefined : files.get(path);
  const isView = named === undefined && !NOT_A_VIEW.test(path);
  // Sessions and passkeys belong to one name: whoever opens another that is served here is led to it.
  if (isView && head.host !== hostOfOrigin(origin)) {
    const location = `${origin}${path}${query === '' ? '' : `?${query}`}`;
    return new Response(null, { status: 302, headers: { location } });
  }
  const file = named ?? (isView ? files.get(INDEX) : undefined);
  if (file === undefined) return isView ? missingConsole() : undefined;
  const headers: Record<string, string> = {
    'content-type': file.type,
    etag: file.etag,
    vary: 'accept-encoding',
    'cache-control':
      named !== undefined && file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
  const known = (head.headers.get('if-none-match') ?? '').split(',').map((each) => each.trim());
  if (known.includes(file.etag)) return new Response(null, { status: 304, headers });
  const accepted = head.headers.get('accept-encoding') ?? '';
  const encoding = (['br', 'gzip'] as const).find(
    (each) => file[each] !== null && accepts(accepted, each),
  );
  const body = (encoding === undefined ? file.plain : file[encoding]) ?? file.plain;
  if (encoding !== undefined) headers['content-encoding'] = encoding;
  headers['content-length'] = String(body.length);
  return new Response(head.method === 'HEAD' ? null : (body as Uint8Array<ArrayBuffer>), {
    headers,
  });
}

/** RFC 9110, 12.5.3, as far as browsers use it. */
function accepts(header: string, encoding: string): boolean {
  return header.split(',').some((each) => {
    const [name = '', ...parameters] = each.split(';').map((part) => part.trim().toLowerCase());
    return name === encoding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}

function missingConsole(): Response {
  return new Response(
    'The console is not built here. The command line, the HTTP API and MCP work without it.\n' +
      'Build it with bin/build-console, then restart the service; what it says goes to standard error.\n',
    { status: 503, headers: { 'content-type': 'text/plain; charset=utf-8' } },
  );
}
