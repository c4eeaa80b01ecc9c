/**
 * `transport.yaml` as it is now, and the keys of its sources. It is read again for each connection: a file that does
 * not hold gives no key at all, never those of before.
 */
import { chmodSync, lstatSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccountKey } from '#adapters';
import { asFault, Fault } from '#base/fault';
import type { Clock, Files, Programs } from '#base/ports';
import { formatInstant } from '#base/time';
import { type EgressRules, nodeMachineFiles, nodePoster } from '#machine';
import {
  type KeyBroker,
  OWN_KEYS,
  openKeyBroker,
  parseTransportSettings,
  type TransportSettings,
} from '#secrets';
import type { Check } from './doctor-changes.ts';
import type { TransportKeysKeeper } from './transport-keys.ts';

const TMPFS = 0x01021994;
const ACCOUNTS = ['reader', 'runner'] as const;
type Account = (typeof ACCOUNTS)[number];

export type SourcesNeeds = {
  readonly files: Files;
  readonly clock: Clock;
  readonly programs: Programs;
  /** `transport.yaml`. */
  readonly settings: string;
  readonly own: TransportKeysKeeper;
  /** Where a Vault may be. */
  readonly egress: EgressRules;
};

type Opened = {
  readonly text: string | null;
  readonly settings: TransportSettings;
  readonly broker: KeyBroker;
};

export class TransportSources implements AsyncDisposable {
  readonly #needs: SourcesNeeds;
  #opened: Opened | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  /** Where lent keys are; made when there are any. */
  #room: string | undefined;
  #isClosed = false;

  constructor(needs: SourcesNeeds) {
    this.#needs = needs;
  }

  /** Asked for each connection: what is lent is kept by its source, so ssh's own memory of it is not wanted. */
  async keyOf(account: Account): Promise<AccountKey> {
    const { expires: _, ...key } = await (await this.#open()).broker.keyOf(account);
    return key;
  }

  /** A line for each source. Our own keys are made by the first enrolment, so their absence is no fault. */
  async checks(): Promise<readonly Check[]> {
    const mend = 'see docs/transport.md';
    let opened: Opened;
    try {
      opened = await this.#open();
    } catch (thrown) {
      return [{ name: 'keys for hosts', ok: false, says: asFault(thrown).message, mend }];
    }
    const { settings, broker } = opened;
    return Promise.all(
      ACCOUNTS.map(async (account): Promise<Check> => {
        const name = `key of the ${account}`;
        const isOwn = settings[account].kind === 'own';
        const own = join(this.#needs.own.directory, account);
        if (isOwn && (await this.#needs.files.info(own)) === undefined)
          return { name, ok: true, says: 'made by the first enrolment' };
        const { ok, source, says, expires } = await broker.report(account);
        const until = expires === null ? '' : `, until ${formatInstant(expires)}`;
        return { name, ok, says: `${source}: ${says}${until}`, mend };
      }),
    );
  }

  /** Our own keys, for putting them on hosts; refuses while hosts are entered with others. */
  forEnrolment(): TransportKeysKeeper {
    const { own } = this.#needs;
    const whenOwn = async <T>(act: () => Promise<T>): Promise<T> => {
      const { settings } = await this.#open();
      const other = ACCOUNTS.find((account) => settings[account].kind !== 'own');
      if (other === undefined) return act();
      throw new Fault(
        'refused',
        'keys-from-elsewhere',
        `transport.yaml takes a key from elsewhere, and only the service's own are put on hosts: ${other}. Take it out of transport.yaml, enrol, add the other key or authority on the host by hand (docs/transport.md), then put it back`,
      );
    };
    return {
      directory: own.directory,
      nextDirectory: own.nextDirectory,
      hasNext: () => own.hasNext(),
      current: () => whenOwn(() => own.current()),
      next: () => whenOwn(() => own.next()),
      commit: () => whenOwn(() => own.commit()),
    };
  }

  #open(): Promise<Opened> {
    const next = this.#turn.then(() => this.#reopen());
    this.#turn = next.catch(() => {});
    return next;
  }

  async #reopen(): Promise<Opened> {
    const { files, clock, programs, settings: path, own, egress } = this.#needs;
    if (this.#isClosed)
      throw new Fault(
        'unavailable',
        'keys-closed',
        'no keys any more: the service is ending. Start it again',
      );
    const bytes = await files.read(path);
    const text = bytes === undefined ? null : Buffer.from(bytes).toString('utf8');
    if (this.#opened !== undefined && this.#opened.text === text) return this.#opened;
    await this.#close();
    const settings = text === null ? OWN_KEYS : parseTransportSettings(text, path);
    const isLent = ACCOUNTS.some((account) => settings[account].kind === 'vault');
    if (isLent) this.#room ??= lentRoom();
    const broker = openKeyBroker(
      settings,
      {
        files,
        clock,
        programs,
        look: nodeMachineFiles(),
        poster: nodePoster(egress),
        uid: process.geteuid?.() ?? 0,
        directory: join(this.#room ?? tmpdir(), 'keys'),
      },
      (account) => join(own.directory, account),
    );
    this.#opened = { text, settings, broker };
    return this.#opened;
  }

  async #close(): Promise<void> {
    await this.#opened?.broker[Symbol.asyncDispose]();
    this.#opened = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#turn;
    await this.#close();
    if (this.#room !== undefined) rmSync(this.#room, { recursive: true, force: true });
  }
}

/** In memory where there is a tmpfs that we may write to, so that what a kill leaves ends with the machine. */
function lentRoom(): string {
  for (const place of [process.env['XDG_RUNTIME_DIR'], '/dev/shm', tmpdir()]) {
    if (place === undefined || (place !== tmpdir() && !isInMemory(place))) continue;
    try {
      const room = mkdtempSync(join(place, 'holdfast-keys-'));
      chmodSync(room, 0o700);
      return room;
    } catch {}
  }
  throw new Fault(
    'unavailable',
    'key-making',
    `no place for keys that are lent to us: ${tmpdir()}. Give the account a directory that it may write to`,
  );
}

function isInMemory(place: string): boolean {
  try {
    return lstatSync(place).isDirectory() && statfsSync(place).type === TMPFS;
  } catch {
    return false;
  }
}
