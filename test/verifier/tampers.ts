/**
 * What can be done to a bundle, one thing at one layer, with everything above it signed again as somebody who holds the
 * log's key could. Every verifier is held to them.
 */
import assert from 'node:assert/strict';
import {
  type Any,
  type Bend,
  cosign,
  dsse,
  iso,
  KEYS,
  LOG,
  OTHER_LOG,
  OTHER_WITNESS,
  signNote,
  T0,
  WITNESS,
} from './made-bundle.ts';
import { hex, sshsig, str } from './ssh-keys.ts';

/** Bundles that hold. */
export const SHAPES: Readonly<Record<string, Bend>> = {
  'signed by two': {},
  'under a standing approval': { standing: true },
  'by a certificate': { certificate: { principals: ['dora'] } },
  'by a certificate that asks for verification': {
    certificate: {
      principals: ['dora'],
      critical: Buffer.concat([str('verify-required'), str('')]),
    },
  },
  'rolled back': {
    receipts: [0, 1, 2, 3],
    sayEvent: (e) => {
      if (e.kind === 'change.outcome') e.more.state = 'rolled-back';
    },
    thenStatement: (s) => (s.predicate.state = 'rolled-back'),
  },
  'with a passkey on this machine': {
    signAs: { bob: { origin: 'http://localhost:8080', clientEnd: '}' } },
    thenOrder: (o) => (o.signatures[1].assurance = 'touch'),
  },
  'with SHA-256 in the SSHSIG': { signAs: { alice: { hash: 'sha256' } } },
};

export const swap =
  (from: string | RegExp, to: string) =>
  (text: string): string => {
    const bent = text.replace(from, to);
    assert.notEqual(bent, text, `nothing to bend: ${String(from)}`);
    return bent;
  };
const first =
  <T>(bend: (value: T) => void) =>
  (value: T, i: number): void => {
    if (i === 0) bend(value);
  };
const firstText =
  (bend: (text: string) => string) =>
  (text: string, i: number): string =>
    i === 0 ? bend(text) : text;
const order = (bend: (one: Any) => void): Bend => ({ thenOrder: bend });
const statement = (bend: (one: Any) => void): Bend => ({ thenStatement: bend });
const predicate = (bend: (one: Any) => void): Bend => ({
  thenStatement: (one) => bend(one.predicate),
});
const receipt = (from: string | RegExp, to: string): Bend => ({
  sayReceipt: firstText(swap(from, to)),
});
const ZEROS = '0'.repeat(64);
const OTHER = hex('something else');

/** Lines of the receipts made so far. */
const parts: string[] = [];

/** The second part is the first one again, with a nonce of its own. */
function oneStepTwice(): Bend {
  let before = '';
  return {
    sayPart: (part, i) => {
      if (i === 0) before = part;
      return i === 1 ? before.replace(/nonce .*/, `nonce ${'e'.repeat(32)}`) : part;
    },
  };
}

