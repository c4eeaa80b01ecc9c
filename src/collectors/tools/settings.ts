/**
 * `collectors.yaml`: which tools beside our own collectors tell of which targets, where their reports are
 * found, how often they are read, and how old they may be. It holds no secret, only paths of files that do.
 */
import { show } from '#base/nearest';
import { entityProblem, HOST_TYPES, type HostType, keyOf, type Target } from '#model';
import { type Keys, readYaml, type Value, type Yaml } from '#strict-yaml';

export const TOOLS = [
  'aide',
  'openscap',
  'lynis',
  'cis-evidence',
  'osquery',
  'node-exporter',
  'winrm',
] as const;
export type ToolName = (typeof TOOLS)[number];

export type ToolPlace =
  /** On the target, read by its reader. */
  | { readonly kind: 'file'; readonly path: string }
  /** On the machine Holdfast runs on; `{host}` in it is the key of the target. */
  | { readonly kind: 'here'; readonly path: string }
  /** The tool itself is asked on the target, through its reader. */
  | { readonly kind: 'ask' }
  /** At the address that the inventory has for the target, and nowhere else. */
  | {
      readonly kind: 'scrape';
      readonly scheme: 'http' | 'https';
      readonly port: number;
      readonly caFile: string | null;
    }
  | {
      readonly kind: 'winrm';
      readonly port: number;
      /** A private file: the account on its first line, the password on its second. */
      readonly credentials: string;
      readonly caFile: string | null;
    };

export type ToolSettings = {
  readonly collector: ToolName;
  /** Empty lists ask nothing; of those that do, all must hold. */
  readonly targets: readonly string[];
  readonly tags: readonly string[];
  readonly hostTypes: readonly HostType[];
  readonly place: ToolPlace;
  readonly everySeconds: number;
  readonly maxAgeSeconds: number;
  readonly at: string;
};

const MOST = 256;
const MINUTE = 60;
const DAY = 86_400;
const PATH = /^\/(?!(?:.*\/)?\.{1,2}(?:\/|$))(?!.*\/\/)[A-Za-z0-9._/+,=@:-]{1,500}$/;
const HERE = /^\/(?!(?:.*\/)?\.{1,2}(?:\/|$))(?!.*\/\/)[A-Za-z0-9._/+,=@:{}-]{1,500}$/;
const TAG = /^[A-Za-z0-9][A-Za-z0-9._:/=-]{0,63}$/;
const DURATION = /^[1-9]\d{0,5}[smhd]$/;
const UNITS: Readonly<Record<string, number>> = { s: 1, m: MINUTE, h: 3_600, d: DAY };
const PLACES = ['file', 'here', 'port', 'scheme', 'caFile', 'credentials'] as const;
const KEYS = ['collector', 'targets', 'tags', 'hostTypes', 'every', 'maxAge', ...PLACES] as const;
type Given = Keys<(typeof KEYS)[number]>;

/** What each tool takes besides whom it is about and how often. */
const TAKES: Readonly<Record<ToolName, readonly (typeof PLACES)[number][]>> = {
  aide: ['file', 'here'],
  openscap: ['file', 'here'],
  lynis: ['file', 'here'],
  'cis-evidence': ['file', 'here'],
  osquery: ['file', 'here'],
  'node-exporter': ['port', 'scheme', 'caFile'],
  winrm: ['port', 'credentials', 'caFile'],
};

/** Reads the file, or throws `invalid-collectors` with every problem and its place. */
export function readToolSettings(text: string, file: string): readonly ToolSettings[] {
  const named = { file, code: 'invalid-collectors', what: 'collectors' };
  return readYaml(text, named, (yaml, root) => {
    const record = yaml.record(root, file, ['version', 'collectors'], ['version']);
    if (record.version !== undefined && yaml.whole(record.version, 'version', 0, 1) !== 1)
      yaml.problem(record.version.at, 'version must be 1: this is the only form there is');
    const list = yaml.list(record.collectors, 'collectors');
    if (list.length > MOST)
      yaml.problem(root.at, `collectors has more than ${MOST} items: take some out`);
    return list.slice(0, MOST).flatMap((each) => readOne(yaml, each, file) ?? []);
  });
}

/** The entry that counts for a tool and a target is the first that fits: two would each retire what the other tells. */
export function toolsFor(all: readonly ToolSettings[], target: Target): readonly ToolSettings[] {
  const seen = new Set<ToolName>();
  return all.filter((each) => {
    if (seen.has(each.collector) || !fits(each, target)) return false;
    seen.add(each.collector);
    return true;
  });
}

function fits({ targets, tags, hostTypes }: ToolSettings, target: Target): boolean {
  return (
    (targets.length === 0 || targets.includes(target.id)) &&
    (tags.length === 0 || tags.some((tag) => target.tags.includes(tag))) &&
    (hostTypes.length === 0 || hostTypes.includes(target.hostType))
  );
}

