/** Rights to ask. None of them can approve, and none can change a target: that takes a person's signature. */
import { ACTION_CAPABILITIES } from '#model';

export const CAPABILITIES = [
  'facts.read',
  'facts.ingest',
  'drift.read',
  'inventory.read',
  'inventory.write',
  'targets.observe',
  'baselines.write',
  'drafts.read',
  'drafts.write',
  'events.read',
  'changes.propose',
  'changes.read',
  'changes.decide',
  'stop.trip',
  'authority.write',
  'evidence.write',
  'service.admin',
  'leases.read',
  'leases.issue',
  'access.read',
  'access.write',
  'metrics.read',
  ...ACTION_CAPABILITIES,
] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** What only a person holds: these decide, or put something in force. No lease has them, whatever its profile says. */
export const DECIDING: ReadonlySet<Capability> = new Set([
  'changes.decide',
  'authority.write',
  'service.admin',
  'access.write',
  'leases.issue',
  'inventory.write',
  'baselines.write',
  'evidence.write',
]);
