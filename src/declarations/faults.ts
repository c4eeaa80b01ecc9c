/** What is wrong with what should be: always the text of a person, always with file and line. */
import { Fault, type FaultKind, type FaultMore } from '#base/fault';
import type { YamlFile } from '#strict-yaml';

const KINDS = {
  /** `declarations.yaml`, or a YAML baseline, does not hold. `facts.problems` has every mistake. */
  'invalid-declarations': 'invalid',
  /** A repository answered what no repository of ours would. */
  'invalid-repository': 'invalid',
  /** A feed is not there, or no text. */
  'feed-unavailable': 'unavailable',
  /** It cannot be read now. */
  'repository-unavailable': 'unavailable',
  /** The branch moved, or what was to be edited is not there. */
  'proposal-refused': 'refused',
} as const satisfies Record<string, FaultKind>;

export type DeclarationFaultCode = keyof typeof KINDS;

export function declarationFault(
  code: DeclarationFaultCode,
  message: string,
  more?: FaultMore,
): Fault<DeclarationFaultCode> {
  return new Fault(KINDS[code], code, message, more);
}

export function declarationsFile(file: string, what = 'declarations'): YamlFile {
  return { file, code: 'invalid-declarations' satisfies DeclarationFaultCode, what };
}
