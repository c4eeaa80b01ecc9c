/** Repositories of baselines on this machine, read at the head of a branch. See `#declarations` for what git may do. */
import { join } from 'node:path';
import { asFault } from '#base/fault';
import { show } from '#base/nearest';
import type { Files, ProgramResult, Programs } from '#base/ports';
import {
  baselinesIn,
  type ContentFile,
  declarationFault,
  gitCall,
  OBJECT,
  parseBlobs,
  parseTree,
  textOf,
} from '#declarations';
import { stampOf } from './file-stamp.ts';

const SECONDS = 20;
const LIST_BYTES = 4 * 1024 * 1024;
const CONTENT_BYTES = 12 * 1024 * 1024;

export type ReadCommit = { readonly files: readonly ContentFile[] };

export class GitRepository {
  readonly #files: Files;
  readonly #programs: Programs;
  readonly path: string;

  constructor(files: Files, programs: Programs, path: string) {
    this.#files = files;
    this.#programs = programs;
    this.path = path;
  }

  /** Tells one head of the branch from another without asking git; `undefined` where it cannot. */
  async stamp(branch: string): Promise<string | undefined> {
    const directory = await this.#directory().catch(() => undefined);
    if (directory === undefined) return undefined;
    const parts: string[] = [directory];
    let refs = 0;
    for (const name of [`refs/heads/${branch}`, 'packed-refs', 'reftable/tables.list', 'config']) {
      const path = join(directory, name);
      const isThere = (await this.#files.info(path).catch(() => null)) !== undefined;
      const stamp = isThere ? stampOf(path) : 'absent';
      if (stamp === undefined) return undefined;
      if (isThere && name !== 'config') refs += 1;
      parts.push(stamp);
    }
    return refs === 0 ? undefined : JSON.stringify(parts);
  }

  /** The commit a branch is at. */
  async head(branch: string): Promise<string> {
    const ref = `refs/heads/${branch}^{commit}`;
    const result = await this.run(['rev-parse', '--verify', '--quiet', '--end-of-options', ref]);
    const commit = Buffer.from(result.stdout).toString('latin1').trim();
    if (result.ended === 'exited' && result.exit === 0 && OBJECT.test(commit)) return commit;
    throw this.unusable(`it has no branch ${show(branch)} that can be read`, result);
  }

  /** What lies below a folder of a commit; the empty name is the whole tree. */
  async read({ folder }: { readonly folder: string }, commit: string): Promise<ReadCommit> {
    const under = folder === '' ? [] : [`${folder}/`];
    const listed = await this.run(['ls-tree', '-r', '-z', '-l', '--full-tree', commit, ...under], {
      maxBytes: LIST_BYTES,
    });
    if (!isDone(listed))
      throw this.unusable(`commit ${commit.slice(0, 12)} cannot be listed`, listed);
    const blobs = baselinesIn(parseTree(listed.stdout));
    const objects = blobs.map(({ object }) => object);
    const contents = objects.length === 0 ? [] : await this.#contents(objects);
    const files = blobs.map(({ path }, i): ContentFile => {
      const text = textOf(contents[i] ?? new Uint8Array());
      if (text === null)
        throw declarationFault(
          'invalid-declarations',
          `a file cannot be used: ${path} is not UTF-8. Write it anew`,
        );
      return { file: path, text };
    });
    return { files };
  }

  async #contents(objects: readonly string[]): Promise<readonly Uint8Array[]> {
    const read = await this.run(['cat-file', '--batch'], {
      maxBytes: CONTENT_BYTES,
      stdin: `${objects.join('\n')}\n`,
    });
    if (!isDone(read)) throw this.unusable('its files cannot be read', read);
    return parseBlobs(read.stdout, objects);
  }

  async run(
    args: readonly string[],
    more: {
      readonly maxBytes?: number;
      readonly stdin?: string | Uint8Array;
      readonly env?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<ProgramResult> {
    const { argv, env } = gitCall(await this.#directory(), args, more.env);
    return this.#programs.run({
      argv,
      env,
      timeoutMs: SECONDS * 1_000,
      maxBytes: more.maxBytes ?? 64 * 1024,
      ...(more.stdin === undefined ? {} : { stdin: more.stdin }),
    });
  }

  /** The directory of git itself: named outright, and never through a link or a file that points elsewhere. */
  async #directory(): Promise<string> {
    for (const directory of [join(this.path, '.git'), this.path]) {
      const info = await this.#files.info(directory).catch((cause: unknown) => {
        throw declarationFault(
          'repository-unavailable',
          `a repository cannot be reached: ${this.path}: ${asFault(cause).message}`,
          { cause },
        );
      });
      if (info === undefined) continue;
      if (info.kind !== 'directory')
        throw declarationFault(
          'repository-unavailable',
          `a repository cannot be used: ${directory} is no directory. Name the repository itself, not a link to it or a work tree of it`,
        );
      const head = await this.#files.info(join(directory, 'HEAD'));
      const objects = await this.#files.info(join(directory, 'objects'));
      if (head !== undefined && objects?.kind === 'directory') return directory;
    }
    throw declarationFault(
      'repository-unavailable',
      `there is no repository: ${this.path}. Clone it there, or correct the path`,
    );
  }

  unusable(what: string, { ended, exit, stderr }: ProgramResult): Error {
    const [line = ''] = Buffer.from(stderr).toString('utf8').trim().split('\n');
    const why =
      ended === 'missing'
        ? 'git is not installed'
        : ended === 'exited'
          ? `git ended with ${exit}${line === '' ? '' : ` and said ${show(line)}`}`
          : `git ended by ${ended}`;
    return declarationFault(
      'repository-unavailable',
      `a repository cannot be read: ${this.path}: ${what}: ${why}`,
    );
  }
}

export function isDone({ ended, exit }: ProgramResult): boolean {
  return ended === 'exited' && exit === 0;
}
