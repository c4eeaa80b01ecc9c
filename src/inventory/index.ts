export { addSource, addTarget, type NewTarget, removeTarget } from './edit.ts';
export type { InventoryFaultCode } from './faults.ts';
export { type AssertionCheck, isTrusted, mayAssert, requireMayAssert } from './grants.ts';
export type { Inventory, RedundancySet } from './inventory.ts';
export { nearest } from './nearest.ts';
export { DEFAULT_STALE_AFTER_SECONDS, parseInventory } from './parse.ts';
export { requireSsh, resolveTarget } from './resolve.ts';
export { localTargetId, sampleInventory, type ThisMachine } from './sample.ts';
