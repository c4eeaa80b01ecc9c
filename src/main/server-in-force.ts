/**
 * `server.yaml` as it is in force: as operators signed it, less what an edit takes away. Where nobody ever signed, or
 * nobody knows any more what was signed, loopback only, and no request goes inside; before the first signature a person
 * at a terminal may confirm the very file that lies there, because a passkey needs the name that it is bound to first.
 */
import { basename } from 'node:path';
import { canonicalJson, type Json } from '#base/json';
import type { Files } from '#base/ports';
import { parseAllowAmong } from '#egress';
import type { EgressRules } from '#machine';
import type { UnsignedEdit } from '#operations';
import {
  bindOf,
  DEFAULT_SERVER,
  narrowServer,
  readServer,
  type ServerSettings,
  serverDifferences,
} from '#serving';
import { SignedFile, type SignedReading, type SignedText } from './signed-file.ts';
import { placed } from './unsigned-edit.ts';

export type ServerNeeds = {
  readonly files: Pick<Files, 'read'>;
  readonly path: string;
  readonly signed: SignedText;
  /** Digest of the file that a person confirmed before anybody could sign. */
  readonly confirmed: () => Promise<string | undefined>;
};

type Found = { readonly reading: SignedReading<ServerSettings>; readonly settings: ServerSettings };

export class ServerInForce {
  readonly #file: SignedFile<ServerSettings>;
  readonly #needs: ServerNeeds;
  #served: string | undefined;
  /** Where there is none, the whole log was looked at. */
  #confirmed: Promise<string | undefined> | undefined;

  constructor(needs: ServerNeeds) {
    const { files, path, signed } = needs;
    this.#needs = needs;
    this.#file = new SignedFile({
      files,
      path,
      read: readServer,
      absent: DEFAULT_SERVER,
      // Records that cannot be read say nothing of what was signed.
      signed: (name) => signed(name).catch(() => undefined),
    });
  }

  /** Throws `invalid-server`. */
  async settings(): Promise<ServerSettings> {
    return (await this.#find()).settings;
  }

  /** What is served from now on. Throws `unsafe-bind` as well, also of a part that nobody signed yet. */
  async toServe(): Promise<ServerSettings> {
    const { reading, settings } = await this.#find();
    bindOf(reading.written);
    this.#served = doorIn(settings);
    return settings;
  }

  /** Whether what is in force now is read when the service starts, and it started with something else. */
  async isToRestart(): Promise<boolean> {
    return this.#served !== undefined && this.#served !== doorIn(await this.settings());
  }

  /** One that does not hold lets nothing out. */
  readonly egress: EgressRules = {
    allow: async () => {
      const { allow, among } = (await this.settings()).egress;
      return parseAllowAmong(allow, among);
    },
  };

  /** `null`: what lies there is what is in force. Throws `invalid-server`. */
  async unsigned(): Promise<UnsignedEdit | null> {
    const { reading, settings } = await this.#find();
    const { is, text, written, digest } = reading;
    if (is === 'as-signed') return null;
    const file = basename(this.#needs.path);
    const signed = is === 'edited' ? reading.signed : is === 'never' ? 'never' : 'not known';
    const differs = placed(file, serverDifferences(text, written, signed, settings));
    if (is === 'never' && differs.length === 0) return null;
    return {
      code: 'server-unsigned',
      file,
      state: is,
      digest: digest ?? null,
      differs: [...differs],
      ...SAYS[is],
    };
  }

  /** After a person confirmed one. */
  confirmedAnother(): void {
    this.#confirmed = undefined;
  }

  #confirmedDigest(): Promise<string | undefined> {
    this.#confirmed ??= this.#needs.confirmed().catch((thrown: unknown) => {
      this.#confirmed = undefined;
      throw thrown;
    });
    return this.#confirmed;
  }

  async #find(): Promise<Found> {
    const reading = await this.#file.get();
    const { is, written, digest } = reading;
    if (is === 'as-signed') return { reading, settings: written };
    const isConfirmed =
      is === 'never' && digest !== undefined && (await this.#confirmedDigest()) === digest;
    if (isConfirmed) return { reading, settings: written };
    const signed = is === 'edited' ? reading.signed : DEFAULT_SERVER;
    return { reading, settings: narrowServer(signed, written) };
  }
}

const SAYS = {
  edited: {
    says: 'it was edited since it was signed, so it takes away and gives nothing: the rest is as it was signed',
    next: 'holdfast config sign, and then start the service again; or put the signed file back',
  },
  unknown: {
    says: 'it is not known any more what was signed, so the console is for this machine alone, and no request goes inside',
    next: 'put the signed files back; or holdfast config sign, and then start the service again',
  },
  never: {
    says: 'nobody has signed it yet, so the console is for this machine alone, and no request goes inside',
    next: 'holdfast console setup shows it and asks; or holdfast operator add <id>, whose key signs it. Then start the service again',
  },
} as const;

/** What a listener is made of; the rest is asked for each time. */
function doorIn({ egress: _egress, ...door }: ServerSettings): string {
  return canonicalJson(door as unknown as Json);
}
