import { Fault, type FaultKind, type FaultMore } from '#base/fault';
import type { YamlFile } from '#strict-yaml';

const KINDS = {
  /** `automation.yaml` says something that cannot be used. `facts.problems` has each place. */
  'invalid-automation': 'invalid',
  /** No root, stack or cluster is configured for what was asked. */
  'no-automation-root': 'missing',
  /** A tree of content cannot be taken: too big, a link out of it, or somebody else can write there. */
  'content-refused': 'refused',
  /** The content is not the one that is in force by signature. */
  'content-not-in-force': 'refused',
  /** A look at this content would change something. `facts.problems` has each place. */
  'check-refused': 'refused',
  /** What stands for a target is not exactly one host of that inventory. */
  'not-one-host': 'refused',
} as const satisfies Record<string, FaultKind>;

export type AutomationFaultCode = keyof typeof KINDS;

/** `automation.yaml`, for whoever reads it strictly. */
export function automationFile(file: string): YamlFile {
  return {
    file,
    code: 'invalid-automation' satisfies AutomationFaultCode,
    what: 'automation roots',
  };
}

export function automationFault(
  code: AutomationFaultCode,
  message: string,
  more?: FaultMore,
): Fault<AutomationFaultCode> {
  return new Fault(KINDS[code], code, message, more);
}
