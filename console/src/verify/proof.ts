/**
 * Whether a change was what its page says: the bundle that a person would save, checked here by what this browser knew
 * before, and nothing that the service computed. What it cannot decide it says.
 */
import { type BundleFinding, type BundleReport, checkInBrowser } from './bundle.ts';
import { readSaid, type Said } from './bundle-shape.ts';
import { utf8 } from './bytes.ts';
import { fingerprintOf, type Given, NOTHING_GIVEN } from './given.ts';
import type { LogReport, LogSource, Remembered } from './log.ts';
import { verifyLog } from './log.ts';
import { parseCheckpoint, parseNote } from './note.ts';
import { bundleLines, inOrder, line, lineOf, type ProofLine } from './proof-lines.ts';
import { keyOfLine } from './signer-line.ts';
import { admit, believe, instead, signersText, strangersIn, type Trust } from './trust.ts';
import { nameOf } from './witnesses.ts';

/** What the page shows of the change, each as the file has it. */
export type OnPage = {
  readonly changeId: string;
  readonly digest: string | null;
  readonly state: string;
  readonly approvals: readonly { readonly operator: string }[];
  readonly receipts: readonly {
    readonly target: string;
    readonly step: number;
    readonly direction: string;
    readonly number: number;
    readonly result: string;
    readonly status: number;
  }[];
  readonly verification: readonly { readonly says: string; readonly held: boolean }[];
};

export type Proof = {
  /** `cannot`: neither proved nor disproved. */
  readonly verdict: 'proved' | 'disproved' | 'cannot';
  readonly lines: readonly ProofLine[];
  /** Keys that this rests on; those of this very moment were seen here for the first time. */
  readonly logKeys: readonly string[];
  readonly witnesses: readonly string[];
  /** Whose keys, in the form of the verifier's command line. */
  readonly signers: string;
  readonly hostKeys: readonly { readonly target: string; readonly line: string }[];
  readonly rests: readonly Rest[];
  /** Whom signers that are known let in; they count once a person accepts them here. */
  readonly pending: readonly Pending[];
  /** What it stands on was given by a person, and not seen first. */
  readonly given: { readonly log: boolean; readonly signers: boolean };
  /** To be kept from now on; `undefined`: what was known stays. */
  readonly remember:
    | { readonly log: Omit<Remembered, 'seenAt'>; readonly trust: Trust }
    | undefined;
};

/** A key that this rests on. */
export type Rest = {
  readonly who: string;
  /** As `ssh-keygen -lf` says it. */
  readonly fingerprint: string;
  readonly since: string;
  readonly isFirst: boolean;
  /** A passkey that signed in this browser, which checked that itself. */
  readonly isOwn: boolean;
  readonly isGiven: boolean;
};

export type Pending = {
  readonly who: string;
  /** The line of the list. */
  readonly line: string;
  readonly fingerprint: string;
  /** Who signed the configuration that names them. */
  readonly by: readonly string[];
  /** Without them it does not hold. */
  readonly isNeeded: boolean;
};

export async function proveChange(
  file: string,
  page: OnPage,
  source: LogSource,
  known: {
    readonly log: Remembered | undefined;
    readonly trust: Trust;
    readonly own: readonly string[];
    readonly given?: Given;
  },
  now: string,
): Promise<Proof> {
  const given = known.given ?? NOTHING_GIVEN;
  const log = await verifyLog(source, known.log, [], given);
  const none = {
    pending: [],
    given: { log: given.logKeys.length > 0, signers: given.signers.length > 0 },
    logKeys: [],
    witnesses: [],
    signers: signersText(known.trust),
    hostKeys: [],
    rests: [],
    remember: undefined,
  };
  if (log.verdict !== 'proved') {
    const wrong = log.steps.filter(({ holds, isOpen }) => !holds && isOpen !== true);
    const fails = log.verdict === 'disproved';
    return {
      ...none,
      verdict: log.verdict,
      lines: [
        line(
          'log',
          fails ? 'fails' : 'open',
          wrong.map(({ says }) => says),
        ),
      ],
    };
  }
  const said = await readSaid(file);
  const judged = await judge(file, said, known.trust, given, log, now);
  const { trust, report } = judged;
  if ('thrown' in report)
    return { ...none, verdict: 'disproved', lines: [line('config', 'fails', [report.thrown])] };
  const lines = [
    ...bundleLines(report, said).map((one) =>
      one.id === 'config' && one.verdict === 'holds' && judged.pending.length > 0
        ? { ...one, says: [...one.says, newWords(judged.pending)] }
        : one,
    ),
    await sameLog(said, source, log, known.log),
    samePage(said, page, report),
  ].map((one) => (one.id === 'witnesses' ? withUnwitnessed(one, said, log) : one));
  const isWrong = lines.some(({ verdict }) => verdict === 'fails');
  const isOpen = lines.some(
    ({ id, verdict }) =>
      verdict === 'unseen' || (verdict === 'open' && (id === 'file' || id === 'checkpoint')),
  );
  const verdict = isWrong
    ? 'disproved'
    : isOpen || report.undecided.some(({ core }) => core)
      ? 'cannot'
      : 'proved';
  return {
    ...none,
    verdict,
    lines: inOrder(lines),
    logKeys: log.logKeys,
    witnesses: log.witnesses,
    signers: signersText(trust),
    hostKeys: hostKeysOf(said, trust),
    rests: await restsOn(said, report, trust, { now, own: known.own }),
    pending: judged.pending,
    remember:
      verdict === 'proved' && log.remember !== undefined
        ? { log: log.remember, trust: judged.learnt }
        : undefined,
  };
}

