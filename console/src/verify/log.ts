/**
 * Checks the log from outside: the newest checkpoint, that it extends the one this browser remembers, and that records
 * on the screen are records of it. Nothing that the service says about itself is taken for granted.
 */
import { type Given, NOTHING_GIVEN } from './given.ts';
import { keyFor, type ProvedRecord, readKeyLine } from './key-line.ts';
import { type Checkpoint, canVerify, isSignedBy, parseCheckpoint, parseNote } from './note.ts';
import { leafHash, verifyConsistency, verifyInclusion } from './tree.ts';
import { checkWitnesses, nameOf, type WitnessTold } from './witnesses.ts';

export type CheckpointTold = {
  readonly note: string;
  readonly keys: readonly ProvedRecord[];
  readonly consistency: { readonly earlier: number; readonly proof: readonly string[] } | null;
  readonly witnesses: readonly WitnessTold[];
};

/** What is kept between two visits. */
export type Remembered = {
  readonly size: number;
  readonly root: string;
  /** The log's first key, and with it the whole line. */
  readonly key: string;
  /** Keys of witnesses that were seen so far. */
  readonly witnesses?: readonly string[];
  readonly seenAt: string;
};

/** Where answers come from. Whatever they are, they can only fail to hold. */
export type LogSource = {
  readonly checkpoint: (earlier: number | undefined) => Promise<CheckpointTold>;
  readonly prove: (seqs: readonly number[], size: number) => Promise<readonly ProvedRecord[]>;
};

export type StepName = 'browser' | 'checkpoint' | 'keys' | 'remembered' | 'witnesses' | 'records';
export type Step = {
  readonly name: StepName;
  readonly holds: boolean;
  /** Neither holds nor fails: it could not be decided. */
  readonly isOpen?: true;
  readonly says: string;
};

export type LogReport = {
  /** `cannot`: neither proved nor disproved. */
  readonly verdict: 'proved' | 'disproved' | 'cannot';
  readonly steps: readonly Step[];
  readonly checkpoint: Checkpoint | undefined;
  /** Of the key in use. */
  readonly vkey: string | undefined;
  /** All keys that it ever had, and those of the witnesses that are known. */
  readonly logKeys: readonly string[];
  readonly witnesses: readonly string[];
  readonly proved: readonly number[];
  /** It stands on a key that a person gave to this browser. */
  readonly isGiven: boolean;
  /** To be remembered from now on; `undefined`: what was remembered stays. */
  readonly remember: Omit<Remembered, 'seenAt'> | undefined;
};

/** An event as the page shows it. */
export type Shown = { readonly seq: number } & Readonly<Record<string, unknown>>;

