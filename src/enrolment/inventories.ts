/**
 * Hosts out of what people have already: an Ansible inventory (ini), an ssh_config, or a table (csv). Read
 * strictly: what is not understood is told with its line, and nothing is guessed.
 */
import { Fault } from '#base/fault';

export type Listed = {
  /** Becomes `host:<name>`. */
  readonly name: string;
  readonly address: string;
  readonly port: number | null;
  readonly user: string | null;
  /** Groups of an ini, tags of a table. */
  readonly tags: readonly string[];
  /** The name by which the operator's own ssh knows it, where the source is an ssh_config. */
  readonly alias: string | null;
};

export type InventoryForm = 'ini' | 'ssh_config' | 'csv';

const MOST_BYTES = 4 * 1024 * 1024;
const MOST_HOSTS = 5_000;
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62})$/;
const ADDRESS = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})|[0-9A-Fa-f:.]{2,45})$/;
const USER = /^[a-z_][a-z0-9_.-]{0,31}$/i;
const TAG = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** By its name, then by how it begins. */
export function formOf(path: string, text: string): InventoryForm {
  if (/\.csv$/i.test(path)) return 'csv';
  if (/\.ini$/i.test(path)) return 'ini';
  if (/(?:^|\/)(?:ssh_)?config$/i.test(path) || /^\s*(?:Host|Match|Include)\s/im.test(text))
    return 'ssh_config';
  return /^\s*name\s*,/i.test(text) ? 'csv' : 'ini';
}

/** Throws `invalid-hosts` with every line that is not understood. */
export function readHosts(form: InventoryForm, text: string): readonly Listed[] {
  if (text.length > MOST_BYTES) throw invalid(['it is larger than 4 MiB']);
  const problems: string[] = [];
  const problem = (line: number, says: string): void => void problems.push(`line ${line}: ${says}`);
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const found = read(form, lines, problem);
  const hosts: Listed[] = [];
  const names = new Set<string>();
  for (const { line, ...host } of found) {
    const why = whyNot(host);
    if (why !== undefined) problem(line, why);
    else if (!names.has(host.name)) hosts.push(host);
    names.add(host.name);
  }
  if (hosts.length > MOST_HOSTS) problems.push(`it names more than ${MOST_HOSTS} hosts`);
  if (hosts.length === 0 && problems.length === 0) problems.push('it names no host');
  if (problems.length > 0) throw invalid(problems);
  return hosts;
}

type Found = Listed & { readonly line: number };
type Problem = (line: number, says: string) => void;

function read(form: InventoryForm, lines: readonly string[], problem: Problem): readonly Found[] {
  switch (form) {
    case 'ini':
      return fromIni(lines, problem);
    case 'ssh_config':
      return fromSshConfig(lines, problem);
    case 'csv':
      return fromCsv(lines, problem);
  }
}

function whyNot({ name, address, port, user, tags }: Listed): string | undefined {
  if (!NAME.test(name)) return `not a name for a host: ${name.slice(0, 80)}`;
  if (!ADDRESS.test(address)) return `not a host name or an IP address: ${address.slice(0, 80)}`;
  if (port !== null && !(Number.isSafeInteger(port) && port > 0 && port < 65_536))
    return 'not a port';
  if (user !== null && !USER.test(user)) return `not an account: ${user.slice(0, 80)}`;
  const tag = tags.find((each) => !TAG.test(each));
  return tag === undefined ? undefined : `not a tag: ${tag.slice(0, 80)}`;
}