type Judged = {
  readonly trust: Trust;
  /** What may be kept of it: nothing of what was given is learnt. */
  readonly learnt: Trust;
  readonly report: BundleReport | { readonly thrown: string };
  readonly pending: readonly Pending[];
};

/** By whom was given, or else known before; whom they let in since is told, and counts for nothing yet. */
async function judge(
  file: string,
  said: Said | undefined,
  known: Trust,
  given: Given,
  log: LogReport,
  now: string,
): Promise<Judged> {
  const believed = said === undefined ? known : believe(known, said, now);
  if (given.signers.length > 0) {
    const trust = instead(believed, given.signers);
    const learnt = { ...believed, signers: known.signers };
    return { trust, learnt, report: await check(file, said, trust, given, log), pending: [] };
  }
  const own = { trust: believed, learnt: believed };
  const first = await check(file, said, believed, given, log);
  const strangers = said === undefined ? [] : strangersIn(believed, said);
  if ('thrown' in first || said === undefined || strangers.length === 0)
    return { ...own, report: first, pending: [] };
  // The verifier lists only so many: what it did not list may be about the config.
  const isVouched =
    said.config && first.more === 0 && !first.findings.some((one) => isAboutConfig(one));
  if (!isVouched) return { ...own, report: first, pending: [] };
  const pendingWith = (isNeeded: boolean): Promise<readonly Pending[]> =>
    Promise.all(
      strangers.map(async (line) => ({
        who: line.split(/\s/, 1)[0] ?? '',
        line,
        fingerprint: await fingerprintOf(line),
        by: said.configBy,
        isNeeded: isNeeded && said.keys.some((key) => key === keyOfLine(line)),
      })),
    );
  if (!first.findings.some((one) => lineOf(one) === 'signatures'))
    return { ...own, report: first, pending: await pendingWith(false) };
  const wide = await check(file, said, admit(believed, strangers, now), given, log);
  if ('thrown' in wide) return { ...own, report: wide, pending: [] };
  const says = 'signed by somebody who is new here: it counts once you accept them, below';
  const undecided = [...wide.undecided, { code: 'new-signer', says, core: true }];
  return { ...own, report: { ...wide, undecided }, pending: await pendingWith(true) };
}

/** Not that a key which signed the order is missing from the list: that is what the list is asked about. */
const isAboutConfig = (finding: BundleReport['findings'][number]): boolean =>
  lineOf(finding) === 'config' || lineOf(finding) === 'file';

async function check(
  file: string,
  said: Said | undefined,
  trust: Trust,
  { revocations, tsa }: Given,
  { logKeys, witnesses }: LogReport,
): Promise<Judged['report']> {
  const cosigned = new Set(namesIn(said?.checkpoint ?? ''));
  try {
    const report = await checkInBrowser(utf8(file), {
      logKeys,
      witnesses: witnesses.filter((vkey) => cosigned.has(nameOf(vkey))),
      signers: signersText(trust),
      hostKeys: hostKeysOf(said, trust),
      revocations,
      // Without a timestamp in the file there is nothing of theirs to check.
      tsa: (said?.timestamps ?? 0) > 0 ? tsa : [],
    });
    return trust.signers.length === 0 ? withoutSigners(report) : report;
  } catch (thrown) {
    // The verifier's own word for what is malformed; anything else is a fault of this page.
    if (thrown instanceof Error && 'code' in thrown)
      return { thrown: `a key or a list of signers in it cannot be read: ${thrown.message}` };
    throw thrown;
  }
}

function hostKeysOf(said: Said | undefined, trust: Trust): Proof['hostKeys'] {
  const own = new Map((said?.hosts ?? []).map(({ host, target }) => [host, target]));
  return trust.hosts.flatMap(({ who, key }) => {
    const target = own.get(who);
    return target === undefined ? [] : [{ target, line: key }];
  });
}

