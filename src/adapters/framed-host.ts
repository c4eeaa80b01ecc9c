/**
 * A host that answers frames, over whatever carries them. The carrier differs per adapter (a program
 * here, a session of ssh elsewhere); what is asked and how an answer is read is the same for all.
 */
import { Fault } from '#base/fault';
import type { ProgramResult, Programs } from '#base/ports';
import type {
  Accepted,
  Dispatch,
  Ended,
  Host,
  HostAnswer,
  HostConfig,
  HostStatus,
  JobState,
  Looked,
} from './adapter.ts';
import { type Answer, formatFrame, type Item, parseAnswer, type Verb } from './frames.ts';

/** Exit status of the script when there is no host to answer: nothing was done. */
const NO_HOST = 69;
/** What asking, checking and answering may take besides the job itself. */
const OVERHEAD_MS = 60_000;
/** Two streams of 1 MiB, a receipt and the head. */
const MAX_ANSWER = (1 << 21) + (1 << 18);
const MAX_LOOK = 1 << 20;

export type Carrier = {
  /** For messages: which host this is. */
  readonly name: string;
  /** Takes one frame there and brings back what was written. */
  exchange(frame: Uint8Array, timeoutMs: number, maxBytes: number): Promise<ProgramResult>;
  /** Runs a read-only program there; its argv is the caller's own. */
  look: Programs['run'];
};

type Reply =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'nothing-sent'; readonly says: string }
  | { readonly kind: 'no-answer'; readonly says: string };

export function framedHost(carrier: Carrier): Host {
  const send = async (
    verb: Verb,
    items: readonly Item[],
    jobSeconds: number = 0,
  ): Promise<Reply> => {
    const limit = jobSeconds * 1000 + OVERHEAD_MS;
    const sent = await carrier.exchange(formatFrame(verb, items), limit, MAX_ANSWER);
    if (sent.ended === 'missing') return { kind: 'nothing-sent', says: 'no program to reach it' };
    if (sent.ended === 'exited' && sent.exit === NO_HOST) {
      return { kind: 'nothing-sent', says: firstLine(sent.stderr) };
    }
    const answer =
      sent.ended === 'exited' && sent.exit === 0 ? parseAnswer(sent.stdout) : undefined;
    if (answer !== undefined) return { kind: 'answer', answer };
    const how = sent.ended === 'exited' ? `exit status ${sent.exit}` : sent.ended;
    return { kind: 'no-answer', says: `${how}, without an answer` };
  };
  /** For verbs that may be asked again: no answer is a fault. */
  const ask = async (verb: Verb, items: readonly Item[] = []): Promise<Answer> => {
    const reply = await send(verb, items);
    if (reply.kind === 'answer') return reply.answer;
    throw unavailable(carrier.name, reply.says);
  };
  const wanted = async (verb: Verb, items: readonly Item[] = []): Promise<Answer> => {
    const answer = await ask(verb, items);
    if (answer.verdict === 'ok') return answer;
    throw unavailable(carrier.name, `${verb} was refused as ${answer.code}`);
  };

  return {
    status: async () => readStatus(carrier.name, await wanted('status')),

    async run(dispatch) {
      const reply = await send('run', runItems(dispatch), dispatch.timeoutSeconds);
      switch (reply.kind) {
        case 'nothing-sent':
          throw unavailable(carrier.name, reply.says);
        case 'no-answer':
          return { verdict: 'unknown', reason: reply.says };
        case 'answer':
          return readRun(reply.answer);
      }
    },

    job: async (nonce) => readJob(carrier.name, await wanted('job', [['nonce', `${nonce}\n`]])),

    async cancel(nonces) {
      if (nonces.length === 0) return [];
      const lines = nonces.map((nonce) => `${nonce}\n`).join('');
      const answer = await wanted('cancel', [['nonces', lines]]);
      const asked = new Set(nonces);
      return textOf(answer, 'nonces')
        .split('\n')
        .filter((nonce) => asked.has(nonce));
    },

    async stop(stop) {
      await wanted('stop', [['stop', `${stop}\n`]]);
    },

    lift: async (order, signatures) => accepted(await ask('lift', signed(order, signatures))),

    config: async (config) => accepted(await ask('config', configItems(config))),

    async look(argv, timeoutSeconds): Promise<Looked> {
      const looked = await carrier.look({
        argv,
        timeoutMs: timeoutSeconds * 1000,
        maxBytes: MAX_LOOK,
      });
      return {
        exit: looked.ended === 'exited' ? looked.exit : null,
        stdout: looked.stdout,
        stderr: looked.stderr,
        cut: looked.ended === 'timeout' || looked.ended === 'too-much',
      };
    },
  };
}

