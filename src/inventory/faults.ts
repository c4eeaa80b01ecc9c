import { Fault, type FaultKind, type FaultMore } from '#base/fault';

const KINDS = {
  /** `fleet.yaml` says something that cannot be used. `facts.problems` has each place. */
  'invalid-inventory': 'invalid',
  /** The target is already there. Show it, or remove it first. */
  'target-exists': 'conflict',
  /** The target already has a grant for this source. Show it, or edit the file. */
  'source-exists': 'conflict',
  /** The file is laid out in a way that only a person can edit safely. */
  'inventory-layout': 'conflict',
  /** No target, or more than one, answers to that name. `facts.candidates` has near ones. */
  'unknown-target': 'missing',
  /** What the inventory says the machine is has no SSH, whatever answers at its address. */
  'no-ssh-there': 'refused',
  /** This source may not say that about this target. `facts.accepted` says who may. */
  'source-refused': 'refused',
} as const satisfies Record<string, FaultKind>;

export type InventoryFaultCode = keyof typeof KINDS;

export function inventoryFault(
  code: InventoryFaultCode,
  message: string,
  more?: FaultMore,
): Fault<InventoryFaultCode> {
  return new Fault(KINDS[code], code, message, more);
}
