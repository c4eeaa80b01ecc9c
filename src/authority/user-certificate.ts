/** A certificate that somebody's authority made for a key of ours, as the one line of a `-cert.pub` file. */
import { certifiedType, readCertificate } from './certificate.ts';
import { blobLine, strictBase64 } from './keys.ts';
import { WireReader } from './wire.ts';

export type UserCertificate = {
  /** `<type> <base64>` of the key that is certified, and of the authority's. */
  readonly key: string;
  readonly authority: string;
  readonly isUser: boolean;
  readonly principals: readonly string[];
  /** Names of its critical options. */
  readonly options: readonly string[];
  /** Seconds; `validBefore` is not within. */
  readonly validAfter: bigint;
  readonly validBefore: bigint;
};

/** Reads it and checks that the authority it names signed it; `refuse` throws, with words that hold nothing of the line. */
export function readUserCertificate(
  line: string,
  refuse: (says: string) => never,
): UserCertificate {
  const [type = '', word = '', ...comment] = line.replace(/\n$/, '').split(' ');
  const certified = certifiedType(type);
  const blob = strictBase64(word);
  if (certified === undefined || blob === undefined || /[^\x20-\x7e]/.test(comment.join(' ')))
    return refuse('it is no certificate of a kind that is taken');
  if (new WireReader(blob, refuse).ascii() !== type) refuse('it names two kinds of certificate');
  const { key, root, isUser, principals, options, validAfter, validBefore } = readCertificate(
    certified,
    blob,
    refuse,
  );
  return {
    key: blobLine(key.blob),
    authority: blobLine(root),
    isUser,
    principals,
    options,
    validAfter,
    validBefore,
  };
}
