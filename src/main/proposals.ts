/**
 * A change of one file of a repository, put on a branch of its own that a person merges. No work tree is
 * touched, no hook runs, and no branch that was there before moves.
 */
import { sha256 } from '#base/digest';
import type { Fault } from '#base/fault';
import type { Clock } from '#base/ports';
import { declarationFault, entryOf, OBJECT, textOf, withObject } from '#declarations';
import { type GitRepository, isDone } from './git-repository.ts';

export type ProposalAsked = {
  readonly repository: GitRepository;
  /** The branch it is a change of. */
  readonly branch: string;
  /** Path in the tree. */
  readonly file: string;
  /** Throws its fault where the text is not as it was thought to be. */
  readonly edit: (text: string) => string;
  readonly message: string;
  /** Of the person; an e-mail is made of it where there is none. */
  readonly author: { readonly name: string; readonly email: string | null };
};

export type Proposal = {
  readonly branch: string;
  readonly commit: string;
  /** The commit it follows. */
  readonly parent: string;
  readonly diff: string;
};

const FILE_BYTES = 1_048_576;
const TREE_BYTES = 4 * 1024 * 1024;
const DIFF_BYTES = 256 * 1024;
const PLAIN = ['100644', '100755'];

/** The same change proposed again is the same branch. */
export async function proposeChange(asked: ProposalAsked, clock: Clock): Promise<Proposal> {
  const { repository, branch, file, edit, message, author } = asked;
  const parent = await repository.head(branch);
  const way = file.split('/');
  const trees = await treesOnTheWay(repository, parent, way);
  const last = trees.at(-1);
  const entry = last === undefined ? undefined : entryOf(last, way.at(-1) ?? '');
  if (entry?.type !== 'blob' || !PLAIN.includes(entry.mode))
    throw refused(`${file} is no plain file of ${branch}`);
  const read = await repository.run(['cat-file', 'blob', entry.object], { maxBytes: FILE_BYTES });
  const before = isDone(read) ? textOf(read.stdout) : null;
  if (before === null) throw refused(`${file} is no text of at most ${FILE_BYTES} bytes`);
  const after = edit(before);
  if (after === before) throw refused(`${file} says that already`);
  const blob = await written(
    repository,
    ['hash-object', '-w', '-t', 'blob', '--no-filters', '--stdin'],
    after,
  );
  let object = blob;
  for (const [depth, tree] of [...trees.entries()].toReversed())
    object = await written(
      repository,
      ['mktree', '-z'],
      withObject(tree, way[depth] ?? '', object),
    );
  const id = sha256(`${parent}\n${file}\n${after}`).slice(0, 12);
  const name = `holdfast/${id}`;
  const known = await repository.head(name).catch(() => undefined);
  const commit =
    known ?? (await committed(repository, { tree: object, parent, name, message, author, clock }));
  const diff = await repository.run(
    [
      'diff-tree',
      '-p',
      '-r',
      '--no-commit-id',
      '--no-ext-diff',
      '--no-textconv',
      '--no-renames',
      '--no-color',
      '--full-index',
      parent,
      commit,
    ],
    { maxBytes: DIFF_BYTES },
  );
  if (!isDone(diff)) throw repository.unusable('the difference cannot be shown', diff);
  return { branch: name, commit, parent, diff: Buffer.from(diff.stdout).toString('utf8') };
}

/** The listings of the folders that hold the file, from the root down. */
async function treesOnTheWay(
  repository: GitRepository,
  commit: string,
  way: readonly string[],
): Promise<readonly Uint8Array[]> {
  const trees: Uint8Array[] = [];
  let object = `${commit}^{tree}`;
  for (const [depth, name] of way.entries()) {
    const listed = await repository.run(['ls-tree', '-z', '--full-tree', object], {
      maxBytes: TREE_BYTES,
    });
    if (!isDone(listed)) throw repository.unusable('a folder cannot be listed', listed);
    trees.push(listed.stdout);
    if (depth === way.length - 1) break;
    const next = entryOf(listed.stdout, name);
    if (next?.type !== 'tree')
      throw refused(`there is no folder ${way.slice(0, depth + 1).join('/')}`);
    object = next.object;
  }
  return trees;
}

async function committed(
  repository: GitRepository,
  made: {
    readonly tree: string;
    readonly parent: string;
    readonly name: string;
    readonly message: string;
    readonly author: ProposalAsked['author'];
    readonly clock: Clock;
  },
): Promise<string> {
  const { tree, parent, name, message, author, clock } = made;
  const date = `@${Math.floor(clock.now() / 1_000_000)} +0000`;
  const person = plainName(author.name);
  const env = {
    GIT_AUTHOR_NAME: person,
    GIT_AUTHOR_EMAIL: plainName(
      author.email ?? `${person.replaceAll(/[^A-Za-z0-9._-]+/g, '-')}@localhost`,
    ),
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: 'Holdfast',
    GIT_COMMITTER_EMAIL: 'holdfast@localhost',
    GIT_COMMITTER_DATE: date,
  };
  const commit = await written(
    repository,
    ['commit-tree', tree, '-p', parent, '-F', '-'],
    message,
    env,
  );
  // Only a name that nobody has: whatever exists stays where it is.
  const none = '0'.repeat(commit.length);
  const put = await repository.run([
    'update-ref',
    '--no-deref',
    `refs/heads/${name}`,
    commit,
    none,
  ]);
  if (!isDone(put)) throw repository.unusable(`branch ${name} cannot be made`, put);
  return commit;
}

async function written(
  repository: GitRepository,
  args: readonly string[],
  stdin: string | Uint8Array,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const result = await repository.run(args, { stdin, env });
  const object = Buffer.from(result.stdout).toString('latin1').trim();
  if (!isDone(result) || !OBJECT.test(object))
    throw repository.unusable('nothing can be written there', result);
  return object;
}

/** No character that ends a name in a commit, and something in any case. */
function plainName(text: string): string {
  const plain = text
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}<>]/gu, '')
    .trim()
    .slice(0, 120);
  return plain === '' ? 'unknown' : plain;
}

function refused(why: string): Fault {
  return declarationFault('proposal-refused', `it cannot be proposed: ${why}. Change it by hand`);
}
