/** Paths as rules see them: one form by name, then what is never opened, then where things may be read. */
import type { PathRules } from './entry.ts';

const MAX_PATH_BYTES = 1_024;

/** Absolute, without `.`, `..` and empty components; `null` when it is none or too long. */
export function normalPath(text: string): string | null {
  if (text === '' || text.length > MAX_PATH_BYTES) return null;
  const parts: string[] = [];
  for (const part of text.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  const path = `/${parts.join('/')}`;
  return Buffer.byteLength(text) > MAX_PATH_BYTES || Buffer.byteLength(path) > MAX_PATH_BYTES
    ? null
    : path;
}

/** `*` is any run of characters, `/` too; everything else stands for itself. */
export class Glob {
  readonly text: string;
  readonly #pieces: readonly string[];

  constructor(text: string) {
    this.text = text;
    this.#pieces = text.split('*');
  }

  /** What stands before the first `*`; the whole, when there is none. */
  get literal(): string {
    return this.#pieces[0] ?? '';
  }

  matches(path: string): boolean {
    const pieces = this.#pieces;
    const first = pieces[0] ?? '';
    if (pieces.length === 1) return path === first;
    if (!path.startsWith(first)) return false;
    const last = pieces[pieces.length - 1] ?? '';
    const end = path.length - last.length;
    if (end < first.length || !path.endsWith(last)) return false;
    // The leftmost place of each piece is the best one: whatever follows has the most room.
    let at = first.length;
    for (let i = 1; i < pieces.length - 1; i += 1) {
      const piece = pieces[i] ?? '';
      const found = path.indexOf(piece, at);
      if (found === -1 || found + piece.length > end) return false;
      at = found + piece.length;
    }
    return true;
  }
}

/** The one device that gives nothing. */
const NULL_DEVICE = '/dev/null';

export type PathCode = 'secret' | 'device' | 'outside-roots';

export class PathGuard {
  readonly #roots: readonly string[];
  readonly #denials: readonly { readonly code: 'secret' | 'device'; readonly glob: Glob }[];
  readonly #exceptions: readonly Glob[];
  readonly #wide: readonly Glob[];

  constructor(rules: PathRules) {
    this.#roots = rules.roots;
    this.#denials = rules.denials.map(({ code, glob }) => ({ code, glob: new Glob(glob) }));
    this.#exceptions = rules.exceptions.map((glob) => new Glob(glob));
    this.#wide = rules.wide.map((glob) => new Glob(glob));
  }

  /** Why the content of `path`, in its normal form, may not be read. */
  fileObjection(path: string): PathCode | null {
    if (path === NULL_DEVICE) return null;
    const code = this.#denialOf(path);
    if (code !== null) return code;
    return this.#roots.some((root) => isBelow(path, root)) ? null : 'outside-roots';
  }

  /** Why not everything below the directory may be read. */
  treeObjection(path: string): PathCode | null {
    const inside = path === '/' ? '/' : `${path}/`;
    const code = this.fileObjection(path) ?? this.#denialOf(inside);
    if (code !== null) return code;
    const isWide =
      this.#wide.some((glob) => glob.matches(path)) ||
      this.#denials.some(({ glob }) => glob.literal.startsWith(inside));
    return isWide ? 'outside-roots' : null;
  }

  #denialOf(path: string): PathCode | null {
    let excepted: boolean | null = null;
    for (const { code, glob } of this.#denials) {
      if (!glob.matches(path)) continue;
      // What is denied by its place stays denied; only what is denied by its name has exceptions.
      if (glob.literal !== '') return code;
      excepted ??= this.#exceptions.some((each) => each.matches(path));
      if (!excepted) return code;
    }
    return null;
  }
}

function isBelow(path: string, root: string): boolean {
  return root === '/' || path === root || path.startsWith(`${root}/`);
}

/** Names that are denied wherever they stand, for programs that read a whole tree: `{denied}`. */
export function deniedNames(rules: PathRules): readonly string[] {
  const names = rules.denials.flatMap(({ glob }) => {
    const name = glob.startsWith('*/') ? glob.slice(2) : glob.startsWith('*') ? glob : '';
    return name === '' || name.includes('/') ? [] : [name];
  });
  return [...new Set(names)];
}

/** Directories nothing below which is read, wherever they stand: `{denied-directories}`. */
export function deniedDirectories(rules: PathRules): readonly string[] {
  const names = rules.denials.flatMap(({ glob }) => /^\*\/([^/]+)\/\*$/.exec(glob)?.[1] ?? []);
  return [...new Set(names)];
}
