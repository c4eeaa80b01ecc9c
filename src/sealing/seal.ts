/**
 * A sealed archive: the tar of `archive.ts` in the age format, version 1 (C2SP age.md).
 *
 * It is authenticated piece by piece, and its end only by the last one: whoever unpacks a stream
 * keeps what came out apart until it has ended well.
 */
import { Decrypter, Encrypter, type Identity, type Recipient } from 'age-encryption';
import { type ArchiveFile, type ArchiveLimits, packArchive, unpackArchive } from './archive.ts';
import { sealingFault } from './faults.ts';
import type { OpeningKey, SealingKey } from './keys.ts';
import { sshIdentity, sshRecipient } from './ssh-recipient.ts';

/** Bytes that the list of recipients may take: some hundreds of them. */
const HEADER_BYTES = 65_536;
const RECIPIENTS = 64;

/** The archive of `files`, whose paths must ascend, for whoever holds one of `recipients`' private keys. */
export async function* sealArchive(
  files: AsyncIterable<ArchiveFile> | Iterable<ArchiveFile>,
  recipients: readonly SealingKey[],
  limits?: ArchiveLimits,
): AsyncGenerator<Uint8Array, void> {
  if (recipients.length === 0 || recipients.length > RECIPIENTS) {
    throw sealingFault(
      'not-a-recipient',
      `a seal needs keys that open it: 1 to ${RECIPIENTS}, not ${recipients.length}`,
    );
  }
  const encrypter = new Encrypter();
  for (const key of recipients) encrypter.addRecipient(recipientOf(key));
  yield* await encrypter.encrypt(ReadableStream.from(packArchive(files, limits)));
}

/** The files of a sealed archive, one after another. Throws at the first piece that was changed. */
export async function* openArchive(
  sealed: AsyncIterable<Uint8Array>,
  key: OpeningKey,
  limits?: ArchiveLimits,
): AsyncGenerator<ArchiveFile, void> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identityOf(key));
  yield* unpackArchive(plain(decrypter, sealed), limits);
}

async function* plain(
  decrypter: Decrypter,
  sealed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  // What the source itself throws is not the seal's fault.
  const trouble: unknown[] = [];
  try {
    yield* await decrypter.decrypt(ReadableStream.from(withBoundedHeader(sealed, trouble)));
  } catch (thrown) {
    if (trouble.length > 0) throw trouble[0];
    if (thrown instanceof Error && thrown.message.startsWith('no identity matched')) {
      throw sealingFault(
        'sealed-to-others',
        'this key does not open the backup: it was sealed to others. Use the private half of one of the keys it was made for',
        { cause: thrown },
      );
    }
    throw sealingFault(
      'seal-broken',
      'not a sealed backup, or cut short, or changed after it was made: use another copy',
      { cause: thrown },
    );
  }
}

/** Passes everything on, unless the header does not end where it should: the library would keep it all. */
async function* withBoundedHeader(
  sealed: AsyncIterable<Uint8Array>,
  trouble: unknown[],
): AsyncGenerator<Uint8Array, void> {
  let head: Buffer | undefined = Buffer.alloc(0);
  try {
    for await (const piece of sealed) {
      if (head === undefined) {
        yield piece;
        continue;
      }
      head = Buffer.concat([head, piece]);
      const hasEnded: boolean = head.subarray(0, HEADER_BYTES).includes('\n--- ');
      if (!hasEnded && head.length >= HEADER_BYTES) {
        throw sealingFault('seal-broken', 'not a sealed backup: its list of keys does not end');
      }
      if (hasEnded) {
        yield head;
        head = undefined;
      }
    }
  } catch (thrown) {
    trouble.push(thrown);
    throw thrown;
  }
  if (head !== undefined && head.length > 0) yield head;
}

function recipientOf(key: SealingKey): Recipient | string {
  switch (key.kind) {
    case 'ssh-ed25519':
      return sshRecipient(key);
    case 'age':
      return key.text;
  }
}

function identityOf(key: OpeningKey): Identity | string {
  switch (key.kind) {
    case 'ssh-ed25519':
      return sshIdentity(key);
    case 'age':
      return key.text;
  }
}
