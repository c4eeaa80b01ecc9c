import { Fault, type FaultKind, type FaultMore } from '#base/fault';
import type { YamlFile } from '#strict-yaml';

const KINDS = {
  /** A file of commands or of paths says something that cannot be used. `facts.problems` has each place. */
  'invalid-commands': 'invalid',
  /** No entry has that name. `facts.candidates` has near ones. */
  'unknown-command': 'missing',
} as const satisfies Record<string, FaultKind>;

/** A file of commands or paths, for whoever reads it strictly. */
export function commandsFile(file: string): YamlFile {
  return { file, code: 'invalid-commands' satisfies CommandFaultCode, what: 'commands' };
}

export type CommandFaultCode = keyof typeof KINDS;

export function commandFault(
  code: CommandFaultCode,
  message: string,
  more?: FaultMore,
): Fault<CommandFaultCode> {
  return new Fault(KINDS[code], code, message, more);
}
