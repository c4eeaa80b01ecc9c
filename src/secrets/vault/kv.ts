/** A private key kept in Vault's key-value engine, version 2. Deleted and destroyed versions are refused. */
import type { Clock } from '#base/ports';
import { type Instant, shift, tryParseInstant } from '#base/time';
import { keyFault } from '../faults.ts';
import type { Lender, Lent } from '../kept-key.ts';
import type { KeyRoom } from '../key-room.ts';
import { type Fields, fieldOf, fieldsOf } from './api.ts';
import type { VaultSession } from './login.ts';

export type KvSecret = {
  readonly kind: 'kv';
  readonly mount: string;
  readonly path: string;
  readonly field: string;
  /** `null`: the newest. */
  readonly version: number | null;
};

/** A change there is seen after the first, and a Vault that is away survived for the second. */
const LOOK_AGAIN_MICROS = 300_000_000;
const KEEP_MICROS = 3_600_000_000;
const KEY_CHARS_MOST = 16_384;

export function kvLender(
  secret: KvSecret,
  session: VaultSession,
  room: KeyRoom,
  clock: Clock,
): Lender {
  const { mount, path, field, version } = secret;
  const query = version === null ? '' : `?version=${version}`;
  const where = `${mount}/data/${path}${query}`;
  const source = `${session.name}, kv ${mount}/${path}#${field}`;
  return {
    source,
    async lend(): Promise<Lent> {
      const { isFound, fields } = await session.ask({ method: 'GET', path: where });
      const now = clock.now();
      const { key, until } = read(source, secret, { isFound, fields }, now);
      const keyFile = await room.fresh();
      try {
        await room.put(keyFile, Buffer.from(key.endsWith('\n') ? key : `${key}\n`));
        await room.publicHalf(keyFile).catch(() => {
          throw keyFault('key-unusable', source);
        });
      } catch (thrown) {
        await room.remove(keyFile);
        throw thrown;
      }
      const earlier = (micros: number): Instant => {
        const at = shift(now, micros);
        return until !== null && until < at ? until : at;
      };
      return {
        keyFile,
        renewAt: earlier(LOOK_AGAIN_MICROS),
        expires: earlier(KEEP_MICROS),
        discard: () => room.remove(keyFile),
      };
    },
    end: () => session.end(),
  };
}

function read(
  source: string,
  { field, version }: KvSecret,
  { isFound, fields }: { readonly isFound: boolean; readonly fields: Fields },
  now: Instant,
): { readonly key: string; readonly until: Instant | null } {
  const outer = fieldsOf(fields, 'data');
  const metadata = fieldsOf(outer, 'metadata');
  // A version that was deleted is not found, but its metadata comes with that.
  if (metadata === undefined) throw keyFault(isFound ? 'broker-answer' : 'broker-missing', source);
  const until = endOf(metadata, source);
  // Vault's clock decides, when it is the one that says so.
  const isOver = until !== null && (!isFound || until <= now);
  if (fieldOf(metadata, 'destroyed') !== false || isOver) throw keyFault('secret-deleted', source);
  const given = fieldOf(metadata, 'version');
  const isAsked = version === null ? Number.isSafeInteger(given) : given === version;
  const data = fieldsOf(outer, 'data');
  if (!isFound || !isAsked || data === undefined) throw keyFault('broker-answer', source);
  const key = fieldOf(data, field);
  if (typeof key !== 'string' || key === '' || key.length > KEY_CHARS_MOST)
    throw keyFault('secret-field', source);
  return { key, until };
}

/** When the version is deleted or will be; RFC 3339 with nanoseconds, which we cut. */
function endOf(metadata: Fields, source: string): Instant | null {
  const text = fieldOf(metadata, 'deletion_time');
  if (text === '') return null;
  const end =
    typeof text === 'string' ? tryParseInstant(text.replace(/(\.\d{6})\d+/, '$1')) : undefined;
  if (end === undefined) throw keyFault('broker-answer', source);
  return end;
}
