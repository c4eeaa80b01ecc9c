/**
 * What a host is sent, once and as root: our own constant script and, behind it, data. The data stands in a
 * quoted here-document whose lines hold nothing a shell gives a meaning to, so no value becomes a command.
 */
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';

export type HostFile = {
  readonly name: string;
  readonly mode: '0644' | '0755';
  readonly text: string;
};

/** How the runner gets to be root: through sudo, by root's own key, or not at all (a host that is only read). */
export type RunnerBy = 'sudo' | 'root' | 'none';
export const READER_GROUPS = ['adm', 'systemd-journal'] as const;
export type ReaderGroup = (typeof READER_GROUPS)[number];

/** Public halves, `<type> <base64>`; `next`: also let in, while keys are being changed. */
export type TransportKeys = { readonly reader: string; readonly runner: string };

export type Payload =
  | { readonly verb: 'probe' }
  | {
      readonly verb: 'install';
      readonly organisation: string;
      readonly controlPlane: string;
      readonly keys: TransportKeys;
      readonly version: string;
      /** The least that this enrolment's epoch may be. */
      readonly epoch: number;
      readonly again: boolean;
      /** `auto`: as the host finds itself, where nobody looked before. */
      readonly runnerBy: RunnerBy | 'auto';
      readonly groups: readonly ReaderGroup[];
      /** `host:port` that its keys may open from there. */
      readonly opens: readonly string[];
      readonly files: readonly HostFile[];
    }
  /** `evenRunning`: also while a job of ours has not ended. */
  | { readonly verb: 'remove'; readonly organisation: string; readonly evenRunning: boolean }
  | {
      readonly verb: 'keys';
      readonly organisation: string;
      readonly keys: TransportKeys;
      readonly next: TransportKeys | null;
      readonly opens: readonly string[];
    }
  | { readonly verb: 'upgrade'; readonly version: string; readonly files: readonly HostFile[] };

/** The two parts of host/ that are sent. */
export type EnrolScript = { readonly library: string; readonly script: string };

const MARK = 'HOLDFAST-PAYLOAD';
const LINE = /^[A-Za-z0-9._~/:@,+=-][A-Za-z0-9._~/:@,+= -]*$/;
const MOST_VALUE = 1_024;
const MOST_OPENS = 16_384;
const MOST_BYTES = 4 * 1024 * 1024;

/** Everything that goes to `sh -s` on a host. */
export function scriptFor({ library, script }: EnrolScript, payload: Payload): string {
  const text = `${library}\n${script}\nenrol <<'${MARK}'\n${formatPayload(payload)}${MARK}\n`;
  if (text.length > MOST_BYTES) {
    throw new Fault(
      'invalid',
      'invalid-enrolment',
      'the programs for a host are too big to send: look at what stands in the folder host of this release',
    );
  }
  return text;
}

export function formatPayload(payload: Payload): string {
  return ['holdfast-payload 1', ...bodyOf(payload), 'end', ''].join('\n');
}

function bodyOf(payload: Payload): readonly string[] {
  const verb = head('verb', payload.verb);
  switch (payload.verb) {
    case 'probe':
      return [verb];
    case 'install':
      return [
        verb,
        head('organisation', payload.organisation),
        head('control-plane', payload.controlPlane),
        ...keyHeads(payload.keys, null),
        head('version', payload.version),
        head('epoch', String(payload.epoch)),
        head('again', payload.again ? 'yes' : 'no'),
        head('runner-by', payload.runnerBy),
        head('groups', payload.groups.join(',') || '-'),
        ...opensHead(payload.opens),
        ...payload.files.flatMap(fileLines),
      ];
    case 'remove':
      return [
        verb,
        head('organisation', payload.organisation),
        head('epoch', payload.evenRunning ? '0' : '1'),
      ];
    case 'keys':
      return [
        verb,
        head('organisation', payload.organisation),
        ...keyHeads(payload.keys, payload.next),
        ...opensHead(payload.opens),
      ];
    case 'upgrade':
      return [verb, head('version', payload.version), ...payload.files.flatMap(fileLines)];
  }
}

function keyHeads(keys: TransportKeys, next: TransportKeys | null): readonly string[] {
  return [
    head('reader-key', keys.reader),
    ...(next === null ? [] : [head('reader-key-too', next.reader)]),
    head('runner-key', keys.runner),
    ...(next === null ? [] : [head('runner-key-too', next.runner)]),
  ];
}

function opensHead(opens: readonly string[]): readonly string[] {
  return opens.length === 0 ? [] : [head('opens', opens.join(' '), MOST_OPENS)];
}

function head(key: string, value: string, most = MOST_VALUE): string {
  if (LINE.test(value) && value.length <= most) return `${key} ${value}`;
  throw new Fault(
    'invalid',
    'invalid-enrolment',
    `cannot be sent to a host: ${key} holds what is not plain. Look at what this data directory says of it`,
  );
}

function fileLines({ name, mode, text }: HostFile): readonly string[] {
  const isFine = /^[a-z][a-z0-9.-]*$/.test(name) && text.endsWith('\n') && !text.includes('\0');
  if (!isFine) {
    throw new Fault(
      'invalid',
      'invalid-enrolment',
      `cannot be sent to a host: the file ${name.slice(0, 80)} is no text of whole lines. Look at the folder host of this release`,
    );
  }
  const lines = text.slice(0, -1).split('\n');
  return [
    `file ${mode} ${name} ${sha256(text)} ${lines.length}`,
    ...lines.map((line) => `|${encode(line)}`),
  ];
}

function encode(line: string): string {
  return Buffer.from(line)
    .toString('latin1')
    .replace(
      /[^A-Za-z0-9._~/:@,+=-]/g,
      (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
}
