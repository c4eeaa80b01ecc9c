/** What the store of sealed outputs throws. Codes are promises; wording is not. */
import { Fault, type FaultKind, type FaultMore } from '#base/fault';

const KINDS = {
  /** No such output was ever kept here. */
  'output-unknown': 'missing',
  /** It was destroyed by retention; `facts` say when, by which policy. */
  'output-pruned': 'missing',
  /** It is there and is not what was sealed, or its key is another one. */
  'output-damaged': 'broken',
  /** Bound it before it is kept. */
  'output-too-big': 'invalid',
  /** Change, media type or hash are not of a form that can be kept. */
  'output-label': 'invalid',
  /** Sealed outputs are there, and the key they are wrapped by is not. Restore it from a backup. */
  'output-key-missing': 'broken',
  /** What is on hold cannot be read: nothing is pruned until a person has looked. */
  'holds-unreadable': 'broken',
} as const satisfies Record<string, FaultKind>;

export function outputFault(
  code: keyof typeof KINDS,
  message: string,
  more?: FaultMore,
): Fault<keyof typeof KINDS> {
  return new Fault(KINDS[code], code, message, more);
}

export function badLabel(): Error {
  return outputFault(
    'output-label',
    'not a name an output can be kept by: give the id of a change, a media type and a SHA-256 in hex',
  );
}
