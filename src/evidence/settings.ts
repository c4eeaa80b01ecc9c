/**
 * `evidence.yaml`: what makes the log known outside this machine, and for how long things are kept.
 *
 * Whoever can write this file can stop the log from being witnessed from then on, and nothing more:
 * keys and certificates in it are pins, and `verify` says which ones it went by.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import { Fault } from '#base/fault';
import { LIMITS } from '#base/limits';
import { parseWitnessKey } from './witness/cosignature.ts';

export type EvidenceSettings = {
  readonly timestamp: {
    readonly url: string;
    /** Path of the PEM file that is pinned. */
    readonly certificate: string;
    readonly policy: string | null;
    /** At most one stamp in this time. */
    readonly everySeconds: number;
  } | null;
  readonly witnesses: readonly {
    readonly name: string;
    readonly url: string;
    readonly key: string;
  }[];
  /** Path of a file outside the data directory that gets every checkpoint. */
  readonly anchor: string | null;
  /** A checkpoint older than this that is not stamped or cosigned where it should be is a problem. */
  readonly lateAfterSeconds: number;
  /** Days that sealed outputs are kept; `null`: for ever. The log itself is kept whole. */
  readonly retention: { readonly outputDays: number | null };
  readonly syslog: {
    readonly protocol: 'udp' | 'tcp' | 'tls';
    readonly host: string;
    readonly port: number;
    readonly facility: number;
  } | null;
  readonly checkpoint: { readonly everyEvents: number; readonly everySeconds: number };
};

const TIMESTAMP_EVERY_SECONDS = 600;
const LATE_AFTER_SECONDS = 86_400;
const BYTES_MOST = 256 * 1024;
const WITNESSES_MOST = 16;
const LOCAL0 = 16;

export const DEFAULT_EVIDENCE_SETTINGS: EvidenceSettings = {
  timestamp: null,
  witnesses: [],
  anchor: null,
  lateAfterSeconds: LATE_AFTER_SECONDS,
  retention: { outputDays: null },
  syslog: null,
  checkpoint: {
    everyEvents: LIMITS.checkpointEveryEvents,
    everySeconds: LIMITS.checkpointEveryMs / 1_000,
  },
};

const ROOT = [
  'version',
  'timestamp',
  'witnesses',
  'anchor',
  'lateAfterSeconds',
  'retention',
  'syslog',
  'checkpoint',
] as const;

/** Reads the settings, or throws `invalid-evidence-settings` with every problem as `file:line: …`. */
export function parseEvidenceSettings(text: string, file = 'evidence.yaml'): EvidenceSettings {
  const read = new SettingsReader(file);
  const root = read.open(text, ROOT);
  const version = read.number(root, 'version', 1, 1);
  if (version === undefined && read.isSound)
    read.problem(undefined, 'version is missing: begin with "version: 1"');
  const settings = {
    timestamp: readTimestamp(read, root),
    witnesses: readWitnesses(read, root),
    anchor: read.path(root, 'anchor') ?? null,
    lateAfterSeconds: read.number(root, 'lateAfterSeconds', 60, 31_536_000) ?? LATE_AFTER_SECONDS,
    retention: readRetention(read, root),
    syslog: readSyslog(read, root),
    checkpoint: readCheckpoint(read, root),
  };
  read.end();
  return settings;
}

function readTimestamp(read: SettingsReader, root: Fields): EvidenceSettings['timestamp'] {
  const fields = read.mapping(root, 'timestamp', ['url', 'certificate', 'policy', 'everySeconds']);
  if (fields === undefined) return null;
  return {
    url: read.url(fields, 'url') ?? '',
    certificate: read.path(fields, 'certificate') ?? read.missing(fields, 'certificate'),
    policy:
      read.text(fields, 'policy', /^[0-2](\.(0|[1-9]\d{0,12})){1,31}$/, 'dotted numbers') ?? null,
    everySeconds: read.number(fields, 'everySeconds', 1, 86_400) ?? TIMESTAMP_EVERY_SECONDS,
  };
}

