/** A change that was signed, run and confirmed, as parts of a bundle; and ways to get it wrong. */
import { changeDocument, type PartDocument, partDocument, receiptDocument } from '#authority';
import { sha256 } from '#base/digest';
import { canonicalJson, type JsonObject } from '#base/json';
import { aChange, aKey, aReceipt, NOON, ORGANISATION } from '#samples/authority';
import { anEvent } from '#samples/evidence';
import { SimulatedDisk } from '#test/simulated-files';
import { LOG, openTestLog, tickingClock } from '#test/simulated-log';
import { makeBundle } from './make.ts';
import type { BundleParts } from './parts.ts';
import type { BundlePins } from './verify.ts';

const HOST = 'a'.repeat(32);
const NONCE = 'b'.repeat(32);
export const CHANGE = 'change_1';
const alice = aKey('alice');
export const host = aKey('host');
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

export const operators = `alice namespaces="holdfast-change@1,holdfast-standing@1,holdfast-config@1,holdfast-lift@1" ${alice.line}\n`;

export function parts(over: Partial<PartDocument> = {}): BundleParts {
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

export async function bundle(
  of: BundleParts = parts(),
  more: readonly [string, string][] = [
    ['change.intent', ''],
    ['change.outcome', 'confirmed'],
  ],
): Promise<{ text: string; pins: BundlePins }> {
  const files = new SimulatedDisk().start();
  const { log } = await openTestLog(files, { clock: tickingClock(NOON * 1e6) });
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

/** Each with the code it is found by. */
export function wrongParts(): readonly (readonly [string, BundleParts])[] {
  const good = parts();
  const [order] = good.orders;
  const [receipt] = good.receipts;
  if (order === undefined || receipt === undefined) throw new Error('the sample has both');
  return [
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
}