/** What is done, the code it must carry, how it is done. */
export const TAMPERS: readonly (readonly [what: string, code: string, bend: Bend])[] = [
  // The envelope.
  [
    'another payload type',
    'envelope-form',
    { thenEnvelope: (e) => (e.payloadType = 'application/json') },
  ],
  [
    'another payload type, signed as such',
    'envelope-form',
    { thenEnvelope: (e) => Object.assign(e, dsse(Buffer.from(e.payload, 'base64'), 'text/plain')) },
  ],
  ['a member too many', 'envelope-form', { thenEnvelope: (e) => (e.extra = 1) }],
  ['no signature', 'envelope-form', { thenEnvelope: (e) => (e.signatures = []) }],
  [
    'another key id',
    'dsse-signature',
    { thenEnvelope: (e) => (e.signatures[0].keyid = 'holdfast/test+00000000') },
  ],
  [
    'a signature by another key',
    'dsse-signature',
    {
      thenEnvelope: (e) =>
        Object.assign(e, dsse(Buffer.from(e.payload, 'base64'), e.payloadType, OTHER_LOG)),
    },
  ],
  [
    'another key under the right id',
    'dsse-signature',
    {
      thenEnvelope: (e) =>
        (e.signatures[0].sig = dsse(
          Buffer.from(e.payload, 'base64'),
          e.payloadType,
          OTHER_LOG,
        ).signatures[0].sig),
    },
  ],
  [
    'base64 with other padding bits',
    'envelope-form',
    { thenEnvelope: (e) => (e.signatures[0].sig = e.signatures[0].sig.replace('==', '=')) },
  ],
  // The statement.
  [
    'a payload that is not canonical',
    'statement-form',
    { thenPayload: (p) => Buffer.from(p.toString().replace('{', '{ ')) },
  ],
  [
    'a payload with a name twice',
    'statement-form',
    { thenPayload: (p) => Buffer.from(p.toString().replace('{"_type"', '{"_type":"x","_type"')) },
  ],
  [
    'a payload that is not UTF-8',
    'statement-form',
    { thenPayload: (p) => Buffer.concat([p, Buffer.of(0xff)]) },
  ],
  [
    'another statement type',
    'statement-form',
    statement((s) => (s._type = 'https://in-toto.io/Statement/v2')),
  ],
  [
    'another predicate type',
    'statement-form',
    statement((s) => (s.predicateType = 'urn:holdfast:change:2')),
  ],
  ['two subjects', 'statement-form', statement((s) => s.subject.push(s.subject[0]))],
  ['another subject', 'subject-differs', statement((s) => (s.subject[0].name = 'chg_other'))],
  ['another subject digest', 'plan-digest', statement((s) => (s.subject[0].digest.sha256 = OTHER))],
  ['a member that is unknown', 'unknown-member', predicate((p) => (p.more = []))],
  ['a member that is missing', 'statement-form', predicate((p) => delete p.outputs)],
  ['a member of another type', 'statement-form', predicate((p) => (p.receipts = {}))],
  // The plan, after the operators signed.
  ['another reason in the plan', 'plan-digest', predicate((p) => (p.plan.reason = 'another'))],
  [
    'another argument in the plan',
    'part-differs',
    predicate((p) => (p.plan.steps[0].argv[2] = '0777')),
  ],
  [
    'a plan exchanged with its digest',
    'order-plan',
    statement((s) => {
      s.predicate.plan.reason = 'another';
      s.subject[0].digest.sha256 = hex(canonicalOf(s.predicate.plan));
    }),
  ],
  [
    'a step more in the plan',
    'step-without-part',
    predicate((p) => p.plan.steps.push({ ...p.plan.steps[0], step: 2, of: 2 })),
  ],
  [
    'a plan with a target twice',
    'plan-form',
    { sayPlan: (p) => (p.targets[1].hostId = p.targets[0].hostId) },
  ],
  ['T3 on two targets', 'plan-form', { sayPlan: (p) => (p.tier = 'T3') }],
  // Parts.
  ...(
    [
      ['argument', /arg -m/, 'arg -M'],
      ['number of arguments', 'args 5', 'args 4'],
      ['catalogue', hex('catalogue'), OTHER],
      ['account', 'run-as root', 'run-as nobody'],
      ['action', 'action file.write@2', 'action file.write@1'],
      ['stdin', hex('grüße\n'), OTHER],
      ['file', hex('new'), OTHER],
      ['file path', 'new%20motd', 'new%21motd'],
      ['condition', hex('old'), OTHER],
      ['condition kind', 'file-absent', 'file-present'],
      ['timeout', 'timeout 60', 'timeout 61'],
      ['atomicity', 'atomic yes', 'atomic no'],
      ['step', 'step 1/1', 'step 1/2'],
      ['direction', 'direction forward', 'direction inverse'],
      ['epoch', 'epoch 1', 'epoch 2'],
      ['host', /target .*/, `target ${'a'.repeat(32)}`],
      ['nonce', /nonce .*/, 'nonce 1'],
      ['line behind the end', 'end\n', 'end\nmore\n'],
      ['encoding of a byte that stands for itself', 'arg -m', 'arg %2Dm'],
    ] as const
  ).map(
    ([what, from, to]) =>
      [
        `another ${what} in a part that was signed`,
        'part-differs',
        { sayPart: firstText(swap(from, to)) },
      ] as const,
  ),
  [
    'one nonce in two parts',
    'nonce-repeated',
    { sayPart: swap(/nonce .*/, `nonce ${'b'.repeat(32)}`) },
  ],
  ['one step in two parts', 'step-repeated', oneStepTwice()],
  [
    'a part exchanged after signing',
    'part-not-listed',
    order((o) => (o.parts[0] = o.parts[0].replace('arg -m', 'arg -M'))),
  ],
  ['a part left out', 'part-not-listed', order((o) => o.parts.pop())],
  ['two parts the other way round', 'part-not-listed', order((o) => o.parts.reverse())],
  // The order.
  [
    'an order changed after signing',
    'bad-signature',
    order((o) => (o.text = swap('quorum 2', 'quorum 1')(o.text))),
  ],
  [
    'an order of another organisation',
    'order-organisation',
    { sayOrder: swap('example-org', 'other-org') },
  ],
  ['an order of another change', 'order-change', { sayOrder: swap('chg_0123456789', 'chg_9') }],
  ['an order of another plan', 'order-plan', { sayOrder: swap(/plan .*/, `plan ${OTHER}`) }],
  ['an order of another tier', 'order-tier', { sayOrder: swap('tier T2', 'tier T1') }],
  ['an order without quorum', 'order-form', { sayOrder: swap('quorum 2', 'quorum 0') }],
  ['an order with a greater quorum', 'quorum-not-met', { sayOrder: swap('quorum 2', 'quorum 3') }],
  [
    'an order that ends before it begins',
    'order-times',
    { sayOrder: swap(/run-by .*/, `run-by ${T0 + 5}`) },
  ],
  [
    'an order older than its plan',
    'order-times',
    { sayOrder: swap(/issued .*/, `issued ${T0 - 5}`) },
  ],
  [
    'an order under a later checkpoint',
    'order-checkpoint',
    { sayOrder: swap(/checkpoint .*/, `checkpoint 12 ${OTHER}`) },
  ],
  [
    'an order under another history of this size',
    'order-checkpoint',
    { sayOrder: swap(/checkpoint .*/, `checkpoint 11 ${OTHER}`) },
  ],
  ['an order with two spaces', 'order-form', { sayOrder: swap('tier T2', 'tier  T2') }],
  ['an order with a leading zero', 'order-form', { sayOrder: swap('quorum 2', 'quorum 02') }],
  ['an order without its end', 'order-form', { sayOrder: swap('end\n', '') }],
  ['an order with CR LF', 'order-form', { sayOrder: swap('tier T2\n', 'tier T2\r\n') }],
  ['no order', 'order-missing', predicate((p) => (p.orders = []))],
  [
    'a standing approval beside a change document',
    'order-form',
    order((o) => (o.standing = { text: '', signatures: [] })),
  ],
  // Signatures of operators.
  ['a signature left out', 'quorum-not-met', order((o) => o.signatures.pop())],
  ['one operator twice', 'quorum-not-met', order((o) => (o.signatures[1] = o.signatures[0]))],
  [
    'a signature under another name',
    'unknown-signer',
    order((o) => (o.signatures[0].operator = 'carol')),
  ],
  [
    'a signature by a stranger',
    'unknown-signer',
    order(
      (o) =>
        (o.signatures[0] = {
          operator: 'mallory',
          assurance: 'same-user',
          at: iso(T0 + 20),
          armored: sshsig(KEYS.mallory, 'holdfast-change@1', o.text),
          key: KEYS.mallory.line,
        }),
    ),
  ],
  [
    'a stranger under the name of an operator',
    'unknown-signer',
    order((o) =>
      Object.assign(o.signatures[0], {
        armored: sshsig(KEYS.mallory, 'holdfast-change@1', o.text),
        key: KEYS.mallory.line,
      }),
    ),
  ],
  [
    'another key beside the signature',
    'key-differs',
    order((o) => (o.signatures[0].key = KEYS.carol.line)),
  ],
  [
    'a signature in another namespace',
    'bad-signature',
    order((o) => (o.signatures[0].armored = sshsig(KEYS.alice, 'holdfast-lift@1', o.text))),
  ],
  [
    'a signature over another text',
    'bad-signature',
    order((o) => (o.signatures[0].armored = sshsig(KEYS.alice, 'holdfast-change@1', 'x'))),
  ],
  [
    'two signatures in one',
    'two-signatures',
    order((o) => (o.signatures[0].armored += o.signatures[0].armored)),
  ],
  ['bytes behind the armour', 'trailing-bytes', order((o) => (o.signatures[0].armored += 'x\n'))],
  ['bytes behind the signature', 'trailing-bytes', { signAs: { alice: { behind: 'x' } } }],
  ['something in the reserved field', 'bad-signature', { signAs: { alice: { reserved: 'x' } } }],
  [
    'armour in other lines',
    'bad-signature',
    order(
      (o) => (o.signatures[0].armored = o.signatures[0].armored.replace(/\n(.{35})/, '\n$1\n')),
    ),
  ],
  ['a passkey that nobody touched', 'no-presence', { signAs: { bob: { flags: 0x04 } } }],
  [
    'a passkey that did not verify its user',
    'no-verification',
    { signAs: { bob: { flags: 0x01 } } },
  ],
  [
    'a passkey in a frame',
    'cross-origin',
    { signAs: { bob: { clientEnd: ',"crossOrigin":true}' } } },
  ],
  [
    'a passkey in a frame, said twice',
    'cross-origin',
    { signAs: { bob: { clientEnd: ',"crossOrigin":false,"crossOrigin":true}' } } },
  ],
  [
    'a passkey in a frame, said with escapes',
    'cross-origin',
    { signAs: { bob: { clientEnd: ',"cross\\u004frigin":true}' } } },
  ],
  [
    'a passkey with a top origin',
    'cross-origin',
    { signAs: { bob: { clientEnd: ',"topOrigin":"https://x"}' } } },
  ],
  ['a passkey with flags of extensions', 'bad-signature', { signAs: { bob: { flags: 0x85 } } }],
  [
    'a passkey on a page of this machine, said to be separate',
    'assurance-differs',
    { signAs: { bob: { origin: 'https://x.localhost:8443' } } },
  ],
  [
    'more assurance than there was',
    'assurance-differs',
    order((o) => (o.signatures[0].assurance = 'touch')),
  ],
  [
    'less assurance than there was',
    'assurance-differs',
    order((o) => (o.signatures[1].assurance = 'same-user')),
  ],
  [
    'signed before it was issued',
    'signed-outside-times',
    order((o) => (o.signatures[0].at = iso(T0))),
  ],
  [
    'signed after its run-by',
    'signed-outside-times',
    order((o) => (o.signatures[0].at = iso(T0 + 911))),
  ],
  [
    'signed after its decide-by',
    'signed-outside-times',
    { sayPlan: (p) => (p.decideBy = (T0 + 15) * 1e6) },
  ],
  ['signed at no time', 'signed-outside-times', order((o) => (o.signatures[0].at = 'now'))],
  // Certificates.
  ['a certificate of another operator', 'certificate', { certificate: { principals: ['carol'] } }],
  [
    'a certificate of two operators',
    'certificate',
    { certificate: { principals: ['dora', 'carol'] } },
  ],
  ['a certificate of nobody', 'certificate', { certificate: { principals: [] } }],
  ['a certificate of a host', 'certificate', { certificate: { principals: ['dora'], type: 2 } }],
  [
    'a certificate that had ended',
    'signer-expired',
    { certificate: { principals: ['dora'], before: T0 + 19 } },
  ],
  [
    'a certificate that had not begun',
    'signer-expired',
    { certificate: { principals: ['dora'], after: T0 + 21 } },
  ],
  [
    'a certificate with an option',
    'certificate',
    {
      certificate: {
        principals: ['dora'],
        critical: Buffer.concat([str('force-command'), str(str('id'))]),
      },
    },
  ],
  // Standing approvals.
  [
    'a run under another standing approval',
    'standing-differs',
    { standing: true, sayOrder: swap(/standing .*/, `standing ${OTHER}`) },
  ],
  [
    'a standing approval of another organisation',
    'standing-differs',
    { standing: true, sayStanding: swap('example-org', 'other-org') },
  ],
  [
    'a standing approval for another action',
    'standing-differs',
    { standing: true, sayStanding: swap('file.write@2', 'file.write@3') },
  ],
  [
    'a standing approval that is over',
    'standing-expired',
    { standing: true, sayStanding: swap(/expires .*/, `expires ${T0 + 100}`) },
  ],
  [
    'a standing approval without end',
    'standing-expired',
    { standing: true, sayStanding: swap(/expires .*/, `expires ${T0 + 100 * 86_400}`) },
  ],
  [
    'a standing approval outside its window',
    'ran-outside-times',
    { standing: true, sayStanding: swap('always', windowBut(T0)) },
  ],
  [
    'a standing approval without a core',
    'core-not-listed',
    { standing: true, sayStanding: swap(/core .*/, `core ${ZEROS}`) },
  ],
  [
    'a standing approval for a tainted plan',
    'standing-tainted',
    { standing: true, sayPlan: (p) => (p.tainted = true) },
  ],
  [
    'a standing approval changed after signing',
    'bad-signature',
    {
      standing: true,
      thenOrder: (o) => (o.standing.text = o.standing.text.replace('budget 3', 'budget 9')),
    },
  ],
  [
    'a standing approval with a greater quorum',
    'quorum-not-met',
    { standing: true, sayStanding: swap('quorum 1', 'quorum 2') },
  ],
  [
    'a run that is not signed',
    'quorum-not-met',
    { standing: true, thenOrder: (o) => (o.signatures = []) },
  ],
  [
    'a run signed by an operator',
    'unknown-signer',
    {
      standing: true,
      thenOrder: (o) =>
        Object.assign(o.signatures[0], {
          operator: 'alice',
          armored: sshsig(KEYS.alice, 'holdfast-run@1', o.text),
          key: KEYS.alice.line,
        }),
    },
  ],
  // Receipts.
  [
    'a receipt changed after signing',
    'receipt-wrong',
    { thenReceipt: first((r) => (r.text = r.text.replace('status 0', 'status 1'))) },
  ],
  [
    'a receipt signed by another host',
    'receipt-key',
    {
      thenReceipt: first((r) =>
        Object.assign(r, {
          armored: sshsig(KEYS['host:web-2'], 'holdfast-receipt@1', r.text),
          key: KEYS['host:web-2'].line,
        }),
      ),
    },
  ],
  [
    'a receipt with another key beside it',
    'receipt-wrong',
    { thenReceipt: first((r) => (r.key = KEYS['host:web-2'].line)) },
  ],
  ['a receipt of another host', 'receipt-target', receipt(/target .*/, `target ${'c'.repeat(32)}`)],
  ['a receipt of another enrolment', 'receipt-target', receipt('epoch 1', 'epoch 2')],
  ['a receipt for another order', 'receipt-order', receipt(/order .*/, `order ${OTHER}`)],
  ['a receipt for another part', 'receipt-part', receipt(/part .*/, `part ${OTHER}`)],
  ['a receipt with another nonce', 'receipt-nonce', receipt(/nonce .*/, `nonce ${'d'.repeat(32)}`)],
  [
    'a receipt that ended before it started',
    'receipt-times',
    receipt(/ended .*/, `ended ${T0 + 11}`),
  ],
  [
    'a receipt from after the window',
    'ran-outside-times',
    receipt(/started .*\nended .*/, `started ${T0 + 1000}\nended ${T0 + 1000}`),
  ],
  [
    'a receipt from before the window',
    'ran-outside-times',
    receipt(/started .*/, `started ${T0 + 2}`),
  ],
  ['a receipt without number', 'receipt-chain', receipt('number 5', 'number 0')],
  ['a first receipt with one before it', 'receipt-chain', receipt('number 5', 'number 1')],
  ['a receipt with no one before it', 'receipt-chain', receipt(/previous .*/, `previous ${ZEROS}`)],
  ['a receipt with output of no length', 'receipt-form', receipt(/stdout (.*) 3/, 'stdout $1 0')],
  [
    'a receipt of another kind',
    'receipt-form',
    receipt('holdfast-receipt 1', 'holdfast-receipt 2'),
  ],
  ['a receipt with an unknown result', 'receipt-form', receipt('exited', 'ended-well')],
  [
    'a receipt that says it did not run',
    'state-contradicted',
    receipt('result exited', 'result not-started'),
  ],
  ['a receipt left out', 'receipt-missing', { receipts: [0] }],
  [
    'a receipt for the part of another host',
    'receipt-part',
    {
      sayReceipt: (text, i) => {
        parts[i] = /part .*/.exec(text)?.[0] ?? '';
        return i === 1 ? text.replace(/part .*/, parts[0] ?? '') : text;
      },
    },
  ],
  ['a step undone in a change that is confirmed', 'state-contradicted', { receipts: [0, 1, 2] }],
  ['two receipts for one part', 'receipt-repeated', { receipts: [0, 0, 1] }],
  ['an inverse without its forward', 'forward-not-run', { receipts: [1, 2] }],
  ['an inverse before its forward', 'forward-not-run', { receipts: [2, 0, 1] }],
  ['a receipt that does not follow', 'receipt-chain', { receipts: [0, 2] }],
  // State, checks and events.
  ['another state', 'event-state', predicate((p) => (p.state = 'failed'))],
  ['a state that there is not', 'statement-form', predicate((p) => (p.state = 'done'))],
  ['a state in which nothing ran', 'state-contradicted', predicate((p) => (p.state = 'refused'))],
  [
    'a check that did not hold',
    'state-contradicted',
    predicate((p) => (p.verification[0].held = false)),
  ],
  ['a check without an answer', 'verification-missing', predicate((p) => (p.verification = []))],
  ['no intent', 'intent-missing', predicate((p) => p.events.shift())],
  ['no outcome', 'outcome-missing', predicate((p) => p.events.pop())],
  [
    'an event changed',
    'event-proof',
    { thenEvent: first((e) => (e.record = e.record.replace('"time":"20', '"time":"21'))) },
  ],
  ['an event at another place', 'event-form', { thenEvent: first((e) => (e.seq = 5)) }],
  [
    'another proof',
    'event-proof',
    { thenEvent: first((e) => (e.proof[0] = Buffer.alloc(32).toString('base64'))) },
  ],
  ['a proof that is too short', 'event-proof', { thenEvent: first((e) => e.proof.pop()) }],
  [
    'a proof that is too long',
    'event-proof',
    { thenEvent: first((e) => e.proof.push(e.proof[0])) },
  ],
  [
    'events of another change',
    'event-foreign',
    {
      sayEvent: (e) => {
        if (e.kind === 'change.intent') e.more.change = 'chg_9';
      },
    },
  ],
  [
    'events of another plan',
    'event-plan',
    {
      sayEvent: (e) => {
        if (e.kind === 'change.outcome') e.more.plan = OTHER;
      },
    },
  ],
  [
    'an outcome before the intent',
    'events-order',
    {
      sayEvent: (e) => {
        if (e.seq === 4) e.kind = 'change.outcome';
        if (e.seq === 6) e.kind = 'change.intent';
      },
    },
  ],
  [
    'two intents of what is no rollout',
    'events-order',
    {
      events: [4, 5, 6],
      sayEvent: (e) => {
        if (e.seq === 5) e.kind = 'change.intent';
      },
    },
  ],
  ...[
    [['host:web-1']],
    [['host:web-1', 'host:web-2'], ['host:web-2']],
    [['host:web-1'], [], ['host:web-2']],
    [['host:web-1'], ['host:web-9']],
    'host:web-1',
  ].map((batches): [string, string, Bend] => [
    `batches that are not its targets: ${JSON.stringify(batches)}`,
    'plan-form',
    { sayPlan: (p) => (p.rollout = { batches, waitSeconds: 0, maxFailures: 0 }) },
  ]),
  [
    'an intent long after the run',
    'intent-after-run',
    {
      sayEvent: (e) => {
        if (e.seq === 4) e.time = iso(T0 + 600);
      },
    },
  ],
  [
    'an outcome long before the run',
    'outcome-before-run',
    {
      sayEvent: (e) => {
        if (e.seq === 6) e.time = iso(T0 - 600);
      },
    },
  ],
  ['an event twice', 'event-form', predicate((p) => p.events.push(p.events[1]))],
  // The checkpoint and what is outside.
  [
    'a checkpoint changed after signing',
    'checkpoint-signature',
    { thenNote: swap('\n11\n', '\n12\n') },
  ],
  [
    'a checkpoint over other records',
    'event-proof',
    { sayNote: swap(/\n.{44}\n/, `\n${Buffer.alloc(32).toString('base64')}\n`) },
  ],
  [
    'a checkpoint by another key',
    'checkpoint-signature',
    {
      thenNote: (note) =>
        cosign(signNote(note.slice(0, note.indexOf('\n\n') + 1), OTHER_LOG), WITNESS, T0 + 200),
    },
  ],
  [
    'a checkpoint of another origin',
    'checkpoint-signature',
    { sayNote: swap('holdfast/test', 'holdfast/tost') },
  ],
  ['a checkpoint that is no note', 'checkpoint-form', { thenNote: swap('\n\n', '\n') }],
  ['a checkpoint without its witness', 'not-witnessed', { thenNote: swap(/— witness.*\n/, '') }],
  [
    'a cosignature by another witness',
    'not-witnessed',
    { thenNote: (note) => cosign(note.replace(/— witness.*\n/, ''), OTHER_WITNESS, T0 + 200) },
  ],
  [
    'a cosignature over something else',
    'cosignature',
    {
      thenNote: (note) =>
        note.replace(/— witness.*\n/, '') +
        (cosign(signNote('holdfast/test\n1\n\n', LOG), WITNESS, T0).match(/— witness.*\n/)?.[0] ??
          ''),
    },
  ],
  [
    'a cosignature from before the events',
    'cosignature',
    { thenNote: (note) => cosign(note.replace(/— witness.*\n/, ''), WITNESS, T0 - 600) },
  ],
  [
    'a timestamp of another checkpoint',
    'timestamp-of',
    predicate((p) => (p.timestamps = [{ of: OTHER, token: '' }])),
  ],
  [
    'a timestamp that is none',
    'timestamp-form',
    { timestamp: Buffer.from('x').toString('base64') },
  ],
  // What was in force.
  [
    'a config changed after signing',
    'bad-signature',
    predicate((p) => (p.config[0].text = p.config[0].text.replace('version 3', 'version 4'))),
  ],
  ['a config of another policy', 'config-differs', { sayConfig: swap(hex('policy'), OTHER) }],
  [
    'a config of another organisation',
    'config-differs',
    { sayConfig: swap('example-org', 'other-org') },
  ],
  [
    'a config of other signers',
    'signers-differ',
    { sayConfig: swap(/signers 3 .*/, `signers 3 ${OTHER}`) },
  ],
  [
    'a config that nobody signed',
    'quorum-not-met',
    predicate((p) => (p.config[0].signatures = [])),
  ],
  [
    'signers without one who signed',
    'signers-differ',
    predicate((p) => (p.signers = p.signers.replace(/alice.*\n/, ''))),
  ],
  ['an output with no hash', 'statement-form', predicate((p) => (p.outputs[0].sha256 = 'x'))],
];

function canonicalOf(value: Any): string {
  return Array.isArray(value)
    ? `[${value.map(canonicalOf).join(',')}]`
    : typeof value !== 'object' || value === null
      ? JSON.stringify(value)
      : `{${Object.keys(value)
          .sort()
          .map((key) => `${JSON.stringify(key)}:${canonicalOf(value[key])}`)
          .join(',')}}`;
}

/** A window of a minute that `seconds` is not in, twelve hours off. */
function windowBut(seconds: number): string {
  const at = (minute: number): string =>
    `${String(Math.floor((minute / 60) % 24)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  const minute = Math.floor(seconds / 60) + 720;
  return `${at(minute)}-${at(minute + 1)}`;
}
