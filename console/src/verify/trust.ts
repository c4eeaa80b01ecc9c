/**
 * Whom this browser believes about changes. A key counts from the first bundle on in which it stood, as with known hosts
 * of `ssh`; a list of signers that changes counts when those who were believed before signed for it. Kept in this browser.
 */
import { type Said } from './bundle-shape.ts';
import type { Kept } from './memory.ts';

const NAME = 'holdfast.believed';

export type Seen = {
  /** An allowed_signers line, or `control-plane`, or a host with its enrolment. */
  readonly who: string;
  readonly key: string;
  readonly since: string;
};

export type Trust = {
  readonly signers: readonly Seen[];
  readonly controlPlane: readonly Seen[];
  readonly hosts: readonly Seen[];
};

export const NOBODY: Trust = { signers: [], controlPlane: [], hosts: [] };

/** What is believed of this bundle: what was known, and of the rest what is seen here for the first time. */
export function believe(known: Trust, said: Said, now: string): Trust {
  return {
    signers:
      known.signers.length > 0
        ? known.signers
        : said.signers.map((key) => ({ who: nameOf(key), key, since: now })),
    controlPlane: withFirst(known.controlPlane, 'control-plane', said.controlPlane, now),
    hosts: said.hosts.reduce<readonly Seen[]>(
      (hosts, { host, key }) => withFirst(hosts, host, key, now),
      known.hosts,
    ),
  };
}

/** Signers that this bundle had in force, and that are not known here: nobody believes them yet. */
export const strangersIn = ({ signers }: Trust, said: Said): readonly string[] =>
  said.signers.filter((key) => !signers.some((one) => one.key === key));

/** With signers that were not known: for good once a person accepted them. */
export function admit(trust: Trust, lines: readonly string[], now: string): Trust {
  const fresh = lines.filter((key) => !trust.signers.some((one) => one.key === key));
  return {
    ...trust,
    signers: [...trust.signers, ...fresh.map((key) => ({ who: nameOf(key), key, since: now }))],
  };
}

/** With the signers that a person gave in place of all that were seen; also of the control plane, where they name it. */
export function instead(trust: Trust, lines: readonly string[]): Trust {
  const isNamed = lines.some((key) => nameOf(key).split(',').includes('control-plane'));
  return {
    ...trust,
    signers: lines.map((key) => ({ who: nameOf(key), key, since: '' })),
    controlPlane: isNamed ? [] : trust.controlPlane,
  };
}

/** The text that the verifier takes for the auditor's own. */
export const signersText = ({ signers, controlPlane }: Trust): string =>
  [
    ...signers.map(({ key }) => key),
    ...controlPlane.map(({ key }) => `control-plane namespaces="holdfast-run@1" ${key}`),
    '',
  ].join('\n');

export function recall(storage: Kept): Trust {
  try {
    const kept = JSON.parse(storage.getItem(NAME) ?? 'null') as Partial<Trust> | null;
    return {
      signers: seenOf(kept?.signers),
      controlPlane: seenOf(kept?.controlPlane),
      hosts: seenOf(kept?.hosts),
    };
  } catch {
    return NOBODY;
  }
}

/** Also where nothing can be kept: then the next visit begins anew. */
export function keep(storage: Kept, trust: Trust): void {
  try {
    storage.setItem(NAME, JSON.stringify(trust));
  } catch {
    // Nothing is lost but the memory.
  }
}

/** After a person said that they know why keys are others now. */
export function forgetTrust(storage: Kept): void {
  try {
    storage.removeItem(NAME);
  } catch {
    // As above.
  }
}

function withFirst(
  seen: readonly Seen[],
  who: string,
  key: string | undefined,
  now: string,
): readonly Seen[] {
  if (key === undefined || seen.some((one) => one.who === who)) return seen;
  return [...seen, { who, key, since: now }];
}

const nameOf = (line: string): string => line.split(/\s/, 1)[0] ?? '';

const seenOf = (value: unknown): readonly Seen[] =>
  Array.isArray(value)
    ? value.flatMap((one: Partial<Seen> | null) =>
        typeof one?.who === 'string' && typeof one.key === 'string' && typeof one.since === 'string'
          ? [{ who: one.who, key: one.key, since: one.since }]
          : [],
      )
    : [];
