/**
 * `notices.yaml`: what is done by the clock, and who is told what. A notice says where a decision is made; it is never
 * one itself. Secrets are named by their files.
 */
import { LIMITS } from '#base/limits';
import { SEVERITIES, type Severity } from '#model';
import { readYaml, type Value, type Yaml } from '#strict-yaml';
import { parseWindow, type Window } from './window.ts';

export const JOBS = ['observe', 'scan', 'report'] as const;
export type Job = (typeof JOBS)[number];

export type Schedule = {
  readonly name: string;
  readonly job: Job;
  /** Which targets; `null`: every one. All that is given must fit. */
  readonly targets: readonly string[] | null;
  readonly tags: readonly string[] | null;
  readonly scopes: readonly string[] | null;
  /** What only a tool tells, looked at as well. */
  readonly kinds: readonly string[];
  readonly everySeconds: number;
  /** Each target begins at a moment of its own within this, the same every time. */
  readonly jitterSeconds: number;
  /** Only within; UTC. `null`: at any time. */
  readonly window: Window | null;
};

/** What a subscription is about. Break-glass is told to every one of them. */
export const ABOUT = ['findings', 'approvals', 'outcomes', 'stops', 'leases'] as const;
export type About = (typeof ABOUT)[number];

export type Subscription = {
  readonly name: string;
  readonly to:
    | {
        readonly kind: 'ntfy';
        /** The server; the topic is not part of it. */
        readonly url: string;
        readonly topic: string;
        readonly tokenFile: string | null;
        readonly caFile: string | null;
      }
    | {
        /** Whoever knows the address may write there: it is kept like a secret. */
        readonly kind: 'slack' | 'teams';
        readonly urlFile: string;
        readonly caFile: string | null;
      }
    | {
        readonly kind: 'webhook';
        readonly url: string;
        /** File of the secret, `whsec_` + base64; only ours. */
        readonly secretFile: string;
        /** File of PEM certificates that are trusted instead of the system's. */
        readonly caFile: string | null;
      }
    | {
        readonly kind: 'mail';
        readonly host: string;
        readonly port: number;
        /** TLS from the first byte, or STARTTLS that must succeed. */
        readonly tls: 'implicit' | 'starttls' | 'none';
        readonly user: string | null;
        readonly passwordFile: string | null;
        readonly from: string;
        readonly to: readonly string[];
        readonly caFile: string | null;
      };
  readonly about: readonly About[];
  /** Findings of this severity and above. */
  readonly severity: Severity;
  /** Also when a finding that was told is over. */
  readonly resolved: boolean;
  /** Also reports of schedules. */
  readonly reports: boolean;
  readonly scopes: readonly string[] | null;
};

export type NoticeSettings = {
  readonly schedules: readonly Schedule[];
  readonly subscriptions: readonly Subscription[];
};

export const NO_NOTICES: NoticeSettings = { schedules: [], subscriptions: [] };

const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;
const SCOPE = /^[a-z0-9][a-z0-9._-]*\/[a-z0-9][a-z0-9._-]*$/;
const FILE = /^[A-Za-z0-9/][A-Za-z0-9._/-]{0,199}$/;
const HOST = /^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/;
const ADDRESS = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/;
const DURATION = /^([1-9][0-9]{0,5})(s|m|h|d)$/;
const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const MOST = { schedules: 64, subscriptions: 32, recipients: 20 } as const;
const SHORTEST_SECONDS = 30;
const LONGEST_SECONDS = 366 * 86_400;

/** Throws `invalid-notices` with every problem as `file:line:column: …`. */
export function parseNotices(text: string, file: string): NoticeSettings {
  return readYaml(text, { file, code: 'invalid-notices', what: 'notices' }, (yaml, root) => {
    const record = yaml.record(root, 'the file', ['version', 'schedules', 'notices'], ['version']);
    if (record.version !== undefined && yaml.whole(record.version, 'version', 1, 1) !== 1)
      yaml.problem(record.version.at, 'version must be 1: nothing else is known');
    return {
      schedules: each(yaml, record.schedules, 'schedules', MOST.schedules, readSchedule),
      subscriptions: each(yaml, record.notices, 'notices', MOST.subscriptions, readSubscription),
    };
  });
}

function each<T extends { readonly name: string }>(
  yaml: Yaml,
  value: Value | undefined,
  what: string,
  most: number,
  read: (yaml: Yaml, item: Value) => T | undefined,
): readonly T[] {
  const items = yaml.list(value, what);
  if (items.length > most && value !== undefined)
    yaml.problem(value.at, `${what} are more than ${most}: leave some out`);
  const made: T[] = [];
  for (const item of items.slice(0, most)) {
    const one = read(yaml, item);
    if (one === undefined) continue;
    if (made.some(({ name }) => name === one.name))
      yaml.problem(item.at, `two of ${what} have one name: give each its own`);
    made.push(one);
  }
  return made;
}

