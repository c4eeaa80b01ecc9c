/** Files that declarations are made of, as they lie there now; read again only when one of them was touched. */
import { existsSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import { digestOf, sha256 } from '#base/digest';
import { asFault, Fault } from '#base/fault';
import type { Files, MachineFiles, Programs } from '#base/ports';
import {
  type Baselines,
  type ContentFile,
  type DeclarationSettings,
  declarationFault,
  type Entry,
  type Feed,
  gitMaker,
  NO_SETTINGS,
  readDeclarationSettings,
  textOf,
  vulnerabilityMaker,
} from '#declarations';
import type { Paths } from './data-directory.ts';
import { stampOf, stampOfFolder } from './file-stamp.ts';
import { GitRepository } from './git-repository.ts';
import { Kept } from './kept.ts';
import { readTextFolder } from './text-folder.ts';

export const SETTINGS_FILE = 'declarations.yaml';
const SETTINGS_BYTES = 1_048_576;
const MOST_REPOSITORIES = 200;
const MOST_FEEDS = 8;
const FEED_BYTES = 256 * 1024 * 1024;

export type ContentNeeds = {
  readonly files: Files;
  readonly programs: Programs;
  /** For what lies elsewhere, and may be of others. */
  readonly machineFiles: MachineFiles;
};

/** One text that decides what should be: an operator signs all of them. */
export type Part = {
  readonly name: string;
  readonly digest: string;
  /** Of what has to be known as it was signed also when it was edited since. */
  readonly text?: string;
};

export type Content<Value> =
  | { readonly ok: true; readonly value: Value; readonly parts: readonly Part[] }
  /** `parts` say that it could not be read, so that nobody signs it by accident. */
  | { readonly ok: false; readonly fault: Fault; readonly parts: readonly Part[] };

export type GitEntry = Extract<Entry, { readonly kind: 'git' }>;

type KeptBranch = {
  readonly stamp: string | undefined;
  readonly commit: string;
  readonly content: Content<Baselines> & { readonly commit: string };
};

export class DeclarationContent {
  readonly #files: Files;
  readonly #programs: Programs;
  readonly #machine: MachineFiles;
  readonly #feeds = new Map<string, { readonly stamp: string; readonly content: Content<Feed> }>();
  readonly #settings: Kept<Content<DeclarationSettings>>;
  readonly #profiles: Kept<Content<readonly ContentFile[]>>;
  readonly #beside: readonly Kept<readonly Part[]>[];
  readonly #branches = new Map<string, KeptBranch>();
  readonly #folder: string;

  constructor(
    { files, programs, machineFiles }: ContentNeeds,
    {
      declarations,
      declarationFiles,
      notices,
      server,
      access,
    }: Pick<Paths, 'declarations' | 'declarationFiles' | 'notices' | 'server' | 'access'>,
  ) {
    this.#files = files;
    this.#programs = programs;
    this.#machine = machineFiles;
    this.#folder = declarationFiles;
    this.#settings = new Kept(
      () => stampOf(declarations),
      () => readSettings(files, declarations),
    );
    const profiles = join(declarationFiles, 'cis');
    this.#profiles = new Kept(
      () => stampOfFolder(profiles),
      () => readProfiles(files, profiles),
    );
    this.#beside = [notices, server, access].map(
      (path) =>
        new Kept(
          () => (existsSync(path) ? stampOf(path) : 'absent'),
          () => partsOf(files, path, path === access || path === server),
        ),
    );
  }

  settings(): Promise<Content<DeclarationSettings>> {
    return this.#settings.get();
  }

  /**
   * Who is told and what is looked at by the clock, how the service is reached and what it may reach, and who may ask for
   * what: whoever moves one of these unseen leaves nobody to be told, opens a door, or gives out a role.
   */
  async beside(): Promise<readonly Part[]> {
    return (await Promise.all(this.#beside.map((kept) => kept.get()))).flat();
  }

  /** The operator's own. */
  profiles(): Promise<Content<readonly ContentFile[]>> {
    return this.#profiles.get();
  }

  /** Where a feed lies: it moves by itself, and is in force by its name. */
  feedPath({ feed }: { readonly feed: string }): string {
    return isAbsolute(feed) ? feed : join(this.#folder, feed);
  }

  async feed(entry: { readonly feed: string }): Promise<Content<Feed>> {
    const path = this.feedPath(entry);
    const stamp = stampOf(path);
    const kept = this.#feeds.get(path);
    if (kept !== undefined && stamp === kept.stamp) return kept.content;
    this.#feeds.delete(path);
    const content = await this.#readFeed(path);
    if (this.#feeds.size >= MOST_FEEDS) this.#feeds.delete(this.#feeds.keys().next().value ?? '');
    if (stamp !== undefined) this.#feeds.set(path, { stamp, content });
    return content;
  }

  async #readFeed(path: string): Promise<Content<Feed>> {
    try {
      const bytes = await this.#machine.read(path, FEED_BYTES);
      const { modifiedAt } = (await this.#machine.stat(path)) ?? {};
      const text = bytes === undefined ? null : textOf(bytes);
      if (text === null || modifiedAt === undefined)
        throw declarationFault(
          'feed-unavailable',
          `a feed cannot be read: ${path} is ${bytes === undefined ? 'not there' : 'not UTF-8'}. Put it there, or correct the path`,
        );
      return parsed(() => vulnerabilityMaker.read([{ file: path, text, modifiedAt }]), []);
    } catch (thrown) {
      return { ok: false, fault: asFault(thrown), parts: [] };
    }
  }

  async branch(entry: GitEntry): Promise<Content<Baselines> & { readonly commit: string | null }> {
    const { name, repository, branch, folder } = entry;
    const key = JSON.stringify([repository, branch, folder]);
    const git = new GitRepository(this.#files, this.#programs, repository);
    const stamp = await git.stamp(branch);
    const kept = this.#branches.get(key);
    if (kept !== undefined && stamp !== undefined && kept.stamp === stamp) return kept.content;
    try {
      const commit = await git.head(branch);
      if (kept?.commit === commit) {
        this.#branches.set(key, { ...kept, stamp });
        return kept.content;
      }
      const read = await git.read(entry, commit);
      const parts = read.files.map(({ file, text }) => ({
        name: `${file} in ${repository} (${branch})`,
        digest: sha256(text),
      }));
      const content = { ...parsed(() => gitMaker.read(read.files), parts), commit };
      if (this.#branches.size >= MOST_REPOSITORIES)
        this.#branches.delete(this.#branches.keys().next().value ?? '');
      this.#branches.set(key, { stamp, commit, content });
      return content;
    } catch (thrown) {
      this.#branches.delete(key);
      const fault = asFault(thrown);
      const part = { name: `git ${name} (${repository})`, digest: unreadable(fault) };
      return { ok: false, fault, parts: [part], commit: null };
    }
  }
}

/** Text that is read, but does not hold, counts with its own digest. */
function parsed<Value>(read: () => Value, parts: readonly Part[]): Content<Value> {
  try {
    return { ok: true, value: read(), parts };
  } catch (thrown) {
    return { ok: false, fault: asFault(thrown), parts };
  }
}

function unreadable({ code }: Fault): string {
  return `unreadable: ${code}`;
}

async function readSettings(files: Files, path: string): Promise<Content<DeclarationSettings>> {
  try {
    const info = await files.info(path);
    if (info === undefined) return { ok: true, value: NO_SETTINGS, parts: [] };
    if (info.kind !== 'file' || info.size > SETTINGS_BYTES)
      throw declarationFault(
        'invalid-declarations',
        `a file cannot be used: ${SETTINGS_FILE} is no plain file of at most ${SETTINGS_BYTES} bytes. Put one there`,
      );
    const bytes = await files.read(path);
    const text = decoded(bytes);
    const parts = [{ name: SETTINGS_FILE, digest: sha256(bytes ?? '') }];
    return parsed(() => readDeclarationSettings(text, SETTINGS_FILE), parts);
  } catch (thrown) {
    const fault = asFault(thrown);
    return { ok: false, fault, parts: [{ name: SETTINGS_FILE, digest: unreadable(fault) }] };
  }
}

async function partsOf(files: Files, path: string, withText: boolean): Promise<readonly Part[]> {
  try {
    const bytes = await files.read(path);
    if (bytes === undefined) return [];
    const part = { name: basename(path), digest: sha256(bytes) };
    return [withText ? { ...part, text: Buffer.from(bytes).toString('utf8') } : part];
  } catch (thrown) {
    return [{ name: basename(path), digest: unreadable(asFault(thrown)) }];
  }
}

function decoded(bytes: Uint8Array | undefined): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Fault(
      'invalid',
      'invalid-declarations',
      `a file cannot be used: ${SETTINGS_FILE} is not UTF-8. Write it anew`,
      { cause },
    );
  }
}

async function readProfiles(
  files: Files,
  folder: string,
): Promise<Content<readonly ContentFile[]>> {
  try {
    const read = (await readTextFolder(files, folder, (name) => /\.ya?ml$/.test(name))) ?? [];
    return {
      ok: true,
      value: read.map(({ name, text }) => ({ file: `declarations/cis/${name}`, text })),
      parts: read.map(({ name, text }) => ({
        name: `declarations/cis/${name}`,
        digest: sha256(text),
      })),
    };
  } catch (thrown) {
    const fault = asFault(thrown);
    return { ok: false, fault, parts: [{ name: 'declarations/cis', digest: unreadable(fault) }] };
  }
}

export function digestOfParts(parts: readonly Part[]): string {
  return digestOf(parts.map(({ name, digest }) => [name, digest])).replace(/^sha256:/, '');
}