/** Hosts, groups, children and their variables; ranges like `web[01:20]`. */
function fromIni(lines: readonly string[], problem: Problem): readonly Found[] {
  const groups = new Map<string, Set<string>>();
  const parents = new Map<string, Set<string>>();
  const groupVars = new Map<string, Map<string, string>>();
  const hosts = new Map<string, { line: number; vars: Map<string, string> }>();
  let section = 'ungrouped';
  let kind = 'hosts';
  for (const [i, raw] of lines.entries()) {
    const line = raw.replace(/(?:^|\s)[#;].*$/, '').trim();
    if (line === '') continue;
    const head = /^\[([A-Za-z0-9_.-]+)(?::(children|vars|hosts))?\]$/.exec(line);
    if (head !== null) {
      section = head[1] ?? '';
      kind = head[2] ?? 'hosts';
      if (!groups.has(section)) groups.set(section, new Set());
      continue;
    }
    if (line.startsWith('[')) {
      problem(i + 1, 'a section that is not understood');
      continue;
    }
    if (kind === 'vars') {
      const pair = /^([A-Za-z0-9_]+)\s*=\s*(.*)$/.exec(line);
      if (pair === null) problem(i + 1, 'a variable that is not understood');
      else put(groupVars, section).set(pair[1] ?? '', unquoted(pair[2] ?? ''));
      continue;
    }
    if (kind === 'children') {
      add(parents, line, section);
      continue;
    }
    const [pattern = '', ...rest] = words(line);
    const vars = rest.map((word) => /^([A-Za-z0-9_]+)=(.*)$/.exec(word));
    if (vars.includes(null)) problem(i + 1, 'behind a host only name=value is understood');
    const names = expand(pattern);
    if (names === undefined) {
      problem(i + 1, `a range that is not understood: ${pattern.slice(0, 80)}`);
      continue;
    }
    for (const name of names) {
      const host = hosts.get(name) ?? { line: i + 1, vars: new Map<string, string>() };
      for (const pair of vars) if (pair) host.vars.set(pair[1] ?? '', unquoted(pair[2] ?? ''));
      hosts.set(name, host);
      add(groups, section, name);
    }
  }
  const groupsOf = (name: string): readonly string[] => {
    const own = [...groups].filter(([, names]) => names.has(name)).map(([group]) => group);
    // A group may be inside others; a loop among them ends by itself.
    for (const group of own)
      for (const parent of parents.get(group) ?? []) if (!own.includes(parent)) own.push(parent);
    return own;
  };
  return [...hosts].map(([given, { line, vars }]) => {
    const own = groupsOf(given);
    const value = (...names: readonly string[]): string | undefined =>
      [vars, ...[...own, 'all'].map((group) => groupVars.get(group))].flatMap((each) =>
        names.flatMap((name) => each?.get(name) ?? []),
      )[0];
    const [name, portInName] = splitPort(given);
    const port = value('ansible_port', 'ansible_ssh_port') ?? portInName;
    return {
      line,
      name,
      address: value('ansible_host', 'ansible_ssh_host') ?? name,
      port: port === undefined ? null : Number(port),
      user: value('ansible_user', 'ansible_ssh_user') ?? null,
      tags: own.filter((group) => group !== 'ungrouped' && group !== 'all'),
      alias: null,
    };
  });
}

/** Only names: `Host` lines without wildcards. How each is reached stays with ssh, which reads the file itself. */
function fromSshConfig(lines: readonly string[], problem: Problem): readonly Found[] {
  const found: {
    name: string;
    line: number;
    address: string;
    port: number | null;
    user: string | null;
  }[] = [];
  let open: typeof found = [];
  for (const [i, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, word = '', value = ''] = /^([A-Za-z]+)(?:\s*=\s*|\s+)(.*)$/.exec(line) ?? [];
    if (word === '') problem(i + 1, 'a line that is not understood');
    const key = word.toLowerCase();
    if (key === 'host') {
      open = words(value)
        .filter((name) => !/[*?!]/.test(name))
        .map((name) => ({ name, line: i + 1, address: name, port: null, user: null }));
      found.push(...open);
    } else if (key === 'match') open = [];
    for (const host of open) {
      if (key === 'hostname') host.address = unquoted(value).replaceAll('%h', host.name);
      if (key === 'port') host.port = Number(value);
      if (key === 'user') host.user = unquoted(value);
    }
  }
  return found.map((host) => ({ ...host, tags: [], alias: host.name }));
}

/** A first line of names: `name`, and any of `address`, `port`, `user`, `tags` (with blanks between). */
function fromCsv(lines: readonly string[], problem: Problem): readonly Found[] {
  const [head = '', ...rows] = lines;
  const columns = cells(head)?.map((each) => each.trim().toLowerCase()) ?? [];
  if (!columns.includes('name'))
    problem(1, 'the first line must name the columns, one of them "name"');
  return rows.flatMap((row, i) => {
    if (row.trim() === '' || row.startsWith('#')) return [];
    const values = cells(row)?.map((each) => each.trim());
    if (values === undefined || values.length > columns.length) {
      problem(i + 2, 'a row that is not understood');
      return [];
    }
    const value = (name: string): string | undefined => values[columns.indexOf(name)] || undefined;
    const name = value('name') ?? '';
    const port = value('port');
    return [
      {
        line: i + 2,
        name,
        address: value('address') ?? name,
        port: port === undefined ? null : Number(port),
        user: value('user') ?? null,
        tags: (value('tags') ?? '').split(/\s+/).filter((tag) => tag !== ''),
        alias: null,
      },
    ];
  });
}

/** RFC 4180 without line breaks inside a cell. */
function cells(row: string): readonly string[] | undefined {
  const out: string[] = [];
  let rest = row;
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)"(,|$)/.exec(rest);
    const bare = quoted ?? /^([^",]*)(,|$)/.exec(rest);
    if (bare === null) return undefined;
    out.push((bare[1] ?? '').replaceAll('""', '"'));
    rest = rest.slice(bare[0].length);
    if (bare[2] !== ',') return rest === '' ? out : undefined;
  }
}

/** `web[01:20].example`: at most 1,000 names. */
function expand(pattern: string): readonly string[] | undefined {
  const range = /^([^[\]]*)\[([0-9]{1,6}|[a-z]):([0-9]{1,6}|[a-z])(?::([0-9]{1,3}))?\](.*)$/.exec(
    pattern,
  );
  if (range === null) return /[[\]]/.test(pattern) ? undefined : [pattern];
  const [, before = '', from = '', to = '', step = '1', after = ''] = range;
  const isNumber = /^[0-9]/.test(from);
  if (isNumber !== /^[0-9]/.test(to) || Number(step) < 1) return undefined;
  const low = isNumber ? Number(from) : from.charCodeAt(0);
  const high = isNumber ? Number(to) : to.charCodeAt(0);
  const names: string[] = [];
  for (let n = low; n <= high; n += Number(step)) {
    const middle = isNumber ? String(n).padStart(from.length, '0') : String.fromCharCode(n);
    const further = expand(`${before}${middle}${after}`);
    if (further === undefined || names.length + further.length > 1_000) return undefined;
    names.push(...further);
  }
  return names.length === 0 ? undefined : names;
}

function splitPort(name: string): readonly [string, string | undefined] {
  const [, host, port] = /^([^:]+):([0-9]{1,5})$/.exec(name) ?? [];
  return host === undefined ? [name, undefined] : [host, port];
}

function words(line: string): readonly string[] {
  return line.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
}

function unquoted(text: string): string {
  const [, , inside] = /^(["'])(.*)\1$/.exec(text.trim()) ?? [];
  return inside ?? text.trim();
}

function put<Value>(map: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  const found = map.get(key) ?? new Map<string, Value>();
  map.set(key, found);
  return found;
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  map.set(key, (map.get(key) ?? new Set()).add(value));
}

function invalid(problems: readonly string[]): Fault {
  return new Fault(
    'invalid',
    'invalid-hosts',
    `the list of hosts cannot be used: ${problems.slice(0, 20).join('; ')}. Mend it, or give another; nothing was done`,
    { facts: { problems: problems.slice(0, 20) } },
  );
}
