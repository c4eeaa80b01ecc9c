/**
 * One bounded answer of a tool: a file on the target through its reader, a file here, the tool asked through
 * the reader, or one scrape. Everything here only reads, and every failure is a fault in our own words.
 */
import type { HostReader, ReadAnswer } from '#adapters';
import type { Fault } from '#base/fault';
import type { MachineFiles, Poster } from '#base/ports';
import { hereOf, OSQUERY_QUERIES, osqueryDocument, type ToolPlace } from '#collectors';
import type { Target } from '#model';
import { readPin } from '#secrets';
import { notRead } from './report-settings.ts';

const REPORT_BYTES = 4 * 1024 * 1024;
const FILE_SECONDS = 30;
const ASK_SECONDS = 20;
const SCRAPE_MS = 15_000;
const ROOT = 0;

export type FetchParts = {
  readonly look: MachineFiles;
  readonly poster: Poster;
  readonly uid: number;
  readonly readerOf: (target: Target) => Promise<HostReader>;
  readonly signal: AbortSignal;
};

export type Fetched = { readonly bytes: Uint8Array; readonly isFromTarget: boolean };

export async function fetchReport(
  parts: FetchParts,
  target: Target,
  place: Exclude<ToolPlace, { readonly kind: 'winrm' }>,
): Promise<Fetched> {
  switch (place.kind) {
    case 'file':
      return { bytes: await fileThere(parts, target, place.path), isFromTarget: true };
    case 'here':
      return { bytes: await fileHere(parts, hereOf(place.path, target)), isFromTarget: false };
    case 'ask':
      return { bytes: await asked(parts, target), isFromTarget: true };
    case 'scrape':
      return { bytes: await scraped(parts, target, place), isFromTarget: true };
  }
}

async function fileThere(parts: FetchParts, target: Target, path: string): Promise<Uint8Array> {
  const reader = await parts.readerOf(target);
  const { signal } = parts;
  const request = { seconds: FILE_SECONDS, bytes: REPORT_BYTES, signal };
  const answer = await reader.run(['cat', path], request);
  return whole(answer, 'the report is not there, or the reader may not read it');
}

async function fileHere({ look, uid }: FetchParts, path: string): Promise<Uint8Array> {
  const info = await look.stat(path).catch(() => undefined);
  if (info?.kind !== 'file') throw notRead('the report is not there as a plain file, here');
  // Who can write it tells what is so of a target.
  if ((info.uid !== uid && info.uid !== ROOT) || (info.mode & 0o022) !== 0)
    throw notRead('the report is not ours or others may write it, here');
  if (info.size > REPORT_BYTES) throw notRead('the report is too big');
  const bytes = await look.read(path, REPORT_BYTES).catch(() => undefined);
  if (bytes === undefined) throw notRead('the report cannot be read, here');
  return bytes;
}

async function asked(parts: FetchParts, target: Target): Promise<Uint8Array> {
  const reader = await parts.readerOf(target);
  const answers: { readonly name: string; readonly stdout: Uint8Array }[] = [];
  for (const { name, argv } of OSQUERY_QUERIES) {
    const { signal } = parts;
    const request = { seconds: ASK_SECONDS, bytes: REPORT_BYTES, signal };
    const answer = await reader.run(argv, request);
    // Where it is missing, no other question is answered either.
    if (answer.verdict === 'refused') throw refused(answer.code);
    if (answer.ended === 'exited' && answer.status === 0)
      answers.push({ name, stdout: answer.stdout });
  }
  return osqueryDocument(answers);
}

async function scraped(
  { poster, look, uid }: FetchParts,
  target: Target,
  place: Extract<ToolPlace, { readonly kind: 'scrape' }>,
): Promise<Uint8Array> {
  const url = urlOf(target, place.scheme, place.port, '/metrics');
  const ca = place.caFile === null ? {} : { ca: await readPin({ look, uid }, place.caFile) };
  const { status, headers, body } = await poster.request({
    method: 'GET',
    url,
    headers: { accept: 'text/plain;version=0.0.4' },
    body: new Uint8Array(),
    timeoutMs: SCRAPE_MS,
    maxBytes: REPORT_BYTES,
    ...ca,
  });
  const type = headers['content-type'] ?? '';
  if (status !== 200) throw notRead(`the exporter answered with status ${status}`);
  const isOurs = !type.includes('version=') || type.includes('version=0.0.4');
  if (!/^text\/plain *(?:;|$)/.test(type) || !isOurs)
    throw notRead('the exporter answered in another format');
  return body;
}

/** At the address that the inventory has, whatever port it names for ssh; of this machine its own loopback. */
export function urlOf(target: Target, scheme: string, port: number, path: string): string {
  const host = hostOf(target);
  const url = `${scheme}://${host}:${port}${path}`;
  const read = URL.canParse(url) ? new URL(url) : undefined;
  // What a URL takes for something else than the address that stands there is not asked.
  const isOne = read?.username === '' && read.pathname === path && !/[%@/?#\\]/.test(host);
  if (!isOne) throw notRead('the address of the target cannot stand in a URL');
  return url;
}

function hostOf({ address, transport }: Target): string {
  if (transport === 'local') return '127.0.0.1';
  if (address === null) throw notRead('the inventory has no address of the target');
  const bracketed = /^(\[[0-9A-Fa-f:.]+\])(?::\d+)?$/.exec(address)?.[1];
  if (bracketed !== undefined) return bracketed;
  return address.split(':').length > 2 ? `[${address}]` : address.replace(/:\d+$/, '');
}

function whole(answer: ReadAnswer, why: string): Uint8Array {
  if (answer.verdict === 'refused') throw refused(answer.code);
  if (answer.ended === 'too-much') throw notRead('the report is too big');
  if (answer.ended === 'timeout') throw notRead('reading the report took too long');
  if (answer.ended !== 'exited' || answer.status !== 0) throw notRead(why);
  return answer.stdout;
}

function refused(code: string): Fault {
  return notRead(`the host's own reader refused it: ${code}`);
}
