/** What actions and runbooks have in common, read and held to the rules of its tier. */
import {
  ACTION_CAPABILITIES,
  type ActionCapability,
  ENVIRONMENTS,
  HOST_TYPES,
  TIERS,
  type Tier,
} from '#model';
import type { ArgumentSpec, ArgumentType, Contract } from './action.ts';
import { SIDE_EFFECTS } from './action.ts';
import { readArguments } from './read-argument.ts';
import { readConverges } from './read-converges.ts';
import { readBinds, readRequires, readVerification } from './read-facts.ts';
import { readPreviews } from './read-step.ts';
import type { Entry, Reader, Value } from './reader.ts';
import type { Names } from './template.ts';

export type Source = { readonly file: string; readonly shipped: boolean };

export const CONTRACT_KEYS = [
  'id',
  'version',
  'summary',
  'family',
  'tier',
  'sideEffect',
  'capability',
  'hostTypes',
  'carrier',
  'environments',
  'arguments',
  'maxTargets',
  'concurrency',
  'cooldownSeconds',
  'retries',
  'idempotent',
  'requires',
  'binds',
  'preview',
  'verify',
  'stabiliseSeconds',
  'irreversible',
  'converges',
  'redact',
  'diagnosis',
  'contract',
] as const;
type Keys = (typeof CONTRACT_KEYS)[number];
type Record_ = { readonly [K in Keys]?: Entry };

const ID = /^[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*$/;
const COOLDOWN_SECONDS = 300;
const DAY_SECONDS = 86_400;

/** An argument that goes nowhere would be signed as if it meant something. */
export function refuseUnused(
  reader: Reader,
  value: Value,
  args: readonly ArgumentSpec[],
  parts: unknown,
): void {
  const used = new Set<unknown>();
  const walk = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    for (const [key, inner] of Object.entries(part)) {
      if (NAMING.includes(key) && typeof inner === 'string') used.add(inner);
      else walk(inner);
    }
  };
  walk(parts);
  for (const { name } of args)
    if (!used.has(name))
      reader.problem(value.at, `argument ${name} is used nowhere: use it or leave it out`);
}

/** Where the file names none. */
const CAPABILITY_OF = {
  T0: 'actions.look',
  T1: 'actions.change',
  T2: 'actions.change',
  T3: 'actions.irreversible',
} as const satisfies Record<Tier, ActionCapability>;

/** Keys under which a part of an action names an argument. */
const NAMING = ['argument', 'digestOf', 'contentOf', 'stdin'];

export function readContract(
  reader: Reader,
  value: Value,
  record: Record_,
  source: Source,
): { readonly contract: Omit<Contract, 'digest'>; readonly names: Names } | undefined {
  for (const key of ['id', 'version', 'summary', 'family', 'tier', 'sideEffect'] as const)
    if (record[key] === undefined) reader.problem(value.at, `${key} is missing`);
  const word = (key: 'id' | 'family'): string | undefined =>
    record[key] &&
    reader.textThat(record[key], key, 64, (text) =>
      ID.test(text) ? undefined : 'must be lower-case words joined by ".", "-" or "_"',
    );
  const id = word('id');
  const family = word('family');
  const version = record.version && reader.whole(record.version, 'version', 1, 999_999);
  const summary = record.summary && reader.text(record.summary, 'summary', 200);
  const tier = record.tier && reader.oneOf(record.tier, 'tier', TIERS);
  const sideEffect =
    record.sideEffect && reader.oneOf(record.sideEffect, 'sideEffect', SIDE_EFFECTS);
  const capability =
    record.capability && reader.oneOf(record.capability, 'capability', ACTION_CAPABILITIES);
  const args = readArguments(reader, record.arguments);
  const names = namesOf(args);
  const binds = readBinds(reader, record.binds, names);
  const requires = readRequires(reader, record.requires, names);
  const verify = readVerification(reader, record.verify, names);
  const preview = readPreviews(reader, record.preview, names);
  if (
    id === undefined ||
    version === undefined ||
    summary === undefined ||
    family === undefined ||
    tier === undefined ||
    sideEffect === undefined
  )
    return undefined;
  const whole = (
    key: 'maxTargets' | 'cooldownSeconds' | 'retries' | 'stabiliseSeconds',
    least: number,
    most: number,
    fallback: number,
  ): number =>
    record[key] === undefined
      ? fallback
      : (reader.whole(record[key], key, least, most) ?? fallback);
  const isRead = tier === 'T0';
  const carrier = record.carrier && reader.oneOf(record.carrier, 'carrier', ['controller']);
  const isOne = tier === 'T3' || carrier !== undefined;
  const diagnosis = record.diagnosis && reader.text(record.diagnosis, 'diagnosis', 64);
  const converges = readConverges(reader, record.converges, args);
  const contract: Omit<Contract, 'digest'> = {
    id,
    version,
    summary,
    family,
    tier,
    sideEffect,
    capability: capability ?? CAPABILITY_OF[tier],
    hostTypes:
      record.hostTypes === undefined
        ? 'any'
        : readSome(reader, record.hostTypes, 'hostTypes', HOST_TYPES),
    ...(carrier === undefined ? {} : { carrier }),
    environments:
      record.environments === undefined
        ? 'any'
        : readSome(reader, record.environments, 'environments', ENVIRONMENTS),
    arguments: args,
    maxTargets: whole('maxTargets', 1, 512, isOne ? 1 : 10),
    concurrency: readConcurrency(reader, record.concurrency),
    cooldownSeconds: whole('cooldownSeconds', 0, DAY_SECONDS, isRead ? 0 : COOLDOWN_SECONDS),
    retries: whole('retries', 0, 3, 0),
    idempotent:
      record.idempotent === undefined
        ? isRead
        : (reader.flag(record.idempotent, 'idempotent') ?? false),
    requires,
    binds,
    preview,
    verify,
    stabiliseSeconds: whole('stabiliseSeconds', 0, 3_600, isRead ? 0 : 5),
    irreversible:
      (record.irreversible && reader.text(record.irreversible, 'irreversible', 300)) ?? null,
    ...(converges.length === 0 ? {} : { converges }),
    redact: record.redact === undefined ? [] : readTexts(reader, record.redact, 'redact'),
    ...(diagnosis === undefined ? {} : { diagnosis }),
    contract:
      (record.contract && reader.oneOf(record.contract, 'contract', ['lab', 'simulated'])) ?? 'lab',
    origin: { ...source, line: reader.lineOf(value.at) },
  };
  holdToTier(reader, value, record, contract);
  return { contract, names };
}

