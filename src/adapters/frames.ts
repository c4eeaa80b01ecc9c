/**
 * Frames and answers of docs/host-contract.md, byte for byte. What comes back is read strictly: an
 * answer that is not in the one form is no answer.
 */
const TOKEN = /^(?!-)[A-Za-z0-9._:@/-]{1,128}$/;
const ITEM = /^item ([a-z-]{1,64}) (0|[1-9][0-9]{0,7})$/;
const NUMBER = /^(0|[1-9][0-9]{0,14})$/;
const MOST_ITEMS = 32;

export type Verb = 'status' | 'run' | 'job' | 'cancel' | 'stop' | 'lift' | 'config';
export type Item = readonly [name: string, body: string | Uint8Array];

export type Answer = {
  readonly verdict: 'ok' | 'refused';
  readonly code: string;
  readonly detail: string;
  /** The host's clock, seconds. */
  readonly time: number;
  readonly stopped: boolean;
  readonly state: string;
  readonly items: ReadonlyMap<string, Uint8Array>;
};

export function formatFrame(verb: Verb, items: readonly Item[]): Uint8Array {
  const bodies = items.map(([, body]) => (typeof body === 'string' ? Buffer.from(body) : body));
  const head = [
    'holdfast-frame 1',
    `verb ${verb}`,
    ...items.map(([name], i) => `item ${name} ${bodies[i]?.length ?? 0}`),
    'end\n',
  ].join('\n');
  return Buffer.concat([Buffer.from(head), ...bodies]);
}

/** `undefined` for anything but one whole answer with nothing behind it. */
export function parseAnswer(bytes: Uint8Array): Answer | undefined {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const headEnd = all.indexOf('\nend\n');
  if (headEnd === -1) return undefined;
  const lines = all.subarray(0, headEnd).toString('latin1').split('\n');
  if (lines.shift() !== 'holdfast-answer 1') return undefined;
  const value = (key: string): string => {
    const line = lines.shift() ?? '';
    return line.startsWith(`${key} `) ? line.slice(key.length + 1) : '';
  };
  const verdict = value('verdict');
  const code = value('code');
  const detail = decodeText(value('detail'));
  const time = value('time');
  const stopped = value('stopped');
  const state = value('state');
  if (verdict !== 'ok' && verdict !== 'refused') return undefined;
  if (verdict === 'ok' ? code !== '-' : !TOKEN.test(code)) return undefined;
  if (detail === undefined || !NUMBER.test(time)) return undefined;
  if (stopped !== 'yes' && stopped !== 'no') return undefined;
  if (state !== '-' && !TOKEN.test(state)) return undefined;

  const items = new Map<string, Uint8Array>();
  let at = headEnd + '\nend\n'.length;
  if (lines.length > MOST_ITEMS) return undefined;
  for (const line of lines) {
    const [, name, length] = ITEM.exec(line) ?? [];
    if (name === undefined || length === undefined || items.has(name)) return undefined;
    items.set(name, new Uint8Array(all.subarray(at, at + Number(length))));
    at += Number(length);
  }
  if (at !== all.length) return undefined;
  return {
    verdict,
    code,
    detail,
    time: Number(time),
    stopped: stopped === 'yes',
    state,
    items,
  };
}

function decodeText(encoded: string): string | undefined {
  if (encoded === '%') return '';
  if (!/^(?:[A-Za-z0-9._~/:@,+=-]|%[0-9A-F]{2})+$/.test(encoded)) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
