/** Findings of the verifier as the lines of one page: each thing that is checked, with what became of it. */
import type { BundleFinding, BundleReport } from './bundle.ts';
import type { Said } from './bundle-shape.ts';

export type LineId =
  | 'log'
  | 'file'
  | 'plan'
  | 'orders'
  | 'signatures'
  | 'config'
  | 'receipts'
  | 'story'
  | 'events'
  | 'checkpoint'
  | 'witnesses'
  | 'timestamps'
  | 'revocations'
  | 'page';

/** `open`: not decided here. `unseen`: not looked at, since something before it failed. */
export type LineVerdict = 'holds' | 'fails' | 'open' | 'unseen';

export type ProofLine = {
  readonly id: LineId;
  readonly title: string;
  readonly verdict: LineVerdict;
  readonly says: readonly string[];
};

/** Every code that the verifier has for a bundle (docs/bundle.md), findings and open questions. */
export const LINE_OF: Readonly<Record<string, LineId>> = {
  'not-a-bundle': 'file',
  'bundle-signature': 'file',
  'log-key': 'file',
  'dsse-signature': 'file',
  'plan-digest': 'plan',
  'order-missing': 'orders',
  'order-unreadable': 'orders',
  'order-differs': 'orders',
  'order-times': 'orders',
  'order-checkpoint': 'orders',
  'part-not-listed': 'orders',
  'part-differs': 'orders',
  'step-without-part': 'orders',
  'step-repeated': 'orders',
  'nonce-repeated': 'orders',
  'signature-wrong': 'signatures',
  'signer-unknown': 'signatures',
  'quorum-not-met': 'signatures',
  'signed-outside-times': 'signatures',
  'assurance-differs': 'signatures',
  'standing-differs': 'signatures',
  operators: 'signatures',
  'no-order': 'signatures',
  'new-signer': 'signatures',
  'control-plane-key': 'signatures',
  'config-differs': 'config',
  config: 'config',
  signers: 'config',
  'receipt-unreadable': 'receipts',
  'receipt-signature': 'receipts',
  'receipt-differs': 'receipts',
  'receipt-missing': 'receipts',
  'receipt-times': 'receipts',
  'receipt-chain': 'receipts',
  'ran-outside-times': 'receipts',
  'forward-not-run': 'receipts',
  'host-keys': 'receipts',
  'no-receipt': 'receipts',
  'state-contradicted': 'story',
  'state-differs': 'story',
  'verification-missing': 'story',
  'event-order': 'story',
  'intent-after-run': 'story',
  'outcome-before-run': 'story',
  'event-proof': 'events',
  'event-missing': 'events',
  'checkpoint-unreadable': 'checkpoint',
  'checkpoint-signature': 'checkpoint',
  'cosignature-wrong': 'witnesses',
  'not-witnessed': 'witnesses',
  witness: 'witnesses',
  'timestamp-wrong': 'timestamps',
  'not-timestamped': 'timestamps',
  'timestamp-authority': 'timestamps',
  revocations: 'revocations',
};

const TITLES: Readonly<Record<LineId, string>> = {
  log: 'The log is the one this browser knows',
  file: 'The file is whole, and signed by the log',
  plan: 'The plan is the one with this digest',
  orders: 'What was signed is what the plan says, part by part',
  signatures: 'The people signed it',
  config: 'What was in force then',
  receipts: 'The hosts signed what they ran',
  story: 'Plan, receipts and outcome are one story',
  events: 'The log had the intent before and the outcome after',
  checkpoint: 'The checkpoint is signed by the log',
  witnesses: 'Witnesses saw this log',
  timestamps: 'A timestamp authority saw it',
  revocations: 'No key was revoked since',
  page: 'This page shows what the file proves',
};

/** In the order in which one stands on the other. */
const ORDER: readonly LineId[] = [
  'log',
  'file',
  'plan',
  'orders',
  'signatures',
  'receipts',
  'story',
  'events',
  'checkpoint',
  'config',
  'page',
  'witnesses',
  'timestamps',
  'revocations',
];

/** A finding under a code that is not known here is one about the file. */
export function lineOf({ code, says }: Pick<BundleFinding, 'code' | 'says'>): LineId {
  const line = LINE_OF[code] ?? 'file';
  return line === 'signatures' && says.startsWith('config ') ? 'config' : line;
}