const SCHEDULE_KEYS = [
  'name',
  'do',
  'targets',
  'tags',
  'scopes',
  'kinds',
  'every',
  'jitter',
  'window',
] as const;

function readSchedule(yaml: Yaml, item: Value): Schedule | undefined {
  const record = yaml.record(item, 'a schedule', SCHEDULE_KEYS, ['name', 'do', 'every']);
  const name = yaml.textThat(record.name, 'name', NAME, 'nightly');
  const job = yaml.oneOf(record.do, 'do', JOBS);
  const every = duration(yaml, record.every, 'every');
  const jitter = duration(yaml, record.jitter, 'jitter') ?? 0;
  if (every !== null && every < SHORTEST_SECONDS && record.every !== undefined)
    yaml.problem(record.every.at, `every is shorter than ${SHORTEST_SECONDS}s: look less often`);
  if (every !== null && jitter > every && record.jitter !== undefined)
    yaml.problem(record.jitter.at, 'jitter is longer than every: make it shorter');
  if (job !== null && job !== 'observe' && record.kinds !== undefined)
    yaml.problem(record.kinds.at, 'kinds are of do: observe: leave them out');
  if (name === null || job === null || every === null) return undefined;
  return {
    name,
    job,
    targets: texts(yaml, record.targets, 'targets', /^[^\s*]{1,128}$/, 'host:web-1'),
    tags: texts(yaml, record.tags, 'tags', /^\S{1,128}$/, 'web'),
    scopes: texts(yaml, record.scopes, 'scopes', SCOPE, 'main/main'),
    kinds: texts(yaml, record.kinds, 'kinds', /^[a-z_]{1,40}$/, 'playbook') ?? [],
    everySeconds: every,
    jitterSeconds: jitter,
    window: record.window === undefined ? null : windowOf(yaml, record.window),
  };
}

function windowOf(yaml: Yaml, value: Value): Window | null {
  const text = yaml.text(value, 'window');
  const found = text === null ? undefined : parseWindow(text);
  if (text !== null && found === undefined)
    yaml.problem(value.at, 'window must be two times of day, UTC: write it like "01:00-05:00"');
  return found ?? null;
}

function readSubscription(yaml: Yaml, item: Value): Subscription | undefined {
  const record = yaml.record(
    item,
    'a notice',
    ['name', ...KINDS, 'about', 'severity', 'resolved', 'reports', 'scopes'],
    ['name'],
  );
  const name = yaml.textThat(record.name, 'name', NAME, 'ops');
  const [kind, second] = KINDS.filter((each) => record[each] !== undefined);
  if (kind === undefined || second !== undefined)
    yaml.problem(item.at, `a notice goes to one place: give one of ${KINDS.join(', ')}`);
  const place = kind === undefined ? undefined : record[kind];
  const to = kind === undefined || place === undefined ? undefined : readPlace(yaml, kind, place);
  const about = yaml
    .list(record.about, 'about')
    .flatMap((each) => yaml.oneOf(each, 'an item of about', ABOUT) ?? []);
  if (record.about !== undefined && about.length === 0)
    yaml.problem(record.about.at, 'about is empty: leave the key out for findings');
  if (name === null || to === undefined) return undefined;
  return {
    name,
    to,
    about: record.about === undefined ? ['findings'] : about,
    severity: yaml.oneOf(record.severity, 'severity', SEVERITIES) ?? 'critical',
    resolved: yaml.flag(record.resolved, 'resolved'),
    reports: yaml.flag(record.reports, 'reports'),
    scopes: texts(yaml, record.scopes, 'scopes', SCOPE, 'main/main'),
  };
}

const KINDS = ['webhook', 'mail', 'ntfy', 'slack', 'teams'] as const;

function readPlace(
  yaml: Yaml,
  kind: (typeof KINDS)[number],
  value: Value,
): Subscription['to'] | undefined {
  switch (kind) {
    case 'webhook':
      return readWebhook(yaml, value);
    case 'mail':
      return readMail(yaml, value);
    case 'ntfy':
      return readNtfy(yaml, value);
    case 'slack':
    case 'teams':
      return readChat(yaml, kind, value);
  }
}

function readNtfy(yaml: Yaml, value: Value): Subscription['to'] | undefined {
  const record = yaml.record(
    value,
    'ntfy',
    ['url', 'topic', 'tokenFile', 'caFile'],
    ['url', 'topic'],
  );
  const url = yaml.textThat(
    record.url,
    'url',
    /^https?:\/\/[A-Za-z0-9.:[\]-]+\/?$/,
    'https://ntfy.example, without the topic',
  );
  if (url?.startsWith('http://') === true && !isLoopback(url) && record.url !== undefined)
    yaml.problem(record.url.at, 'url must be https, but on this machine: use https');
  const topic = yaml.textThat(record.topic, 'topic', /^[A-Za-z0-9_-]{1,64}$/, 'holdfast-ops');
  const tokenFile = yaml.textThat(record.tokenFile, 'tokenFile', FILE, 'keys/ntfy');
  const caFile = yaml.textThat(record.caFile, 'caFile', FILE, '/etc/ssl/own.pem');
  return url === null || topic === null
    ? undefined
    : { kind: 'ntfy', url, topic, tokenFile, caFile };
}

