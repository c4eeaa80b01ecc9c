/**
 * The fixed script of `../script.ts` asked over WinRM: one shell, one command, its output, and both taken away
 * again. Nothing else can be asked: there is no argument for a command. HTTPS only, and the account's password
 * is in no message but the header that carries it. Contract-tested against a server of ours; not run on Windows.
 */
import { asFault, Fault } from '#base/fault';
import type { Clock, PostAnswer, Poster, Random } from '#base/ports';
import { decode } from '../../reading.ts';
import { WINDOWS_BYTES } from '../answer.ts';
import { WINDOWS_SCRIPT } from '../script.ts';
import {
  type Asked,
  commandOf,
  formatEnvelope,
  parseEnvelope,
  receivedOf,
  shellOf,
  winrmMalformed,
} from './envelope.ts';
import type { Element } from './xml.ts';

export type WinrmPlace = {
  /** `https://` only. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** PEM certificates that are trusted instead of the system's. */
  readonly ca?: string;
};

export type WinrmParts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly poster: Poster;
};

const LOOK_MS = 120_000;
const OPERATION_SECONDS = 20;
const IDLE_SECONDS = 180;
/** What the transport may need beyond the time that the operation itself is given. */
const MARGIN_MS = 10_000;
const ANSWER_BYTES = 2 * 1024 * 1024;
const MOST_MESSAGES = 200;

/** What the script printed. Rejects with a fault in our own words; whatever happens, the shell is given back. */
export async function lookOverWinrm(parts: WinrmParts, place: WinrmPlace): Promise<Uint8Array> {
  if (!place.url.startsWith('https://') || place.user === '' || place.user.includes(':'))
    throw new Fault(
      'invalid',
      'winrm-settings',
      'WinRM needs https:// and an account name without a colon. Correct the credentials file',
    );
  const session = new Session(parts, place);
  const shell = shellOf(await session.ask({ verb: 'create', idleSeconds: IDLE_SECONDS }));
  try {
    return await runScript(session, shell);
  } finally {
    // The host ends an idle shell by itself, so that a failure here takes nothing from what was seen.
    await session.ask({ verb: 'delete', shell }).catch(() => {});
  }
}

async function runScript(session: Session, shell: string): Promise<Uint8Array> {
  const command = commandOf(await session.ask({ verb: 'command', shell, argv: WINRM_ARGV }));
  const output: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const body = await session.ask({ verb: 'receive', shell, command });
      const { stdout, exit } = receivedOf(body, command);
      for (const piece of stdout) {
        bytes += piece.length;
        if (bytes > WINDOWS_BYTES) throw winrmMalformed('its output is too big');
        output.push(piece);
      }
      if (exit === 0) return Buffer.concat(output);
      if (exit !== null)
        throw new Fault(
          'unavailable',
          'winrm-failed',
          `PowerShell on the Windows host ended with an error: ${exit}. See that the account may start it`,
        );
    }
  } finally {
    await session.ask({ verb: 'signal', shell, command }).catch(() => {});
  }
}

/** UTF-16LE in base64, as powershell.exe takes it; well below the 32,767 characters of a command line. */
export const WINRM_ARGV = [
  'powershell',
  '-NoProfile',
  '-NonInteractive',
  '-EncodedCommand',
  Buffer.from(WINDOWS_SCRIPT, 'utf16le').toString('base64'),
] as const;

class Session {
  readonly #parts: WinrmParts;
  readonly #place: WinrmPlace;
  readonly #authorization: string;
  readonly #endsMs: number;
  #messages = 0;

  constructor(parts: WinrmParts, place: WinrmPlace) {
    this.#parts = parts;
    this.#place = place;
    const basic = Buffer.from(`${place.user}:${place.password}`, 'utf8').toString('base64');
    this.#authorization = `Basic ${basic}`;
    this.#endsMs = parts.clock.monotonicMs() + LOOK_MS;
  }

  /** The body of the answer. An operation that only took too long is asked again, within the look's own time. */
  async ask(asked: Asked): Promise<Element> {
    const isEnd = asked.verb === 'signal' || asked.verb === 'delete';
    for (;;) {
      this.#messages += 1;
      const left = this.#endsMs - this.#parts.clock.monotonicMs();
      // What is taken away at the end has a little time of its own.
      if (!isEnd && (left <= 0 || this.#messages > MOST_MESSAGES))
        throw new Fault(
          'unavailable',
          'timed-out',
          `the Windows host took longer than it was given: ${LOOK_MS / 1_000} seconds. See how busy it is`,
        );
      const id = uuid(this.#parts.random);
      const answer = await this.#post(asked, id, isEnd ? MARGIN_MS : left);
      const read = parseEnvelope(decode(answer.body), id);
      if (read.kind === 'answer') return read.body;
      if (isEnd) throw winrmMalformed('it did not end what it was told to');
    }
  }

  async #post(asked: Asked, id: string, leftMs: number): Promise<PostAnswer> {
    const { url, ca } = this.#place;
    const envelope = { to: url, id, seconds: OPERATION_SECONDS };
    const answer = await this.#parts.poster
      .request({
        method: 'POST',
        url,
        headers: {
          authorization: this.#authorization,
          'content-type': 'application/soap+xml;charset=UTF-8',
        },
        body: Buffer.from(formatEnvelope(asked, envelope), 'utf8'),
        timeoutMs: Math.ceil(Math.min(leftMs, OPERATION_SECONDS * 1_000 + MARGIN_MS)),
        maxBytes: ANSWER_BYTES,
        ...(ca === undefined ? {} : { ca }),
      })
      // What failed may name the address, never what was sent.
      .catch((thrown: unknown) => Promise.reject(lost(asFault(thrown))));
    if (answer.status === 401 || answer.status === 403)
      throw new Fault(
        'unavailable',
        'not-authorised',
        'the Windows host does not let the account in. See that Basic authentication is allowed there, and the credentials file',
      );
    // Faults of SOAP come with 500.
    if (answer.status !== 200 && answer.status !== 500)
      throw winrmMalformed(`its status is ${answer.status}`);
    if (!/^application\/soap\+xml *(?:;|$)/i.test(answer.headers['content-type'] ?? ''))
      throw winrmMalformed('it is no SOAP');
    return answer;
  }
}

function lost(fault: Fault): Fault {
  if (fault.code === 'url-refused' || fault.code === 'egress-refused') return fault;
  return new Fault(
    'unavailable',
    'connection-lost',
    'the Windows host did not answer over HTTPS. See its address, its port, and whose certificate it shows',
  );
}

function uuid(random: Random): string {
  const bytes = Buffer.from(random.bytes(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
