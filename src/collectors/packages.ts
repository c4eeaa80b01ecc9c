/** Installed packages of dpkg, rpm or apk, whichever the machine has. */
import type { Collector, LookSession } from './look-session.ts';
import { decode, Gathering, linesOf, readText, reasonOf } from './reading.ts';

const KINDS = ['package'] as const;
const DATABASE_BYTES = 7 * 1024 * 1024;

export const packagesCollector: Collector = {
  name: 'packages',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    for (const installed of await readPackages(session, seen)) {
      const { key, ...attributes } = installed;
      seen.add('package', key, attributes);
    }
    return seen.end(KINDS);
  },
};

export type Package = {
  readonly key: string;
  readonly version: string;
  readonly architecture: string;
  readonly state: string;
  readonly held: boolean;
  readonly manager: 'dpkg' | 'rpm' | 'apk';
  /** What it is built from, and in which version where that is another: advisories speak of sources. */
  readonly source?: string;
  readonly sourceVersion?: string;
};

async function readPackages(session: LookSession, seen: Gathering): Promise<Package[]> {
  const dpkg = await session.files.stat('/var/lib/dpkg/status');
  if (dpkg !== undefined)
    return dpkg.size <= DATABASE_BYTES ? fromStatus(session, seen) : fromQuery(session, seen);
  const apk = await readText(session, '/lib/apk/db/installed', DATABASE_BYTES);
  if (apk !== undefined) return parseApk(apk);
  const rpm =
    (await session.files.stat('/usr/lib/sysimage/rpm')) ??
    (await session.files.stat('/var/lib/rpm'));
  if (rpm === undefined) return [];
  const argv = [
    'rpm',
    '-qa',
    '--qf',
    '%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\t%{ARCH}\\n',
  ] as const;
  const result = await session.programs.run([...argv]);
  if (result.ended !== 'exited' || result.exit !== 0)
    seen.short('package', `rpm did not answer: ${result.ended}`);
  return parseRpm(decode(result.stdout));
}

async function fromStatus(session: LookSession, seen: Gathering): Promise<Package[]> {
  try {
    return parseDpkgStatus((await readText(session, '/var/lib/dpkg/status', DATABASE_BYTES)) ?? '');
  } catch (error) {
    seen.short('package', reasonOf(error, '/var/lib/dpkg/status'));
    return [];
  }
}

async function fromQuery(session: LookSession, seen: Gathering): Promise<Package[]> {
  const format = '-f=${Package}\\t${Version}\\t${Architecture}\\t${Status}\\n';
  const result = await session.programs.run(['dpkg-query', '-W', format]);
  if (result.ended !== 'exited' || result.exit !== 0)
    seen.short('package', `dpkg-query did not answer: ${result.ended}`);
  const rows = linesOf(decode(result.stdout)).map((line) => line.split('\t'));
  return named(
    rows.flatMap(([name, version, architecture, status]) =>
      dpkgRow(name, version, architecture, status),
    ),
  );
}

type Row = Omit<Package, 'key'> & { readonly name: string };

/** Stanzas of dpkg's status file; removed packages that left settings behind are not installed. */
export function parseDpkgStatus(text: string): Package[] {
  const rows: Row[] = [];
  for (const stanza of text.split(/\n\n+/)) {
    const fields = new Map<string, string>();
    for (const line of linesOf(stanza)) {
      // Continued lines begin with a blank and belong to fields we do not keep.
      const colon = line.indexOf(':');
      if (colon > 0 && !/^\s/.test(line))
        fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    const [row] = dpkgRow(
      fields.get('Package'),
      fields.get('Version'),
      fields.get('Architecture'),
      fields.get('Status'),
    );
    if (row !== undefined) rows.push({ ...row, ...sourceOf(row.name, fields.get('Source')) });
  }
  return named(rows);
}

/** Debian Policy 5.6.1: left out where it has the package's own name, with the version in parentheses where that differs. */
function sourceOf(
  name: string,
  field: string | undefined,
): { readonly source?: string; readonly sourceVersion?: string } {
  if (field === undefined) return { source: name };
  const [, source, version] = /^([a-z0-9][a-z0-9+.-]*)(?: \(([^\s()]+)\))?$/.exec(field) ?? [];
  if (source === undefined) return {};
  return version === undefined ? { source } : { source, sourceVersion: version };
}

function dpkgRow(name?: string, version?: string, architecture?: string, status?: string): Row[] {
  const [want, , state] = status?.split(' ') ?? [];
  if (!name || !version || !architecture || state === undefined) return [];
  if (state === 'config-files' || state === 'not-installed') return [];
  return [{ name, version, architecture, state, held: want === 'hold', manager: 'dpkg' }];
}

/** Packages of the machine's own architecture go by their name, foreign ones carry theirs. */
function named(rows: readonly Row[]): Package[] {
  const native = rows.find((row) => row.name === 'dpkg' || row.name === 'base-files')?.architecture;
  return rows.map(({ name, ...rest }) => {
    const isNative =
      rest.architecture === 'all' || native === undefined || rest.architecture === native;
    return { key: isNative ? name : `${name}:${rest.architecture}`, ...rest };
  });
}

/** Lines of name, version and architecture; several versions of one name (kernels) carry theirs. */
export function parseRpm(text: string): Package[] {
  const rows = linesOf(text).flatMap((line) => {
    const [name, version, architecture] = line.split('\t');
    if (!name || !version || !architecture || name === 'gpg-pubkey') return [];
    return [{ name, version: version.replace(/^0:/, ''), architecture }];
  });
  const counts = new Map<string, number>();
  for (const { name } of rows) counts.set(name, (counts.get(name) ?? 0) + 1);
  return rows.map(({ name, version, architecture }) => ({
    key: (counts.get(name) ?? 0) > 1 ? `${name}-${version}.${architecture}` : name,
    version,
    architecture,
    state: 'installed',
    held: false,
    manager: 'rpm',
  }));
}

/** apk's installed database: one letter, a colon, a value; a blank line between packages. */
export function parseApk(text: string): Package[] {
  return text.split(/\n\n+/).flatMap((stanza) => {
    const field = (letter: string): string | undefined =>
      linesOf(stanza)
        .find((line) => line.startsWith(`${letter}:`))
        ?.slice(2);
    const [key, version, architecture] = [field('P'), field('V'), field('A')];
    if (!key || !version) return [];
    return [
      {
        key,
        version,
        architecture: architecture ?? 'unknown',
        state: 'installed',
        held: false,
        manager: 'apk',
      },
    ];
  });
}