function readChat(
  yaml: Yaml,
  kind: 'slack' | 'teams',
  value: Value,
): Subscription['to'] | undefined {
  const record = yaml.record(value, kind, ['urlFile', 'caFile'], ['urlFile']);
  const urlFile = yaml.textThat(record.urlFile, 'urlFile', FILE, `keys/${kind}`);
  const caFile = yaml.textThat(record.caFile, 'caFile', FILE, '/etc/ssl/own.pem');
  return urlFile === null ? undefined : { kind, urlFile, caFile };
}

function readWebhook(yaml: Yaml, value: Value): Subscription['to'] | undefined {
  const record = yaml.record(
    value,
    'webhook',
    ['url', 'secretFile', 'caFile'],
    ['url', 'secretFile'],
  );
  const url = yaml.textThat(
    record.url,
    'url',
    /^https?:\/\/\S+$/,
    'https://hooks.example/holdfast',
  );
  if (url?.startsWith('http://') === true && !isLoopback(url) && record.url !== undefined)
    yaml.problem(record.url.at, 'url must be https, but on this machine: use https');
  const secretFile = yaml.textThat(record.secretFile, 'secretFile', FILE, 'keys/webhook-ops');
  const caFile = yaml.textThat(record.caFile, 'caFile', FILE, '/etc/ssl/own.pem');
  return url === null || secretFile === null
    ? undefined
    : { kind: 'webhook', url, secretFile, caFile };
}

function isLoopback(url: string): boolean {
  return /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(?::[0-9]+)?(?:\/|$)/.test(url);
}

function readMail(yaml: Yaml, value: Value): Subscription['to'] | undefined {
  const record = yaml.record(
    value,
    'mail',
    ['host', 'port', 'tls', 'user', 'passwordFile', 'from', 'to', 'caFile'],
    ['host', 'from', 'to'],
  );
  const host = yaml.textThat(record.host, 'host', HOST, 'mail.example');
  const tls = yaml.oneOf(record.tls, 'tls', ['implicit', 'starttls', 'none']) ?? 'starttls';
  if (tls === 'none' && record.user !== undefined)
    yaml.problem(record.user.at, 'a password is sent over TLS only: use tls: starttls');
  const user = yaml.textThat(record.user, 'user', /^[\x21-\x7e]{1,128}$/, 'holdfast');
  const passwordFile = yaml.textThat(record.passwordFile, 'passwordFile', FILE, 'keys/mail');
  if ((user === null) !== (passwordFile === null))
    yaml.problem(value.at, 'user and passwordFile belong together: give both, or none');
  const from = yaml.textThat(record.from, 'from', ADDRESS, 'holdfast@example.org');
  const to = texts(yaml, record.to, 'to', ADDRESS, 'ops@example.org') ?? [];
  if (to.length > MOST.recipients && record.to !== undefined)
    yaml.problem(
      record.to.at,
      `to has more than ${MOST.recipients} addresses: use a list of your own`,
    );
  const caFile = yaml.textThat(record.caFile, 'caFile', FILE, '/etc/ssl/own.pem');
  if (host === null || from === null || to.length === 0) return undefined;
  const port = yaml.whole(record.port, 'port', tls === 'implicit' ? 465 : 587, 65_535);
  return { kind: 'mail', host, port, tls, user, passwordFile, from, to, caFile };
}

function texts(
  yaml: Yaml,
  value: Value | undefined,
  what: string,
  form: RegExp,
  like: string,
): readonly string[] | null {
  if (value === undefined) return null;
  const items = yaml.list(value, what);
  if (items.length === 0) yaml.problem(value.at, `${what} is empty: leave the key out for all`);
  return items
    .slice(0, LIMITS.queryDefault)
    .flatMap((item) => yaml.textThat(item, `an item of ${what}`, form, like) ?? []);
}

function duration(yaml: Yaml, value: Value | undefined, what: string): number | null {
  const text = yaml.textThat(value, what, DURATION, '15m');
  const [, count = '0', unit = 's'] = text === null ? [] : (DURATION.exec(text) ?? []);
  if (text === null || value === undefined) return null;
  const seconds = Number(count) * SECONDS[unit as keyof typeof SECONDS];
  if (seconds <= LONGEST_SECONDS) return seconds;
  yaml.problem(value.at, `${what} is longer than a year: make it shorter`);
  return null;
}
