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
  'access.write',
  'metrics.read',
  ...ACTION_CAPABILITIES,
] as const;
export type Capability = (typeof CAPABILITIES)[number];
