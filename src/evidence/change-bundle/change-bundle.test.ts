/** A bundle that holds, and everything that is changed in it found under its code. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { changeDocument, type PartDocument, partDocument, receiptDocument } from '#authority';
import { sha256 } from '#base/digest';
import { canonicalJson, type JsonObject } from '#base/json';
import { aChange, aKey, aReceipt, NOON, ORGANISATION } from '#samples/authority';
import { anEvent } from '#samples/evidence';
import { SimulatedDisk } from '#test/simulated-files';
import { LOG, openTestLog } from '#test/simulated-log';
import { makeBundle } from './make.ts';
import type { BundleParts } from './parts.ts';
import { type BundlePins, verifyBundle } from './verify.ts';

const HOST = 'a'.repeat(32);
const NONCE = 'b'.repeat(32);
const CHANGE = 'change_1';
const alice = aKey('alice');
const host = aKey('host');
const zeros = '0'.repeat(64);

const step = {
  target: 'host:web-1',
  step: 1,
  of: 1,
  direction: 'forward',
  action: 'service.restart@1',
  argv: ['systemctl', 'restart', '--', 'nginx.service'],
  runAs: 'root',
  stdin: null,
  files: [],
  conditions: [],
  timeoutSeconds: 60,
  atomic: false,
  effect: 'restarts nginx.service',
} as const;
const plan = {
  v: 1,
  change: CHANGE,
  organisation: ORGANISATION,
  action: { id: 'service.restart', version: 1, digest: `sha256:${zeros}` },
  arguments: {},
  reason: 'it is down',
  requestedBy: { principal: 'operator:alice', onBehalfOf: null },
  tier: 'T2',
  inForce: { inventory: zeros, policy: zeros, catalogue: zeros, baselines: zeros },
  targets: [{ id: 'host:web-1', scope: 'org/site', hostId: HOST, epoch: 1, profile: zeros }],
  steps: [step],
  preconditions: [],
  verification: [],
  stabiliseSeconds: 0,
  irreversible: null,
  undoes: null,
  tainted: false,
  madeAt: (NOON - 60) * 1e6,
  decideBy: (NOON + 600) * 1e6,
} as unknown as JsonObject;
const digest = sha256(canonicalJson(plan));

const operators = `alice namespaces="holdfast-change@1,holdfast-standing@1,holdfast-config@1,holdfast-lift@1" ${alice.line}\n`;

function parts(over: Partial<PartDocument> = {}): BundleParts {
  const part = partDocument.format({
    target: HOST,
    epoch: 1,
    action: step.action,
    catalogue: zeros,
    runAs: 'root',
    args: step.argv,
    stdin: null,
    files: [],
    conditions: [],
    step: { number: 1, of: 1 },
    direction: 'forward',
    timeout: 60,
    atomic: false,
    nonce: NONCE,
    ...over,
  });
  const order = changeDocument.format(
    aChange({ change: CHANGE, plan: digest, tier: 'T2', quorum: 1, parts: [sha256(part)] }),
  );
  const receipt = receiptDocument.format(
    aReceipt({
      target: HOST,
      epoch: 1,
      order: sha256(order),
      part: sha256(part),
      nonce: NONCE,
      result: 'exited',
      status: 0,
    }),
  );
  return {
    plan,
    state: 'confirmed',
    orders: [
      {
        text: order,
        signatures: [
          {
            operator: 'alice',
            assurance: 'same-user',
            at: '2026-03-01T12:00:00.000000Z',
            armored: alice.sign('holdfast-change@1', order),
            key: alice.line,
          },
        ],
        parts: [part],
        standing: null,
      },
    ],
    receipts: [
      {
        target: 'host:web-1',
        text: receipt,
        armored: host.sign('holdfast-receipt@1', receipt),
        key: host.line,
      },
    ],
    verification: [],
    config: [],
    signers: operators,
    outputs: [],
  };
}

async function bundle(
  of: BundleParts = parts(),
  more: readonly [string, string][] = [
    ['change.intent', ''],
    ['change.outcome', 'confirmed'],
  ],
): Promise<{ text: string; pins: BundlePins }> {
  const files = new SimulatedDisk().start();
  const { log } = await openTestLog(files);
  for (let i = 0; i < 300; i += 1) log.append(anEvent({ requestId: `req_${i}` }));
  for (const [kind, state] of more) {
    await log.append(
      anEvent({ kind, more: { change: CHANGE, plan: digest, ...(state === '' ? {} : { state }) } }),
    ).durable;
  }
  const events = (await log.read({}, 50)).filter((event) => event.more?.['change'] === CHANGE);
  const text = await makeBundle({ log, files, directory: LOG }, CHANGE, of, events);
  const pins = { logKeys: [log.vkey], operators, hosts: new Map([['host:web-1', host.line]]) };
  await log[Symbol.asyncDispose]();
  return { text, pins };
}

const codes = (text: string, pins: BundlePins): readonly string[] => {
  const { problems, undecided } = verifyBundle(text, pins);
  return [...problems, ...undecided].map(({ code }) => code);
};

describe('the bundle of a change', () => {
  it('holds under the keys that an auditor pins, and says who signed', async () => {
    const { text, pins } = await bundle();
    const report = verifyBundle(text, pins);
    assert.deepEqual([report.verdict, report.problems, report.undecided], ['holds', [], []]);
    assert.deepEqual(report.operators, ['alice']);
    assert.equal(report.change, CHANGE);
  });

  it('cannot be decided for want of keys, and never holds under others', async () => {
    const { text, pins } = await bundle();
    assert.deepEqual(
      codes(text, { logKeys: [] }).toSorted((a, b) => (a < b ? -1 : 1)),
      ['host-keys', 'log-key', 'operators'],
    );
    const eve = aKey('eve').line;
    assert.deepEqual(codes(text, { ...pins, hosts: new Map([['host:web-1', eve]]) }), [
      'receipt-signature',
    ]);
    const others = operators.replace(alice.line, eve);
    assert.deepEqual(codes(text, { ...pins, operators: others }), [
      'signer-unknown',
      'quorum-not-met',
    ]);
    const { pins: foreign } = await bundle();
    assert.equal(codes(text, foreign).length, 0, 'the same seed makes the same key');
  });

  it('names what was changed before it was signed', async () => {
    const good = parts();
    const [order] = good.orders;
    const [receipt] = good.receipts;
    assert.ok(order !== undefined && receipt !== undefined);
    const cases: readonly (readonly [string, BundleParts])[] = [
      ['part-differs', parts({ args: ['systemctl', 'stop', '--', 'nginx.service'] })],
      ['part-differs', parts({ runAs: 'www-data' })],
      ['part-differs', parts({ timeout: 61 })],
      [
        'part-not-listed',
        { ...good, orders: [{ ...order, parts: [...order.parts, ...order.parts] }] },
      ],
      ['order-missing', { ...good, orders: [], receipts: [] }],
      ['order-unreadable', { ...good, orders: [{ ...order, text: `${order.text} ` }] }],
      [
        'signature-wrong',
        { ...good, orders: [{ ...order, text: order.text.replace('issued 1', 'issued 2') }] },
      ],
      ['quorum-not-met', { ...good, orders: [{ ...order, signatures: [] }] }],
      ['receipt-missing', { ...good, receipts: [] }],
      ['receipt-differs', { ...good, receipts: [receipt, receipt] }],
      ['receipt-unreadable', { ...good, receipts: [{ ...receipt, text: 'x' }] }],
      ['state-differs', { ...good, state: 'failed' }],
      ['plan-digest', { ...good, plan: { ...plan, change: 'change_2' } }],
      ['state-contradicted', { ...good, verification: [{ says: 'it runs', held: false }] }],
      ['order-differs', { ...good, plan: { ...plan, reason: 'another' } }],
    ];
    for (const [code, of] of cases) {
      const { text, pins } = await bundle(of);
      assert.ok(codes(text, pins).includes(code), `${code}: ${codes(text, pins).join()}`);
    }
  });

  it('needs an intent before and an outcome after', async () => {
    for (const [code, events] of [
      ['event-missing', [['change.intent', '']]],
      ['event-order', [['change.outcome', 'confirmed']]],
      [
        'event-order',
        [
          ['change.outcome', 'confirmed'],
          ['change.intent', ''],
        ],
      ],
      [
        'state-differs',
        [
          ['change.intent', ''],
          ['change.outcome', 'failed'],
        ],
      ],
    ] as const) {
      const { text, pins } = await bundle(parts(), events as unknown as [string, string][]);
      assert.ok(codes(text, pins).includes(code), code);
    }
  });

  it('does not hold with any character changed', async () => {
    const { text, pins } = await bundle();
    for (let at = 0; at < text.length - 1; at += 41) {
      const other = text[at] === 'A' ? 'B' : 'A';
      const changed = text.slice(0, at) + other + text.slice(at + 1);
      assert.notEqual(verifyBundle(changed, pins).verdict, 'holds', `at ${at}`);
    }
    fc.assert(
      fc.property(
        fc.nat(text.length - 2),
        fc.nat(9),
        fc.string({ maxLength: 9 }),
        (at, cut, put) => {
          const changed = text.slice(0, at) + put + text.slice(at + cut);
          const isSame = changed.trim() === text.trim();
          assert.ok(
            isSame ||
              verifyBundle(changed, pins).verdict !== 'holds' ||
              changed.replaceAll(/\s/g, '') === text.trim(),
          );
        },
      ),
      { numRuns: 60 },
    );
    fc.assert(
      fc.property(
        fc.json(),
        (json) => verifyBundle(json, pins).problems[0]?.code === 'not-a-bundle',
      ),
    );
  });
});