/** Lines of the bundle itself; `log`, `page` and witnesses that the file knows nothing of are said by who checks them. */
export function bundleLines(
  { findings, undecided, more, facts }: BundleReport,
  said: Said | undefined,
): readonly ProofLine[] {
  const fails = new Map<LineId, string[]>();
  for (const finding of findings) {
    const { code, detail, says } = finding;
    const id = lineOf(finding);
    fails.set(id, [...(fails.get(id) ?? []), `${says} (${detail ?? code})`]);
  }
  if (more > 0) fails.set('file', [...(fails.get('file') ?? []), `and ${more} more findings`]);
  const open = new Map<LineId, string[]>();
  for (const { code, says } of undecided) {
    const id = LINE_OF[code] ?? 'file';
    const isNone = code === 'timestamp-authority' && said?.timestamps === 0;
    open.set(id, [...(open.get(id) ?? []), isNone ? NO_TIMESTAMP : (OPEN[code] ?? says)]);
  }
  // The verifier goes no further than the envelope and the statement when they do not hold.
  const isRead = said !== undefined && Object.keys(facts).length > 0;
  return ORDER.filter((id) => id !== 'log' && id !== 'page').map((id) => {
    const wrong = fails.get(id);
    const unclear = open.get(id);
    if (wrong !== undefined) return line(id, 'fails', wrong);
    if (!isRead) return line(id, 'unseen', ['not looked at, since the file could not be read']);
    // Made of what a plan in form says, so nothing was looked for without one.
    const isBlocked = findings.some(({ detail }) => detail === 'plan-form');
    if (isBlocked && ['orders', 'signatures', 'receipts'].includes(id))
      return line(id, 'unseen', ['not looked at, since the plan contradicts itself']);
    if (unclear !== undefined) return line(id, 'open', unclear);
    return line(id, 'holds', holding(id, facts, said));
  });
}

export const line = (id: LineId, verdict: LineVerdict, says: readonly string[]): ProofLine => ({
  id,
  title: TITLES[id],
  verdict,
  says,
});

/** What fails comes first. */
export const inOrder = (lines: readonly ProofLine[]): readonly ProofLine[] =>
  lines.toSorted(
    (a, b) =>
      Number(b.verdict === 'fails') - Number(a.verdict === 'fails') ||
      ORDER.indexOf(a.id) - ORDER.indexOf(b.id),
  );

/** The verifier's words are for somebody with a command line. */
const OPEN: Readonly<Record<string, string>> = {
  witness: 'not checked here: this browser knows no witness whose cosignature is in the file',
  'timestamp-authority':
    'who made the timestamp is not decided here: no certificate of its authority that can be read here was given (Evidence, Your keys). Times rest on the clocks of those who wrote them',
  revocations:
    'not checked here: it takes a list of revoked keys of your own, which can be given under Evidence, Your keys. A key that was revoked since counts as good',
};

const NO_TIMESTAMP = 'there is none in the file: times rest on the clocks of those who wrote them';

function holding(id: LineId, facts: BundleReport['facts'], said: Said): readonly string[] {
  const operators = Array.isArray(facts['operators']) ? facts['operators'].map(String) : [];
  switch (id) {
    case 'file':
      return ['DSSE envelope, canonical JSON, Ed25519'];
    case 'plan':
      return [`sha256 ${String(facts['plan'])}`];
    case 'orders':
      return [`${said.parts.size} ${said.parts.size === 1 ? 'part' : 'parts'}, built anew from it`];
    case 'signatures':
      return [`by ${operators.join(', ')}: enough of them, in time, each with their own key`];
    case 'receipts':
      return said.receipts.length === 0
        ? ['nothing ran, and no host says otherwise']
        : [`${said.receipts.length}, each for its part and within the signed time`];
    case 'story':
      return [`it is ${said.state}, and nothing here contradicts that`];
    case 'events':
      return [`${said.events} records, each proved to be in the checkpoint’s tree`];
    case 'checkpoint':
      return [`over ${said.checkpoint.split('\n')[1] ?? '?'} records`];
    case 'config':
      return ['inventory, policy, catalogue, baselines and signers, as signed for'];
    case 'witnesses':
      return ['each cosignature by a witness that this browser knows'];
    case 'revocations':
      return ['no key that signed here is in the list of revoked keys that was given'];
    case 'timestamps':
      return ['by an authority that leads to a certificate that you gave'];
    case 'log':
    case 'page':
      return [];
  }
}
