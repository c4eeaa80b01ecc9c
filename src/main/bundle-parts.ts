/** Puts together what is known of a change, in the form in which a stranger checks it. */
import type { VerifiedSignature } from '#authority';
import type { JsonObject } from '#base/json';
import { formatInstant, type Instant } from '#base/time';
import type { BundleParts } from '#evidence';
import type { ChangeMaterial } from '#execution';
import type { StandingRow } from '#store';
import type { AuthorityRecord } from './authority-record.ts';

type BundleSignature = BundleParts['config'][number]['signatures'][number];

export type ControlPlane = {
  /** Its public key, one OpenSSH line. */
  readonly line: string;
  readonly signRun: (text: string) => Promise<string>;
};

export async function bundleParts(
  { plan, state, orders, attempts, verification, inForce }: ChangeMaterial,
  records: readonly AuthorityRecord[],
  controlPlane: ControlPlane,
): Promise<BundleParts> {
  const record = records.find(({ texts }) => texts.order === inForce?.config);
  const receipts = attempts.flatMap(({ target, detail }) => {
    const { text, armored, key } = (detail ?? {}) as Readonly<Record<string, unknown>>;
    return typeof text === 'string' && typeof armored === 'string' && typeof key === 'string'
      ? [{ target, text, armored, key }]
      : [];
  });
  return {
    plan: plan as unknown as JsonObject,
    state,
    orders: await Promise.all(
      orders.map(async ({ order, approvals, standing }) => ({
        text: order.text,
        signatures:
          order.kind === 'change'
            ? approvals.map(({ operator, assurance, at, signature, detail }) => ({
                operator,
                assurance,
                at: formatInstant(at),
                armored: signature,
                key: typeof detail['key'] === 'string' ? detail['key'] : '',
              }))
            : [await controlPlaneSignature(order.text, order.madeAt, controlPlane)],
        parts: order.parts,
        standing: standing === null ? null : standingText(standing),
      })),
    ),
    receipts,
    verification,
    config:
      record === undefined
        ? []
        : [
            {
              text: record.texts.order,
              signatures: signaturesOf(
                record.texts.signatures,
                record.signed,
                record.config.issued,
              ),
            },
          ],
    signers: inForce?.signers ?? '',
    outputs: attempts.flatMap(({ detail }) => outputsOf(detail)),
  };
}

function signaturesOf(
  armored: readonly string[],
  signed: readonly VerifiedSignature[],
  issued: number,
): readonly BundleSignature[] {
  return armored.map((text, i) => ({
    operator: signed[i]?.operator ?? '',
    assurance: signed[i]?.assurance ?? 'same-user',
    at: formatInstant((issued * 1_000_000) as Instant),
    armored: text,
    key: signed[i]?.key ?? '',
  }));
}

/** Ed25519 signs the same bytes the same way, so what was dispatched need not be kept. */
async function controlPlaneSignature(
  text: string,
  at: Instant,
  { line, signRun }: ControlPlane,
): Promise<BundleSignature> {
  const armored = await signRun(text);
  return {
    operator: 'control-plane',
    assurance: 'same-user',
    at: formatInstant(at),
    armored,
    key: line,
  };
}

function standingText({ text, signatures, addedAt, detail }: StandingRow): {
  readonly text: string;
  readonly signatures: readonly BundleSignature[];
} {
  const signed = (detail['signed'] ?? []) as unknown as readonly VerifiedSignature[];
  return {
    text,
    signatures: signatures.map((armored, i) => ({
      operator: signed[i]?.operator ?? '',
      assurance: signed[i]?.assurance ?? 'same-user',
      at: formatInstant(addedAt),
      armored,
      key: signed[i]?.key ?? '',
    })),
  };
}

function outputsOf(detail: JsonObject | null): BundleParts['outputs'] {
  const outputs = (detail?.['outputs'] ?? {}) as Readonly<
    Record<string, { readonly sha256: string; readonly length: number }>
  >;
  return Object.values(outputs).map(({ sha256, length }) => ({
    sha256,
    length,
    media: 'text/plain',
    sealed: true,
  }));
}
