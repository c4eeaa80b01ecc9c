/** OpenSSH user certificates (PROTOCOL.certkeys) over the kinds of key we take. */
import { isKeyType, type KeyType, type PublicKey, readKeyBlob, readKeyFields } from './keys.ts';
import { checkRawSignature } from './raw-signature.ts';
import { type Refuse, WireReader } from './wire.ts';

const USER = 1;
const SUFFIX = '-cert-v01';
/** Critical options a certificate may carry. `verify-required` asks for what we require anyway. */
const KNOWN_OPTIONS = ['verify-required'];

export type Certificate = {
  readonly key: PublicKey;
  readonly serial: bigint;
  readonly keyId: string;
  readonly isUser: boolean;
  readonly principals: readonly string[];
  /** Seconds; `validBefore` is not within. */
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  /** Names of all its critical options. */
  readonly options: readonly string[];
  readonly unknownOptions: readonly string[];
  /** Wire form of the root key that signed it. */
  readonly root: Buffer;
};

/** The kind of key a certificate's type names, or `undefined` when it names none that is taken. */
export function certifiedType(type: string): KeyType | undefined {
  const plain = type.includes('@') ? type.replace(`${SUFFIX}@`, '@') : type;
  // `ssh-ed25519-cert-v01@openssh.com` certifies `ssh-ed25519`, which has no domain of its own.
  const bare = plain.startsWith('sk-') ? plain : plain.replace('@openssh.com', '');
  return type.includes(`${SUFFIX}@openssh.com`) && isKeyType(bare) ? bare : undefined;
}

/** Reads a certificate and checks that its root key signed it. Says nothing about who the root is. */
export function readCertificate(type: KeyType, blob: Buffer, refuse: Refuse): Certificate {
  const wire = new WireReader(blob, refuse);
  wire.ascii();
  wire.string(); // The nonce.
  const key = readKeyFields(type, wire, refuse);
  const serial = wire.u64();
  const isUser = wire.u32() === USER;
  const keyId = wire.ascii();
  const principals = strings(wire.string(), refuse);
  const validAfter = wire.u64();
  const validBefore = wire.u64();
  const options = optionNames(wire.string(), refuse);
  optionNames(wire.string(), refuse);
  wire.string(); // Reserved, and signed.
  const root = wire.string();
  const signed = blob.subarray(0, wire.offset);
  const signature = wire.string();
  wire.end();
  const rootKey = readKeyBlob(root, refuse);
  if (checkRawSignature(rootKey, signature, signed, refuse).kind === 'wrong') {
    refuse('its root did not sign the certificate');
  }
  const unknownOptions = options.filter((name) => !KNOWN_OPTIONS.includes(name));
  return {
    key,
    serial,
    keyId,
    isUser,
    principals,
    validAfter,
    validBefore,
    options,
    unknownOptions,
    root,
  };
}

function strings(bytes: Buffer, refuse: Refuse): string[] {
  const wire = new WireReader(bytes, refuse);
  const values: string[] = [];
  while (!wire.isAtEnd) values.push(wire.ascii());
  return values;
}

/** Options are pairs in rising order, each once. */
function optionNames(bytes: Buffer, refuse: Refuse): string[] {
  const wire = new WireReader(bytes, refuse);
  const names: string[] = [];
  while (!wire.isAtEnd) {
    const name = wire.ascii();
    if (names.length > 0 && name <= (names.at(-1) ?? '')) refuse('its options are out of order');
    names.push(name);
    wire.string();
  }
  return names;
}