/** Of all that is believed, what this file needed. */
async function restsOn(
  said: Said | undefined,
  { facts }: BundleReport,
  trust: Trust,
  { now, own }: { readonly now: string; readonly own: readonly string[] },
): Promise<readonly Rest[]> {
  const operators = Array.isArray(facts['operators']) ? facts['operators'].map(String) : [];
  const hosts = new Set((said?.hosts ?? []).map(({ host }) => host));
  const needed = [
    ...trust.signers.filter(
      ({ who, key }) =>
        who.split(',').some((one) => operators.includes(one)) &&
        // A certificate is signed by the key of its line.
        (key.includes('cert-authority') || said?.keys.some((one) => one === keyOfLine(key))),
    ),
    ...(said?.controlPlane === undefined ? [] : trust.controlPlane),
    ...trust.hosts.filter(({ who }) => hosts.has(who)),
  ];
  return Promise.all(
    needed.map(async ({ who, key, since }) => ({
      who: who.split(' ', 1)[0] ?? '',
      fingerprint: await fingerprintOf(key),
      since,
      isOwn: own.some((one) => one === keyOfLine(key)),
      isFirst: since === now,
      isGiven: since === '',
    })),
  );
}

/** Who may sign is in no list, here or in the file: then a signature is by nobody known, and not by a stranger. */
function withoutSigners(report: BundleReport): BundleReport {
  const isLack = ({ code, detail }: BundleFinding): boolean =>
    detail === 'unknown-signer' || code === 'quorum-not-met';
  if (!report.findings.some(isLack)) return report;
  const says = 'the file has no list of who may sign, and this browser knows of none';
  return {
    ...report,
    findings: report.findings.filter((one) => !isLack(one)),
    undecided: [...report.undecided, { code: 'no-order', says, core: true }],
  };
}

const namesIn = (note: string): readonly string[] =>
  (parseNote(note)?.signatures ?? []).map(({ name }) => name);

function withUnwitnessed(one: ProofLine, said: Said | undefined, log: LogReport): ProofLine {
  const there = namesIn(said?.checkpoint ?? '');
  const missing = log.witnesses.map(nameOf).filter((name) => !there.includes(name));
  if (missing.length === 0 || one.verdict === 'fails' || one.verdict === 'unseen') return one;
  const says = `${missing.join(', ')} had not cosigned this checkpoint when the file was made`;
  return { ...one, says: one.verdict === 'open' ? [says] : [...one.says, says] };
}

/** The checkpoint in the file belongs to the log that was just checked: nobody keeps a second one for bundles. */
async function sameLog(
  said: Said | undefined,
  source: LogSource,
  log: LogReport,
  known: Remembered | undefined,
): Promise<ProofLine> {
  const note = parseNote(said?.checkpoint ?? '');
  const own = note === undefined ? undefined : parseCheckpoint(note.text);
  const { remember } = log;
  if (own === undefined || remember === undefined)
    return line('log', 'unseen', ['the file has no checkpoint to compare']);
  const since = log.isGiven
    ? 'by the key that was given here'
    : known === undefined
      ? 'seen here for the first time'
      : 'known here before';
  // As if this browser had seen that checkpoint last.
  const seen = { size: own.size, root: own.root, key: remember.key, seenAt: 'in the file' };
  const again = await verifyLog(source, seen);
  const wrong = again.steps.find(({ holds, isOpen }) => !holds && isOpen !== true);
  return again.verdict === 'proved'
    ? line('log', 'holds', [
        `${since}; its checkpoint extends the one in the file, nothing changed`,
      ])
    : line('log', again.verdict === 'disproved' ? 'fails' : 'open', [wrong?.says ?? 'no answer']);
}

function samePage(said: Said | undefined, page: OnPage, report: BundleReport): ProofLine {
  if (said === undefined || Object.keys(report.facts).length === 0)
    return line('page', 'unseen', ['the file could not be read']);
  const bare = (digest: unknown): string => String(digest).replace(/^sha256:/, '');
  const operators = report.facts['operators'];
  const signed = Array.isArray(operators) ? operators : [];
  const ran = new Set(
    said.receipts.map(({ target, part, result, status, number }) =>
      [target, said.parts.get(part), number, result, status].join(' '),
    ),
  );
  const differs = [
    said.change === page.changeId ? [] : ['it is the file of another change'],
    bare(page.digest ?? '') === bare(report.facts['plan'] ?? '')
      ? []
      : ['another plan is shown here'],
    said.state === page.state ? [] : [`the file says ${said.state}, the page ${page.state}`],
    page.approvals
      .filter(({ operator }) => !signed.includes(operator))
      .map(({ operator }) => `no signature by ${operator} that holds is in the file`),
    page.receipts
      .filter(
        ({ target, step, direction, number, result, status }) =>
          !ran.has([target, `${step} ${direction}`, number, result, status].join(' ')),
      )
      .map(({ target, number }) => `receipt ${number} of ${target} is not so in the file`),
    page.verification
      .filter(
        ({ says, held }) =>
          !said.verification.some((one) => one.says === says && one.held === held),
      )
      .map(({ says }) => `not so in the file: ${says}`),
  ].flat();
  return differs.length > 0
    ? line('page', 'fails', differs)
    : line('page', 'holds', ['the digest, the outcome, who signed, every receipt and check']);
}

const newWords = (pending: readonly Pending[]): string =>
  `new among the signers: ${pending.map(({ who }) => who).join(', ')}`;
