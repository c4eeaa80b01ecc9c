/** What a bundle says of itself, read without believing it: what is malformed is as if it were not there. */
import { fromBase64, sha256, toHex, utf8 } from './bytes.ts';

export type SaidReceipt = {
  readonly target: string;
  readonly key: string;
  readonly part: string;
  readonly result: string;
  readonly status: number;
  readonly number: number;
};

export type Said = {
  readonly change: string;
  readonly state: string;
  /** Lines of the signers file in force, without comments. */
  readonly signers: readonly string[];
  readonly config: boolean;
  /** Names beside the signatures of the configurations that name this very list of signers. */
  readonly configBy: readonly string[];
  /** Keys that signed orders and standing approvals: type and base64. */
  readonly keys: readonly string[];
  /** The key beside the first signature of a run order. */
  readonly controlPlane: string | undefined;
  /** One for each receipt; `host` names the target with the enrolment that its key belongs to. */
  readonly hosts: readonly {
    readonly target: string;
    readonly host: string;
    readonly key: string;
  }[];
  readonly receipts: readonly SaidReceipt[];
  /** By digest: the step and the direction of a part. */
  readonly parts: ReadonlyMap<string, string>;
  readonly verification: readonly { readonly says: string; readonly held: boolean }[];
  readonly events: number;
  readonly checkpoint: string;
  readonly timestamps: number;
};

/** `undefined` for what is not even the outline of a bundle. */
export async function readSaid(file: string): Promise<Said | undefined> {
  let predicate: Fields;
  try {
    const payload = fromBase64(text(fields(JSON.parse(file)), 'payload'));
    predicate = fields(fields(JSON.parse(new TextDecoder().decode(payload)))['predicate']);
  } catch {
    return undefined;
  }
  const plan = fields(predicate['plan']);
  const orders = list(predicate, 'orders');
  const receipts = list(predicate, 'receipts').map((one) => {
    const said = text(one, 'text');
    return {
      target: text(one, 'target'),
      key: text(one, 'key'),
      part: line(said, 'part'),
      result: line(said, 'result'),
      status: Number(line(said, 'status')),
      number: Number(line(said, 'number')),
    };
  });
  const targets = list(plan, 'targets');
  const parts = new Map<string, string>();
  for (const order of orders) {
    const own = order['parts'];
    for (const part of Array.isArray(own) ? own : []) {
      if (typeof part !== 'string') continue;
      const digest = toHex(await sha256(utf8(part)));
      parts.set(digest, `${line(part, 'step').split('/')[0]} ${line(part, 'direction')}`);
    }
  }
  const listed = toHex(await sha256(utf8(text(predicate, 'signers'))));
  const run = orders.find((order) => text(order, 'text').startsWith('holdfast-run '));
  const [signed] = run === undefined ? [] : list(run, 'signatures');
  return {
    change: text(plan, 'change'),
    state: text(predicate, 'state'),
    signers: linesOf(text(predicate, 'signers')),
    config: list(predicate, 'config').length > 0,
    configBy: [
      ...new Set(
        list(predicate, 'config')
          .filter((one) => line(text(one, 'text'), 'signers').split(' ')[1] === listed)
          .flatMap((one) => list(one, 'signatures'))
          .map((one) => text(one, 'operator')),
      ),
    ],
    keys: orders
      .flatMap((order) => [order, fields(order['standing'])])
      .flatMap((one) => list(one, 'signatures'))
      .map((one) => keyIn(text(one, 'key'))),
    controlPlane: signed === undefined ? undefined : keyIn(text(signed, 'key')),
    hosts: receipts.map(({ target, key }) => {
      const at = targets.find((one) => one['id'] === target);
      return { target, host: `${target} ${text(at, 'hostId')} ${String(at?.['epoch'])}`, key };
    }),
    receipts,
    parts,
    verification: list(predicate, 'verification').map((one) => ({
      says: text(one, 'says'),
      held: one['held'] === true,
    })),
    events: list(predicate, 'events').length,
    checkpoint: text(predicate, 'checkpoint'),
    timestamps: list(predicate, 'timestamps').length,
  };
}

/** Of an allowed_signers file: what counts. */
export const linesOf = (signers: string): readonly string[] =>
  signers.split('\n').filter((each) => each.trim() !== '' && !each.startsWith('#'));

/** Its type and its bytes: what follows them may be lines of its own, for whatever file it is written into. */
const keyIn = (key: string): string => key.trim().split(/\s+/).slice(0, 2).join(' ');

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

function list(of: Fields, name: string): readonly Fields[] {
  const value = of[name];
  return Array.isArray(value) ? value.map(fields) : [];
}

function text(of: Fields | undefined, name: string): string {
  const value = of?.[name];
  return typeof value === 'string' ? value : '';
}

const line = (document: string, name: string): string =>
  document
    .split('\n')
    .find((each) => each.startsWith(`${name} `))
    ?.slice(name.length + 1) ?? '';