export async function verifyLog(
  source: LogSource,
  remembered: Remembered | undefined,
  shown: readonly Shown[] = [],
  given: Pick<Given, 'logKeys' | 'witnesses'> = NOTHING_GIVEN,
): Promise<LogReport> {
  const steps: Step[] = [];
  const done = (
    verdict: LogReport['verdict'],
    more: Partial<Omit<LogReport, 'verdict' | 'steps'>> = {},
  ): LogReport => ({
    verdict,
    steps,
    checkpoint: undefined,
    vkey: undefined,
    logKeys: [],
    witnesses: [],
    proved: [],
    isGiven: false,
    remember: undefined,
    ...more,
  });
  const say = (name: StepName, holds: boolean, says: string): boolean => {
    steps.push({ name, holds, says });
    return holds;
  };

  if (!(await canVerify())) {
    say('browser', false, 'this browser cannot check Ed25519 signatures here: use holdfast verify');
    return done('cannot');
  }
  const told = await source.checkpoint(remembered?.size);
  const note = parseNote(told.note);
  const checkpoint = note === undefined ? undefined : parseCheckpoint(note.text);
  if (note === undefined || checkpoint === undefined) {
    say('checkpoint', false, 'what was answered is not a checkpoint');
    return done('disproved');
  }
  const { size, root, origin } = checkpoint;
  const line = await readKeyLine(told.keys, checkpoint);
  if (!line.holds) {
    say('keys', false, line.why);
    return done('disproved', { checkpoint });
  }
  const key = keyFor(line.keys, size);
  const first = line.keys[0].key.vkey;
  if (key === undefined || key.name !== origin || !(await isSignedBy(note, key))) {
    say('checkpoint', false, 'the checkpoint is not signed by the key whose turn it was');
    return done('disproved', { checkpoint });
  }
  const vkey = key.vkey;
  say('checkpoint', true, `signed over ${size} records by ${key.name}, key ${key.id}`);
  const isGiven = given.logKeys.length > 0;
  if (isGiven && !line.keys.some((each) => given.logKeys.includes(each.key.vkey))) {
    say('keys', false, 'no key that this log ever had is one that was given here');
    return done('disproved', { checkpoint, vkey });
  }
  const isOther = remembered !== undefined && remembered.key !== first;
  if (isOther && !isGiven) {
    say('keys', false, 'this log begins with another key than the one this browser remembers');
    return done('disproved', { checkpoint, vkey });
  }
  const handed = line.keys.length - 1;
  say(
    'keys',
    true,
    `${handed === 0 ? KEY_OF_FIRST : `${KEY_OF_FIRST}, handed on ${handed} times, each signed by both`}${isGiven ? '; it stands on a key that was given here' : ''}`,
  );
  if (isOther)
    steps.push({
      name: 'remembered',
      holds: false,
      isOpen: true,
      says: 'this browser saw another log here before; the key that was given decides which one counts',
    });
  const seen = isOther ? undefined : remembered;
  const extension = await extendsWhat(seen, checkpoint, told.consistency);
  if (!say('remembered', extension.holds, extension.says))
    return done('disproved', { checkpoint, vkey });

  const met = seen?.witnesses ?? [];
  const known = [...given.witnesses, ...withoutNames(met, given.witnesses)];
  const cosigned = await checkWitnesses(told.witnesses, known, line.keys, checkpoint);
  for (const { verdict, says } of cosigned)
    steps.push({
      name: 'witnesses',
      holds: verdict === 'holds',
      says,
      ...(verdict === 'open' ? { isOpen: true } : {}),
    });
  if (cosigned.some(({ verdict }) => verdict === 'fails'))
    return done('disproved', { checkpoint, vkey });
  const now = told.witnesses.map(({ key: each }) => each);
  const witnesses = [...withoutNames(known, now), ...now];
  const remember = { size, root, key: first, witnesses: [...withoutNames(met, now), ...now] };
  const logKeys = line.keys.map((each) => each.key.vkey);
  const sound = { checkpoint, vkey, logKeys, witnesses, remember, isGiven };
  const covered = shown.filter(({ seq }) => seq < size);
  if (shown.length === 0) return done('proved', sound);
  const records = await source.prove(
    covered.map(({ seq }) => seq),
    size,
  );
  const { proved, wrong } = await proveShown(covered, records, checkpoint);
  if (wrong !== undefined) {
    say('records', false, wrong);
    return done('disproved', { ...sound, proved });
  }
  const newer = shown.length - covered.length;
  say(
    'records',
    true,
    newer === 0
      ? `${proved.length} records shown here are in it, byte for byte`
      : `${proved.length} of ${shown.length} records shown here are in it, byte for byte; ${newer} are newer than the checkpoint`,
  );
  return done('proved', { ...sound, proved });
}

const withoutNames = (some: readonly string[], others: readonly string[]): readonly string[] =>
  some.filter((each) => !others.some((one) => nameOf(one) === nameOf(each)));

const KEY_OF_FIRST = 'the key that the first record names';

async function extendsWhat(
  remembered: Remembered | undefined,
  { size, root }: Checkpoint,
  consistency: CheckpointTold['consistency'],
): Promise<{ readonly holds: boolean; readonly says: string }> {
  if (remembered === undefined)
    return {
      holds: true,
      says: 'seen for the first time: from now on this browser knows it if the log is rewound or replaced',
    };
  const { size: earlier, root: earlierRoot, seenAt } = remembered;
  if (size < earlier)
    return {
      holds: false,
      says: `the log was rewound: it had ${earlier} records when this browser saw it (${seenAt}), now ${size}`,
    };
  const proof = consistency?.earlier === earlier ? consistency.proof : [];
  if (!(await verifyConsistency({ earlier, earlierRoot, size, root, proof })))
    return {
      holds: false,
      says: `the log is not the one this browser saw (${seenAt}): its first ${earlier} records are others now`,
    };
  return {
    holds: true,
    says:
      size === earlier
        ? `the same ${size} records as this browser saw before`
        : `extends what this browser saw before (${earlier} records) by ${size - earlier}, nothing changed`,
  };
}

async function proveShown(
  shown: readonly Shown[],
  records: readonly ProvedRecord[],
  { size, root }: Checkpoint,
): Promise<{ readonly proved: readonly number[]; readonly wrong?: string }> {
  const proved: number[] = [];
  for (const event of shown) {
    const { seq } = event;
    const found = records.find((each) => each.seq === seq);
    if (found === undefined) return { proved, wrong: `record ${seq} was not handed over` };
    const leaf = await leafHash(found.record);
    if (!(await verifyInclusion({ leaf, seq, size, root, proof: found.proof })))
      return { proved, wrong: `record ${seq} is not in the log that was signed` };
    if (!isSame(event, readRecord(found.record)))
      return { proved, wrong: `record ${seq} is shown here otherwise than it stands in the log` };
    proved.push(seq);
  }
  return { proved };
}

function readRecord(record: string): unknown {
  try {
    return JSON.parse(record) as unknown;
  } catch {
    return undefined;
  }
}

/** As JSON values: the order of names in an object says nothing. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [
    a as Readonly<Record<string, unknown>>,
    b as Readonly<Record<string, unknown>>,
  ];
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && isSame(left[name], right[name]))
  );
}