function namesOf(
  args: readonly ArgumentSpec[],
): Names & { readonly bound: Map<string, ArgumentType> } {
  return {
    arguments: new Map(args.map((each) => [each.name, each])),
    bound: new Map<string, ArgumentType>(),
    files: 0,
  };
}

/** A tier is a promise; what contradicts it is refused here, before anything is offered. */
function holdToTier(
  reader: Reader,
  value: Value,
  record: Record_,
  {
    tier,
    sideEffect,
    irreversible,
    maxTargets,
    retries,
    verify,
    diagnosis,
    carrier,
    origin,
    arguments: args,
  }: Omit<Contract, 'digest'>,
): void {
  const at = record.tier?.at ?? value.at;
  if ((tier === 'T0') !== (sideEffect === 'none'))
    reader.problem(at, 'T0 and sideEffect none go together: what changes anything is at least T1');
  if (tier === 'T1' && sideEffect === 'data')
    reader.problem(at, 'what changes data is at least T2');
  if (sideEffect === 'destructive' && tier !== 'T3') reader.problem(at, 'what destroys data is T3');
  // A tool that keeps a target by a description goes back by another description, and another signature.
  if (irreversible !== null && tier !== 'T3' && carrier === undefined)
    reader.problem(record.irreversible?.at ?? at, 'what cannot be taken back is T3');
  if (tier === 'T3' && maxTargets !== 1)
    reader.problem(record.maxTargets?.at ?? at, 'T3 has exactly one target: maxTargets is 1');
  if (carrier !== undefined && (tier === 'T0' || tier === 'T1'))
    reader.problem(
      at,
      'what the controller carries is at least T2: it acts from the machine that all trust',
    );
  if (carrier !== undefined && maxTargets !== 1)
    reader.problem(
      record.maxTargets?.at ?? at,
      'what the controller carries has exactly one target: maxTargets is 1',
    );
  if (tier !== 'T0' && retries > 0)
    reader.problem(record.retries?.at ?? at, 'only T0 is retried: leave retries out');
  if (tier !== 'T0' && verify.facts.length + verify.probes.length === 0)
    reader.problem(
      record.verify?.at ?? value.at,
      'verify is missing: say by which facts or probes one sees that it worked',
    );
  if (diagnosis !== undefined && (tier !== 'T0' || !origin.shipped))
    reader.problem(record.diagnosis?.at ?? at, 'a diagnosis is of T0, and comes with the program');
  const isDiagnosis = diagnosis !== undefined;
  if ((tier === 'T0' || tier === 'T1') && !isDiagnosis && args.some((each) => each.type === 'text'))
    reader.problem(at, 'what takes free text is at least T2');
  if (!isDiagnosis && args.some((each) => each.optional === true))
    reader.problem(at, 'only a diagnosis takes optional arguments: give a default');
}

function readTexts(reader: Reader, value: Value, what: string, most = 200): string[] {
  return reader
    .list(value, what)
    .flatMap((item) => reader.text(item, `an item of ${what}`, most) ?? []);
}

function readSome<T extends string>(
  reader: Reader,
  value: Value,
  what: string,
  accepted: readonly T[],
): readonly T[] {
  const items = reader.list(value, what);
  if (items.length === 0)
    reader.problem(value.at, `${what} is empty: leave the key out to accept any`);
  return items.flatMap((item) => reader.oneOf(item, `an item of ${what}`, accepted) ?? []);
}

function readConcurrency(reader: Reader, value: Value | undefined): Contract['concurrency'] {
  const fallback = { perTarget: 1, perCaller: 5 };
  if (value === undefined) return fallback;
  const record = reader.record(value, 'concurrency', ['perTarget', 'perCaller']);
  const number = (key: 'perTarget' | 'perCaller'): number =>
    (record[key] && reader.whole(record[key], key, 1, 100)) ?? fallback[key];
  return { perTarget: number('perTarget'), perCaller: number('perCaller') };
}
