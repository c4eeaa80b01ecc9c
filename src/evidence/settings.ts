/**
 * `evidence.yaml`: what makes the log known outside this machine, and for how long things are kept.
 *
 * Whoever can write this file can stop the log from being witnessed from then on, and nothing more:
 * keys and certificates in it are pins, and `verify` says which ones it went by.
 */
import { LIMITS } from '#base/limits';
import { type Fields, SettingsReader } from './settings-reader.ts';
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
