/**
 * A snapshot as the machine it was taken of: what collectors ask is answered with what was seen then.
 * What root said comes before what the reader could only partly see. Nothing is guessed: a path or a
 * program that nobody announced throws `snapshot-not-looked`.
 */
import { Fault } from '#base/fault';
import type { MachineFileInfo, MachineFiles, ProgramResult, Programs } from '#base/ports';
import type { Part, Seen, Snapshot, SnapshotProgram } from './snapshot-parse.ts';

export function snapshotFiles(snapshot: Snapshot): MachineFiles {
  const { reader } = snapshot;
  const root: Part | undefined = snapshot.root;
  const first = <Value>(
    of: (part: Seen) => ReadonlyMap<string, Value>,
    path: string,
  ): Value | undefined =>
    (root === undefined ? undefined : of(root).get(path)) ?? of(reader).get(path);
  const stated = (path: string): MachineFileInfo | undefined => first((part) => part.stats, path);
  const isMarked = (of: (part: Seen) => ReadonlySet<string>, path: string): boolean =>
    of(reader).has(path) || (root !== undefined && of(root).has(path));

  /** Why there is no answer: absence is `undefined`, all else is thrown. */
  const otherwise = (path: string): undefined => {
    if (isMarked((part) => part.absent, path)) return undefined;
    if (isMarked((part) => part.denied, path)) throw notPermitted();
    throw notLooked(`path ${path}`);
  };

  return {
    read: async (path, maxBytes) => {
      if (isMarked((part) => part.told, path)) return undefined;
      const bytes = first((part) => part.files, path);
      if (bytes === undefined) {
        const kind = stated(path)?.kind;
        if (kind !== undefined && kind !== 'file') throw notRegular(path, kind);
        return otherwise(path);
      }
      if (bytes.length > maxBytes)
        throw new Fault('refused', 'file-too-big', `file is too big to read: ${path}`, {
          facts: { path, maxBytes },
        });
      return bytes;
    },
    list: async (directory) => first((part) => part.lists, directory) ?? otherwise(directory),
    stat: async (path) => stated(path) ?? otherwise(path),
    readLink: async (path) => first((part) => part.links, path) ?? otherwise(path),
    sha256: async (path, maxBytes) => {
      const info = stated(path);
      if (info !== undefined && info.kind !== 'file') throw notRegular(path, info.kind);
      if (info !== undefined && info.size > maxBytes) return undefined;
      return first((part) => part.hashes, path) ?? otherwise(path);
    },
  };
}

export function snapshotPrograms({ reader }: Snapshot): Programs {
  const exact = new Map(reader.programs.map((program) => [program.argv.join('\0'), program]));
  return {
    run: async ({ argv, maxBytes }) => {
      const program = exact.get(argv.join('\0')) ?? unitsAsked(reader.programs, argv);
      if (program === undefined) throw notLooked(`program ${argv[0]}`);
      return resultOf(program, maxBytes);
    },
  };
}

/** Units are asked about in one order here and in another there: what counts is that each was asked about. */
function unitsAsked(
  programs: readonly SnapshotProgram[],
  argv: readonly string[],
): SnapshotProgram | undefined {
  const dashes = argv.indexOf('--');
  if (dashes < 0) return undefined;
  const head = argv.slice(0, dashes + 1).join('\0');
  const wanted = new Set(argv.slice(dashes + 1));
  const answers = programs.filter((program) => {
    if (program.argv.slice(0, dashes + 1).join('\0') !== head) return false;
    return program.argv.slice(dashes + 1).filter((name) => wanted.delete(name)).length > 0;
  });
  if (wanted.size > 0 || answers.length === 0) return undefined;
  const blank = new Uint8Array([0x0a]);
  return {
    argv,
    exit: Math.max(...answers.map((program) => program.exit)),
    stdout: Buffer.concat(answers.flatMap((program) => [program.stdout, blank])),
  };
}

function resultOf(program: SnapshotProgram, maxBytes: number): ProgramResult {
  const stderr = new Uint8Array();
  // A shell says 127 for what it did not find.
  if (program.exit === 127) return { ended: 'missing', exit: null, stdout: stderr, stderr };
  // `timeout` says 124 when it had to end what it started.
  if (program.exit === 124) return { ended: 'timeout', exit: null, stdout: stderr, stderr };
  const isWhole = program.stdout.length <= maxBytes;
  return {
    ended: isWhole ? 'exited' : 'too-much',
    exit: isWhole ? program.exit : null,
    stdout: program.stdout.subarray(0, maxBytes),
    stderr,
  };
}

/** As the system says it, so that collectors cannot tell the difference. */
function notPermitted(): Error {
  return Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
}

function notRegular(path: string, kind: string): Fault {
  return new Fault('refused', 'file-not-regular', `not a regular file, left unopened: ${path}`, {
    facts: { path, kind },
  });
}

function notLooked(what: string): Fault {
  return new Fault('unavailable', 'snapshot-not-looked', `not in the snapshot: ${what}`);
}
