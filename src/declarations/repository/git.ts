/**
 * How a repository is read, and a branch put beside its own: as argv, and as what git answers. Whoever can
 * write there decides what it holds and what its configuration says, and none of that may run anything: no
 * hook, filter, textconv, monitor, transport or helper.
 */
import { show } from '#base/nearest';
import type { ProgramRun } from '#base/ports';
import { declarationFault } from '../faults.ts';

/** `maxBytes` and time are the caller's. */
export type GitCall = Pick<ProgramRun, 'argv'> & { readonly env: Readonly<Record<string, string>> };

const CONFIG = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.attributesFile=/dev/null',
  'core.pager=cat',
  'core.alternateRefsCommand=false',
  'protocol.allow=never',
  'protocol.ext.allow=never',
  'submodule.recurse=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'commit.gpgSign=false',
  'core.logAllRefUpdates=false',
  'i18n.commitEncoding=UTF-8',
  'i18n.logOutputEncoding=UTF-8',
  'core.quotePath=true',
  'log.showSignature=false',
] as const;

/** Nothing of the account or the machine is read, and nothing may be fetched. */
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_LAZY_FETCH: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_LITERAL_PATHSPECS: '1',
  // A list of protocols, and none has this name.
  GIT_ALLOW_PROTOCOL: 'none',
} as const;

/**
 * `directory`: the one that holds `HEAD` and `objects`. It is named, not found, so whose it is does not
 * matter to git (safe.directory), and need not: nothing of it is run.
 */
export function gitCall(
  directory: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): GitCall {
  return {
    argv: [
      'git',
      '--no-pager',
      `--git-dir=${directory}`,
      ...CONFIG.flatMap((each) => ['-c', each]),
      ...args,
    ],
    env: { ...ENVIRONMENT, ...env },
  };
}

export type TreeEntry = {
  readonly mode: string;
  readonly type: string;
  readonly object: string;
  /** `null` of what is no blob. */
  readonly size: number | null;
  /** `null` where it is no text. */
  readonly path: string | null;
};

const ENTRY = /^([0-7]{6}) (blob|tree|commit) ([0-9a-f]{40}|[0-9a-f]{64}) +(\d{1,15}|-)$/;
export const OBJECT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** What `git ls-tree -z -l` answers. Throws `invalid-repository` for anything else. */
export function parseTree(bytes: Uint8Array): readonly TreeEntry[] {
  const entries: TreeEntry[] = [];
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let from = 0; from < buffer.length; ) {
    const end = buffer.indexOf(0, from);
    const tab = buffer.indexOf(0x09, from);
    if (end < 0 || tab < 0 || tab > end) throw malformed('a tree that is no tree');
    const [, mode, type, object, size] = ENTRY.exec(buffer.toString('latin1', from, tab)) ?? [];
    if (mode === undefined || type === undefined || object === undefined)
      throw malformed('an entry of a tree that is none');
    entries.push({
      mode,
      type,
      object,
      size: size === undefined || size === '-' ? null : Number(size),
      path: textOf(buffer.subarray(tab + 1, end)),
    });
    from = end + 1;
  }
  return entries;
}

/** What `git cat-file --batch` answers to these objects, in their order. */
export function parseBlobs(bytes: Uint8Array, objects: readonly string[]): readonly Uint8Array[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let from = 0;
  const blobs = objects.map((object) => {
    const end = buffer.indexOf(0x0a, from);
    const line = buffer.toString('latin1', from, Math.max(from, end));
    const [, name, size] = /^([0-9a-f]+) blob (\d{1,9})$/.exec(line) ?? [];
    if (end < 0 || name !== object) throw malformed(`no content for ${object}: ${show(line)}`);
    const to = end + 1 + Number(size);
    if (buffer[to] !== 0x0a) throw malformed(`content of ${object} that is cut`);
    const blob = buffer.subarray(end + 1, to);
    from = to + 1;
    return blob;
  });
  if (from !== buffer.length) throw malformed('more than was asked for');
  return blobs;
}

export function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function malformed(what: string): Error {
  return declarationFault('invalid-repository', `git answered what is none of its forms: ${what}`);
}