function readOne(yaml: Yaml, value: Value, file: string): ToolSettings | null {
  const given = yaml.record(value, 'a collector', KEYS, ['collector']);
  const collector = yaml.oneOf(given.collector, 'collector', TOOLS);
  const targets = yaml.list(given.targets, 'targets').flatMap((each) => target(yaml, each) ?? []);
  const tags = yaml
    .list(given.tags, 'tags')
    .flatMap((each) => yaml.textThat(each, 'a tag', TAG, 'role:web') ?? []);
  const hostTypes = yaml
    .list(given.hostTypes, 'hostTypes')
    .flatMap((each) => yaml.oneOf(each, 'a host type', HOST_TYPES) ?? []);
  for (const [name, list] of Object.entries({ targets, tags, hostTypes })) {
    const selector = given[name as 'targets' | 'tags' | 'hostTypes'];
    if (selector !== undefined && list.length === 0 && yaml.problems.length === 0)
      yaml.problem(selector.at, `${name} is empty: name some, or leave it out for every target`);
  }
  if (collector === null) return null;
  for (const key of PLACES) {
    const extra = given[key];
    if (extra !== undefined && !TAKES[collector].includes(key))
      yaml.problem(extra.at, `${collector} takes no ${key}: leave it out`);
  }
  const place = readPlace(yaml, value, collector, given, targets.length === 1);
  const isLive = place?.kind === 'scrape' || place?.kind === 'winrm' || place?.kind === 'ask';
  const everySeconds = duration(yaml, given.every, 'every', isLive ? 5 * MINUTE : 3_600);
  const maxAgeSeconds = duration(yaml, given.maxAge, 'maxAge', isLive ? 10 * MINUTE : 26 * 3_600);
  if (place === null) return null;
  const at = `${file}:${yaml.lineOf(value.at)}`;
  return { collector, targets, tags, hostTypes, place, everySeconds, maxAgeSeconds, at };
}

function readPlace(
  yaml: Yaml,
  value: Value,
  collector: ToolName,
  given: Given,
  isOfOne: boolean,
): ToolPlace | null {
  const caFile = yaml.textThat(given.caFile, 'caFile', PATH, '/etc/holdfast/ca.crt');
  switch (collector) {
    case 'node-exporter': {
      const scheme = yaml.oneOf(given.scheme, 'scheme', ['http', 'https'] as const) ?? 'http';
      if (scheme === 'http' && given.caFile !== undefined)
        yaml.problem(given.caFile.at, 'caFile means nothing over http: set scheme: https');
      return { kind: 'scrape', scheme, port: port(yaml, given.port, 9_100), caFile };
    }
    case 'winrm': {
      const path = yaml.textThat(given.credentials, 'credentials', PATH, '/etc/holdfast/winrm');
      if (given.credentials === undefined)
        yaml.problem(value.at, 'credentials is missing in a collector of winrm: name its file');
      if (path === null) return null;
      return { kind: 'winrm', port: port(yaml, given.port, 5_986), credentials: path, caFile };
    }
    case 'osquery':
      if (given.file === undefined && given.here === undefined) return { kind: 'ask' };
      return readFile(yaml, value, given, isOfOne);
    case 'aide':
    case 'openscap':
    case 'lynis':
    case 'cis-evidence':
      return readFile(yaml, value, given, isOfOne);
  }
}

function readFile(yaml: Yaml, value: Value, given: Given, isOfOne: boolean): ToolPlace | null {
  const { file, here } = given;
  if ((file === undefined) === (here === undefined)) {
    yaml.problem(value.at, 'a collector must have exactly one of file, here: give its path');
    return null;
  }
  if (file !== undefined) {
    const path = yaml.textThat(file, 'file', PATH, '/var/log/aide/aide.log');
    return path === null ? null : { kind: 'file', path };
  }
  const path = yaml.textThat(here, 'here', HERE, '/srv/reports/{host}.json');
  if (path === null || here === undefined) return null;
  if (/[{}]/.test(path.replaceAll('{host}', '')))
    yaml.problem(here.at, 'here has braces that mean nothing: only {host} is put in');
  if (!path.includes('{host}') && !isOfOne)
    yaml.problem(here.at, 'here is one file for many targets: put {host} into its path');
  return { kind: 'here', path };
}

/** A path on this machine for one target. */
export function hereOf(path: string, target: Pick<Target, 'id'>): string {
  return path.replaceAll('{host}', keyOf(target.id));
}

function target(yaml: Yaml, value: Value): string | null {
  const id = yaml.text(value, 'a target');
  const problem = id === null ? undefined : entityProblem(id);
  if (id === null || problem === undefined) return id;
  yaml.problem(value.at, `target ${show(id)} ${problem}: write it as it stands in fleet.yaml`);
  return null;
}

function port(yaml: Yaml, value: Value | undefined, otherwise: number): number {
  const number = yaml.whole(value, 'port', otherwise, 65_535);
  if (value !== undefined && number === 0)
    yaml.problem(value.at, 'port must not be 0: give the one that the exporter listens on');
  return number;
}

function duration(yaml: Yaml, value: Value | undefined, what: string, otherwise: number): number {
  const text = yaml.textThat(value, what, DURATION, '5m, 26h or 7d');
  if (value === undefined || text === null) return otherwise;
  const seconds = Number(text.slice(0, -1)) * (UNITS[text.slice(-1)] ?? 1);
  if (seconds >= MINUTE && seconds <= 90 * DAY) return seconds;
  yaml.problem(value.at, `${what} must be between 60s and 90d: correct it`);
  return otherwise;
}
