/**
 * Who is an operator in force: of the newest record that operators signed, the lines of its signers and the registry
 * as it was signed. A registry that was edited since names nobody.
 */
import { RECOVERY, type Revocations, type Signers } from '#authority';
import type { People, Standing } from '#signin';
import { registryOf } from './config-request.ts';

/** Of an authority record, as far as it says who is who. */
type Record = {
  readonly signers: Pick<Signers, 'lines'>;
  readonly revocations: Pick<Revocations, 'keys'>;
  readonly texts: { readonly operators: string };
};

type InForce = {
  readonly names: ReadonlyMap<string, string>;
  readonly listed: readonly { readonly id: string; readonly accounts: readonly string[] }[];
  /** By the base64 of the key, whose own line it stands on. */
  readonly owners: ReadonlyMap<string, string>;
  readonly revokedKeys: ReadonlySet<string>;
  readonly revoked: ReadonlySet<string>;
};

export class PeopleInForce implements Omit<People, 'roles'> {
  readonly #records: () => Promise<readonly Record[]>;
  #of: { readonly records: readonly Record[]; readonly people: InForce } | undefined;

  constructor(records: () => Promise<readonly Record[]>) {
    this.#records = records;
  }

  async isAnybody(): Promise<boolean> {
    return (await this.#records()).length > 0;
  }

  async standing(operator: string): Promise<Standing> {
    const { names, revoked } = await this.#people();
    const name = names.get(operator);
    if (name !== undefined) return { is: 'in-force', name };
    return { is: revoked.has(operator) ? 'revoked' : 'unknown' };
  }

  async ownerOf(key: string): Promise<string | undefined> {
    return (await this.#people()).owners.get(blobOf(key));
  }

  async isRevokedKey(key: string): Promise<boolean> {
    return (await this.#people()).revokedKeys.has(blobOf(key));
  }

  /** Of those in force, the accounts that the signed registry lists for them. */
  async accounts(): Promise<
    readonly { readonly id: string; readonly accounts: readonly string[] }[]
  > {
    return (await this.#people()).listed;
  }

  async ids(): Promise<readonly string[]> {
    return [...(await this.#people()).names.keys()];
  }

  /** Records are read anew only when they changed, so the list itself tells whether this still holds. */
  async #people(): Promise<InForce> {
    const records = await this.#records();
    if (this.#of?.records !== records) this.#of = { records, people: inForce(records) };
    return this.#of.people;
  }
}

function inForce(records: readonly Record[]): InForce {
  const newest = records.at(-1);
  const names = new Map<string, string>();
  const owners = new Map<string, string>();
  const revokedKeys = new Set(
    (newest?.revocations.keys ?? []).map((blob) => blob.toString('base64')),
  );
  const registry = registryOf(newest?.texts.operators ?? '');
  for (const { operators, isAuthority, key } of newest?.signers.lines ?? []) {
    const base64 = key.blob.toString('base64');
    for (const id of operators) {
      if (id === RECOVERY) continue;
      names.set(id, registry.find((one) => one.id === id)?.name ?? id);
      if (!isAuthority && !revokedKeys.has(base64)) owners.set(base64, id);
    }
  }
  const ever = records.flatMap(({ signers }) =>
    signers.lines.flatMap(({ operators }) => operators),
  );
  const revoked = new Set(ever.filter((id) => id !== RECOVERY && !names.has(id)));
  const listed = registry.filter(({ id }) => names.has(id));
  return { names, listed, owners, revokedKeys, revoked };
}

function blobOf(line: string): string {
  return line.trim().split(/ +/)[1] ?? '';
}
