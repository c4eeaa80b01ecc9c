/** Reads what the Windows script printed: one JSON object in its one form. Rows are checked where they are used. */
import { Fault } from '#base/fault';
import { decode } from '../reading.ts';

export const WINDOWS_BYTES = 8 * 1024 * 1024;
const ROWS = 20_000;

export type Row = Readonly<Record<string, unknown>>;

export type WindowsAnswer = {
  /** Rows of a part, or why there are none. */
  part(name: string): readonly Row[] | { readonly missing: string };
};

/** Throws `windows-malformed`. */
export function parseWindowsAnswer(bytes: Uint8Array): WindowsAnswer {
  if (bytes.length > WINDOWS_BYTES) throw malformed('it is too big');
  const answer = objectIn(
    decode(bytes)
      .replace(/^\uFEFF/, '')
      .trim(),
  );
  if (answer?.['format'] !== 'holdfast-windows 1' || answer['end'] !== true)
    throw malformed('it does not say that it is one, whole');
  const parts = asRow(answer['parts']);
  const failed = asRow(answer['failed']);
  if (parts === undefined || failed === undefined) throw malformed('parts are missing');
  return {
    part: (name) => {
      const rows = own(parts, name);
      if (rows === undefined) {
        const why = own(failed, name);
        const said = typeof why === 'string' && /^[A-Za-z0-9_.]{1,80}$/.test(why) ? why : 'failed';
        return { missing: `${name}: ${said}` };
      }
      if (!Array.isArray(rows) || rows.length > ROWS) return { missing: `${name}: is no list` };
      const read: Row[] = [];
      for (const each of rows as readonly unknown[]) {
        const row = asRow(each);
        if (row !== undefined) read.push(row);
      }
      return read.length === rows.length ? read : { missing: `${name}: a row is none` };
    },
  };
}

function own(row: Row, name: string): unknown {
  return Object.hasOwn(row, name) ? row[name] : undefined;
}

function asRow(value: unknown): Row | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Row)
    : undefined;
}

function objectIn(text: string): Row | undefined {
  try {
    return asRow(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function malformed(what: string): Fault {
  const message = `answer of the Windows host is not in its one form: ${what}. Look at what its PowerShell prints when it starts`;
  return new Fault('invalid', 'windows-malformed', message);
}

/** Text of a row; `undefined` when it is absent, empty or no text. */
export function textOf(row: Row, name: string): string | undefined {
  const value = own(row, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function numberOf(row: Row, name: string): number | undefined {
  const value = own(row, name);
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

export function flagOf(row: Row, name: string): boolean | undefined {
  const value = own(row, name);
  return typeof value === 'boolean' ? value : undefined;
}

export function textsOf(row: Row, name: string): string[] {
  const value = own(row, name);
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return all.filter((each) => typeof each === 'string').toSorted();
}
