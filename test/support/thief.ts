/**
 * Who has stolen what the control plane holds, at the runner's door of a real host: frames of their own making,
 * by the stolen transport key, over ssh. What they learn of the host is what it answers anybody with that key.
 */
import { randomBytes } from 'node:crypto';
import { type Answer, formatFrame, type Item, parseAnswer, type Verb } from '#adapters';
import {
  type ChangeOrder,
  changeDocument,
  type PartDocument,
  partDocument,
  type RunOrder,
  runDocument,
} from '#authority';
import { sha256 } from '#base/digest';
import type { SampleSigner } from '#samples/authority';
import type { EnrolledFleet } from './enrolled-fleet.ts';

export const seconds = (): number => Math.floor(Date.now() / 1_000);
export const id32 = (): string => randomBytes(16).toString('hex');
export type Signs = Pick<SampleSigner, 'sign'>;

export class Thief {
  readonly #one: EnrolledFleet;
  readonly name: string;
  readonly target: string;
  readonly config: string;
  /** Size and root of the newest checkpoint that the host was shown. */
  readonly checkpoint: ChangeOrder['checkpoint'];
  /** Codes of all refusals that were answered, in order. */
  readonly refused: string[] = [];
  #made = 0;

  private constructor(
    one: EnrolledFleet,
    name: string,
    known: Pick<Thief, 'target' | 'config' | 'checkpoint'>,
  ) {
    this.#one = one;
    this.name = name;
    this.target = known.target;
    this.config = known.config;
    this.checkpoint = known.checkpoint;
  }

  static async at(one: EnrolledFleet, name: string): Promise<Thief> {
    const { items } = await ask(one, name, formatFrame('status', []));
    const text = (item: string): string => Buffer.from(items.get(item) ?? []).toString('latin1');
    // No thief sees these lines; with older ones each order would be refused for its checkpoint alone.
    const witness = await one
      .host(name)
      .exec(['tail', '-n', '1', '/var/lib/holdfast-host/witness']);
    const [size = '0', root = '0'.repeat(64)] = witness.stdout.trim().split(' ');
    return new Thief(one, name, {
      target: /^target (.*)$/m.exec(text('identity'))?.[1] ?? '',
      config: text('config'),
      checkpoint: { size: Number(size === '' ? '0' : size), root },
    });
  }

  /** A part that leaves a file behind when it runs. */
  part(over: Partial<PartDocument> = {}): string {
    this.#made += 1;
    return partDocument.format({
      target: this.target,
      epoch: 1,
      action: 'demo.mark@1',
      catalogue: sha256('catalogue'),
      runAs: 'root',
      args: ['/usr/bin/touch', `/run/marked-${this.#made}`],
      stdin: null,
      files: [],
      conditions: [],
      step: { number: 1, of: 1 },
      direction: 'forward',
      timeout: 30,
      atomic: false,
      nonce: id32(),
      ...over,
    });
  }

  change(parts: readonly string[], over: Partial<ChangeOrder> = {}): string {
    const now = seconds();
    return changeDocument.format({
      organisation: 'acme',
      change: 'chg_1',
      plan: sha256('plan'),
      tier: 'T2',
      quorum: 1,
      issued: now,
      notBefore: now - 5,
      runBy: now + 600,
      checkpoint: this.checkpoint,
      parts: parts.map((part) => sha256(part)),
      ...over,
    });
  }

  /** An order to run what a standing approval allows. */
  underStanding(part: string, standing: string, over: Partial<RunOrder> = {}): string {
    const now = seconds();
    return runDocument.format({
      organisation: 'acme',
      change: 'chg_1',
      plan: sha256('plan'),
      tier: 'T1',
      standing: sha256(standing),
      issued: now,
      notBefore: now - 5,
      runBy: now + 600,
      checkpoint: this.checkpoint,
      parts: [sha256(part)],
      ...over,
    });
  }

  /** Items of one part in one change, signed by `by`. */
  signed(by: Signs, part = this.part(), over: Partial<ChangeOrder> = {}): readonly Item[] {
    const order = this.change([part], over);
    return [
      ['order', order],
      ['signature', by.sign('holdfast-change@1', order)],
      ['part', part],
    ];
  }

  async send(verb: Verb, items: readonly Item[]): Promise<Answer> {
    return this.sendBytes(formatFrame(verb, items));
  }
  async sendBytes(frame: Uint8Array | string): Promise<Answer> {
    const answer = await ask(this.#one, this.name, frame);
    if (answer.verdict === 'refused') this.refused.push(answer.code);
    return answer;
  }

  /** How many programs ran here by any order. */
  async ran(): Promise<number> {
    return (await this.#one.receipts(this.name)).length;
  }
  /** What the host's own log says of refusals, in order: the verb and the code. */
  logged(): Promise<readonly string[]> {
    return loggedRefusals(this.#one, this.name, 'runner');
  }
}

export async function loggedRefusals(
  one: EnrolledFleet,
  name: string,
  by: 'runner' | 'reader',
): Promise<readonly string[]> {
  const said = await one
    .host(name)
    .must(['sh', '-c', `journalctl --sync; journalctl -q -t holdfast-${by} -o cat --no-pager`]);
  return said
    .split('\n')
    .filter((line) => line.startsWith('refused '))
    .map((line) => line.slice('refused '.length));
}

async function ask(one: EnrolledFleet, name: string, frame: Uint8Array | string): Promise<Answer> {
  const { stdout, stderr, exit } = await one.steal('runner', name, frame);
  const answer = parseAnswer(Buffer.from(stdout));
  if (answer === undefined)
    throw new Error(`the wrapper of ${name} did not answer: ${exit} ${stdout}${stderr}`);
  return answer;
}
