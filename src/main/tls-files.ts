/**
 * Certificate and key of the console. They are read again when they change, so whoever renews them (an ACME client, a
 * tailnet, our own CA) needs to tell nobody; what does not hold is not taken, and the old one stays.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isAbsolute, join } from 'node:path';
import { asFault, Fault } from '#base/fault';
import type { Log } from '#base/log';
import type { Clock, MachineFiles } from '#base/ports';
import type { ServerSettings } from '#serving';

export type Certificate = { readonly cert: string; readonly key: string };

type TlsSettings = NonNullable<ServerSettings['tls']>;

const MOST_BYTES = 256 * 1024;
const LOOKED_AT_MS = 10_000;

export class TlsFiles {
  readonly #files: MachineFiles;
  readonly #certificate: string;
  readonly #key: string;
  #last = '';

  constructor(files: MachineFiles, home: string, { certificate, key }: TlsSettings) {
    this.#files = files;
    this.#certificate = isAbsolute(certificate) ? certificate : join(home, certificate);
    this.#key = isAbsolute(key) ? key : join(home, key);
  }

  /** Throws `tls-unusable`, with what to mend. */
  async read(): Promise<Certificate> {
    const stamp = await this.#stamp();
    const { mode, kind } = (await this.#files.stat(this.#key)) ?? {};
    if (kind === undefined || mode === undefined) throw unusable(`there is no key at ${this.#key}`);
    if ((mode & 0o077) !== 0)
      throw unusable(`others may read the key ${this.#key}: chmod 600 ${this.#key}`);
    const cert = await this.#text(this.#certificate);
    const key = await this.#text(this.#key);
    try {
      if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
        throw unusable(`the key ${this.#key} is not of the certificate ${this.#certificate}`);
    } catch (thrown) {
      if (thrown instanceof Fault) throw thrown;
      throw unusable(`certificate or key is no PEM: ${this.#certificate}, ${this.#key}`, thrown);
    }
    this.#last = stamp;
    return { cert, key };
  }

  /** Hands every new pair to `use` until told to stop. */
  async watch(
    use: (certificate: Certificate) => void,
    clock: Clock,
    log: Log,
    signal: AbortSignal,
    everyMs: number = LOOKED_AT_MS,
  ): Promise<void> {
    let refused = '';
    while (!signal.aborted) {
      await clock.sleep(everyMs, signal);
      const stamp = await this.#stamp().catch(() => 'unreadable');
      if (signal.aborted || stamp === this.#last || stamp === refused) continue;
      try {
        use(await this.read());
        log.info('certificate read again');
      } catch (thrown) {
        // Files are written one after another: the next look finds both.
        refused = stamp;
        log.warn('a new certificate is not taken, the old one stays', {
          why: asFault(thrown).message,
        });
      }
    }
  }

  async #stamp(): Promise<string> {
    const stats = await Promise.all(
      [this.#certificate, this.#key].map((path) => this.#files.stat(path)),
    );
    return JSON.stringify(stats);
  }

  async #text(path: string): Promise<string> {
    const bytes = await this.#files.read(path, MOST_BYTES);
    if (bytes === undefined)
      throw unusable(`it is not there, or larger than a certificate: ${path}`);
    return Buffer.from(bytes).toString('utf8');
  }
}

function unusable(why: string, cause?: unknown): Fault {
  return new Fault(
    'unavailable',
    'tls-unusable',
    `TLS cannot be served: ${why}. Mend it, or what tls in server.yaml names`,
    { cause },
  );
}
