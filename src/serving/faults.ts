import { Fault, type FaultKind, type FaultMore } from '#base/fault';
import type { YamlFile } from '#strict-yaml';

const KINDS = {
  /** `server.yaml` says something that cannot be used. `facts.problems` has each place. */
  'invalid-server': 'invalid',
  /** As it is written, whoever reaches this machine would reach the service without what protects it. */
  'unsafe-bind': 'refused',
} as const satisfies Record<string, FaultKind>;

export type ServingFaultCode = keyof typeof KINDS;

/** `server.yaml`, for whoever reads it strictly. */
export function serverFile(file: string): YamlFile {
  return { file, code: 'invalid-server' satisfies ServingFaultCode, what: 'server settings' };
}

export function servingFault(
  code: ServingFaultCode,
  message: string,
  more?: FaultMore,
): Fault<ServingFaultCode> {
  return new Fault(KINDS[code], code, message, more);
}