function signed(order: string, signatures: readonly string[]): Item[] {
  return [['order', order], ...signatures.map((each): Item => ['signature', each])];
}

function runItems({ order, signatures, part, stdin, standing }: Dispatch): Item[] {
  return [
    ...signed(order, signatures),
    ['part', part],
    ...(stdin === null ? [] : [['stdin', stdin] as Item]),
    ...(standing === null
      ? []
      : [
          ['standing', standing.text] as Item,
          ...standing.signatures.map((each): Item => ['standing-signature', each]),
        ]),
  ];
}

function configItems({ order, signatures, ...files }: HostConfig): Item[] {
  return [
    ...signed(order, signatures),
    ['signers', files.signers],
    ['revocations', files.revocations],
    ['host-policy', files.hostPolicy],
  ];
}

function readRun(answer: Answer): HostAnswer {
  if (answer.verdict === 'refused') {
    return { verdict: 'refused', code: answer.code, detail: answer.detail };
  }
  const ended = answer.state === 'ended' ? readEnded(answer) : undefined;
  if (ended !== undefined) return { verdict: 'ran', ended };
  return { verdict: 'unknown', reason: `accepted, and the job is ${answer.state}` };
}

function readJob(name: string, answer: Answer): JobState {
  switch (answer.state) {
    case 'unspent':
    case 'running':
    case 'cancelled':
      return { state: answer.state };
    case 'ended': {
      const ended = readEnded(answer);
      if (ended !== undefined) return { state: 'ended', ended };
      throw unavailable(name, 'an ended job without a receipt');
    }
    default:
      throw unavailable(name, `a state that is not known: ${answer.state}`);
  }
}

function readEnded(answer: Answer): Ended | undefined {
  const stdout = answer.items.get('stdout');
  const stderr = answer.items.get('stderr');
  const receipt = {
    text: textOf(answer, 'receipt'),
    signature: textOf(answer, 'receipt-signature'),
  };
  if (receipt.text === '' || receipt.signature === '') return undefined;
  return stdout === undefined || stderr === undefined ? undefined : { receipt, stdout, stderr };
}

function readStatus(name: string, answer: Answer): HostStatus {
  const identity =
    /^holdfast-identity 1\norganisation (\S+)\ntarget ([0-9a-f]{32})\nepoch (\d{1,15})\nend\n$/;
  const [, organisation, hostId, epoch] = identity.exec(textOf(answer, 'identity')) ?? [];
  if (organisation === undefined || hostId === undefined) {
    throw unavailable(name, 'it does not say who it is');
  }
  const [, version] = /^version (\d{1,15})$/m.exec(textOf(answer, 'config')) ?? [];
  return {
    organisation,
    hostId,
    epoch: Number(epoch),
    // A stop that cannot be read counts, whatever its name.
    stopped: answer.stopped ? textOf(answer, 'stop').trim() || 'unreadable' : null,
    configVersion: Number(version ?? 0),
    time: answer.time,
    receiptKey: textOf(answer, 'receipt-key').trim(),
  };
}

function accepted(answer: Answer): Accepted {
  if (answer.verdict === 'ok') return { verdict: 'ok' };
  return { verdict: 'refused', code: answer.code, detail: answer.detail };
}

function textOf(answer: Answer, item: string): string {
  return Buffer.from(answer.items.get(item) ?? []).toString('utf8');
}

/** Of what a host wrote, only plain letters reach a message. */
function firstLine(bytes: Uint8Array): string {
  const [line = ''] = Buffer.from(bytes).toString('latin1').split('\n');
  return line.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

function unavailable(name: string, says: string): Fault {
  return new Fault(
    'unavailable',
    'host-unavailable',
    `host does not answer: ${name}: ${says}. Look at its host directory and try again`,
  );
}