function readWitnesses(read: SettingsReader, root: Fields): EvidenceSettings['witnesses'] {
  const found: EvidenceSettings['witnesses'][number][] = [];
  for (const fields of read.mappings(root, 'witnesses', ['name', 'url', 'key'], WITNESSES_MOST)) {
    const name =
      read.text(fields, 'name', /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits and . _ -') ??
      read.missing(fields, 'name');
    const url = read.url(fields, 'url') ?? '';
    const key = read.text(fields, 'key', /^\S{1,400}$/, 'one word') ?? read.missing(fields, 'key');
    if (key !== '' && parseWitnessKey(key) === undefined) {
      read.problem(fields.get('key')?.node, 'key is not the verifier key of a witness');
    }
    if (name !== '' && found.some((one) => one.name === name || one.key === key)) {
      read.problem(fields.get('name')?.node, 'a witness stands twice');
    }
    found.push({ name, url, key });
  }
  return found;
}

function readRetention(read: SettingsReader, root: Fields): EvidenceSettings['retention'] {
  const fields = read.mapping(root, 'retention', ['outputDays']);
  if (fields === undefined) return { outputDays: null };
  return { outputDays: read.number(fields, 'outputDays', 1, 36_500) ?? null };
}

function readSyslog(read: SettingsReader, root: Fields): EvidenceSettings['syslog'] {
  const fields = read.mapping(root, 'syslog', ['protocol', 'host', 'port', 'facility']);
  if (fields === undefined) return null;
  const protocol = read.text(fields, 'protocol', /^(udp|tcp|tls)$/, 'udp, tcp or tls') ?? 'tls';
  return {
    protocol: protocol as 'udp' | 'tcp' | 'tls',
    host:
      read.text(fields, 'host', /^[A-Za-z0-9:.-]{1,253}$/, 'a name or an address') ??
      read.missing(fields, 'host'),
    port: read.number(fields, 'port', 1, 65_535) ?? (protocol === 'tls' ? 6_514 : 514),
    facility: read.number(fields, 'facility', 0, 23) ?? LOCAL0,
  };
}

function readCheckpoint(read: SettingsReader, root: Fields): EvidenceSettings['checkpoint'] {
  const standard = DEFAULT_EVIDENCE_SETTINGS.checkpoint;
  const fields = read.mapping(root, 'checkpoint', ['everyEvents', 'everySeconds']);
  if (fields === undefined) return standard;
  return {
    everyEvents: read.number(fields, 'everyEvents', 1, 65_536) ?? standard.everyEvents,
    everySeconds: read.number(fields, 'everySeconds', 1, 86_400) ?? standard.everySeconds,
  };
}

type Fields = Map<string, { readonly node: Node | null; readonly key: Node }>;

/** Collects every problem with its line instead of stopping; follows no alias, obeys no tag. */
class SettingsReader {
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #problems: { readonly line: number; readonly what: string }[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  get isSound(): boolean {
    return this.#problems.length === 0;
  }

  open(text: string, known: readonly string[]): Fields {
    if (Buffer.byteLength(text) > BYTES_MOST) {
      this.problem(undefined, `the file is larger than ${BYTES_MOST} bytes`);
      this.end();
    }
    const document: Document.Parsed = parseDocument(text, {
      strict: true,
      uniqueKeys: false,
      version: '1.2',
      schema: 'core',
      merge: false,
      prettyErrors: false,
      lineCounter: this.#lines,
    });
    for (const { pos, code } of [...document.errors, ...document.warnings].slice(0, 20)) {
      this.#at(pos[0], `not YAML that is accepted: ${code.toLowerCase().replaceAll('_', ' ')}`);
    }
    if (document.directives.yaml.explicit === true)
      this.problem(undefined, 'directives are not accepted');
    this.end();
    return this.#fields(document.contents, 'the file', known) ?? new Map();
  }

  problem(node: Node | null | undefined, what: string): void {
    this.#at(node?.range?.[0] ?? 0, what);
  }

  #at(offset: number, what: string): void {
    this.#problems.push({ line: Math.max(1, this.#lines.linePos(offset).line), what });
  }

  end(): void {
    if (this.#problems.length === 0) return;
    const lines = this.#problems
      .toSorted((a, b) => a.line - b.line)
      .slice(0, 50)
      .map(({ line, what }) => `${this.#file}:${line}: ${what}`);
    throw new Fault(
      'invalid',
      'invalid-evidence-settings',
      `the evidence settings are not valid: correct and try again:\n${lines.join('\n')}`,
      { facts: { file: this.#file, problems: lines } },
    );
  }

  #fields(node: Node | null, what: string, known: readonly string[]): Fields | undefined {
    if (node !== null && isScalar(node) && node.value === null) return new Map();
    if (node === null) return new Map();
    if (!isMap(node) || node.tag !== undefined) {
      this.problem(node, `${what} must be a mapping of keys`);
      return undefined;
    }
    const fields: Fields = new Map();
    for (const pair of node.items) {
      const key = pair.key as Node;
      const name = isScalar(key) && typeof key.value === 'string' ? key.value : '';
      if (!known.includes(name))
        this.problem(key, `a key of ${what} is not known: accepted are ${known.join(', ')}`);
      else if (fields.has(name)) this.problem(key, `${name} stands twice`);
      else fields.set(name, { node: pair.value as Node | null, key });
    }
    return fields;
  }

  mapping(fields: Fields, name: string, known: readonly string[]): Fields | undefined {
    const found = fields.get(name);
    return found === undefined ? undefined : this.#fields(found.node, name, known);
  }

  mappings(fields: Fields, name: string, known: readonly string[], most: number): Fields[] {
    const found = fields.get(name);
    if (found === undefined) return [];
    const { node } = found;
    if (!isSeq(node) || node.tag !== undefined || node.items.length > most) {
      this.problem(found.key, `${name} must be a list of at most ${most}`);
      return [];
    }
    return node.items.flatMap((item) => this.#fields(item as Node | null, name, known) ?? []);
  }

  #scalar(fields: Fields, name: string): unknown {
    const found = fields.get(name);
    if (found === undefined) return undefined;
    const { node, key } = found;
    if (!isScalar(node) || isAlias(node) || node.tag !== undefined || node.value === null) {
      this.problem(key, `${name} must be a plain value`);
      return undefined;
    }
    return node.value;
  }

  /** Says that something is missing, unless it was there and already found wrong. */
  missing(fields: Fields, name: string): string {
    if (!fields.has(name)) {
      const [first] = fields.values();
      this.problem(first?.key, `${name} is missing`);
    }
    return '';
  }

  text(fields: Fields, name: string, form: RegExp, what: string): string | undefined {
    const value = this.#scalar(fields, name);
    if (value === undefined) return undefined;
    if (typeof value === 'string' && form.test(value)) return value;
    this.problem(
      fields.get(name)?.key,
      `${name} must be ${what}, in quotes where it looks like a number`,
    );
    return undefined;
  }

  path(fields: Fields, name: string): string | undefined {
    return this.text(fields, name, /^\/[^\p{C}\p{Zl}\p{Zp}]{1,1023}$/u, 'an absolute path');
  }

  url(fields: Fields, name: string): string | undefined {
    const text = this.text(
      fields,
      name,
      /^https?:\/\/[\x21-\x7e]{1,1024}$/,
      'an http:// or https:// address',
    );
    if (text === undefined) {
      this.missing(fields, name);
      return undefined;
    }
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.username === '' && url.password === '' && url.hash === '') return text;
    this.problem(
      fields.get(name)?.key,
      `${name} must be an address without user, password and fragment`,
    );
    return undefined;
  }

  number(fields: Fields, name: string, least: number, most: number): number | undefined {
    const value = this.#scalar(fields, name);
    if (value === undefined) return undefined;
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) {
      return value as number;
    }
    this.problem(fields.get(name)?.key, `${name} must be a whole number from ${least} to ${most}`);
    return undefined;
  }
}
