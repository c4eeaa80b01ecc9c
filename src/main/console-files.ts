/** The console as it was built: every file read once and packed once, so that what is served never changes under way. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Files } from '#base/ports';
import type { StaticFile, StaticFiles } from '#web';

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  json: 'application/json; charset=utf-8',
  webmanifest: 'application/manifest+json',
  txt: 'text/plain; charset=utf-8',
};
const PACKED: ReadonlySet<string> = new Set([
  'html',
  'js',
  'css',
  'svg',
  'json',
  'webmanifest',
  'txt',
]);
/** Smaller than this, packing gains nothing. */
const LEAST_PACKED = 512;
const MOST_DEPTH = 4;

const brotli = promisify(brotliCompress);
const packGzip = promisify(gzip);

/** Nothing where it was not built whole. Files of a type that we do not know are not served. */
export async function readConsole(files: Files, folder: string): Promise<StaticFiles> {
  for (let tried = 0; tried < TRIES; tried++) {
    const found = await readOnce(files, folder);
    if (isWhole(found)) return found;
  }
  return new Map();
}

/** A build may be put into place meanwhile: what is read then is half of one and half of another. */
const TRIES = 3;

function isWhole(found: StaticFiles): boolean {
  const index = found.get('/index.html')?.plain;
  const named = Buffer.from(index ?? '')
    .toString('utf8')
    .matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g);
  return index !== undefined && [...named].every(([, path = '']) => found.has(path));
}

async function readOnce(files: Files, folder: string): Promise<StaticFiles> {
  const found: [string, StaticFile][] = [];
  for (const path of await pathsBelow(files, folder, '', 0)) {
    const type = TYPES[path.split('.').at(-1) ?? ''];
    const bytes = type === undefined ? undefined : await files.read(join(folder, path));
    if (type !== undefined && bytes !== undefined)
      found.push([`/${path}`, await packed(path, type, bytes)]);
  }
  return new Map(found);
}

async function pathsBelow(
  files: Files,
  folder: string,
  below: string,
  depth: number,
): Promise<readonly string[]> {
  const names = depth > MOST_DEPTH ? undefined : await files.list(join(folder, below));
  const found: string[] = [];
  for (const name of names ?? []) {
    // What begins with a dot is ours: the digest of the inputs.
    if (name.startsWith('.')) continue;
    const path = below === '' ? name : `${below}/${name}`;
    const kind = (await files.info(join(folder, path)))?.kind;
    if (kind === 'file') found.push(path);
    else if (kind === 'directory')
      found.push(...(await pathsBelow(files, folder, path, depth + 1)));
  }
  return found;
}

async function packed(path: string, type: string, plain: Uint8Array): Promise<StaticFile> {
  const isPacked = PACKED.has(path.split('.').at(-1) ?? '') && plain.length >= LEAST_PACKED;
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 27)}"`;
  return {
    type,
    etag,
    isHashed: /^assets\/.*-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$/.test(path),
    plain,
    br: isPacked ? await brotli(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }) : null,
    gzip: isPacked ? await packGzip(plain, { level: 9 }) : null,
  };
}
