/** Named sets of capabilities: what a lease or a role is made from. */
import { ACTION_CAPABILITIES } from '#model';
import { CAPABILITIES, type Capability } from './capabilities.ts';

const LOOKING = ['facts.read', 'drift.read', 'inventory.read', 'changes.read'] as const;

export const PROFILES = {
  /** What the bearer that `start` prints, and any MCP client, gets: looking and proposing. */
  observer: [...LOOKING, 'facts.ingest', 'changes.propose', 'stop.trip', ...ACTION_CAPABILITIES],
  /** The account on the local socket: also what prepares decisions, and declarations that stay `unsigned`. */
  operator: CAPABILITIES,
} as const satisfies Record<string, readonly Capability[]>;
export type ProfileName = keyof typeof PROFILES;
