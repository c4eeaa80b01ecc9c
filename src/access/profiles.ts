/** Named sets of capabilities, each with the highest tier it ever has: what a lease or a role is made from. */
import { ACTION_CAPABILITIES, type Tier } from '#model';
import { CAPABILITIES, type Capability } from './capabilities.ts';

const LOOKING = ['facts.read', 'drift.read', 'inventory.read', 'changes.read'] as const;
const DRAFTS = [...LOOKING, 'drafts.read'] as const;

export const PROFILES = {
  /** What the bearer that `start` prints, and any MCP client, gets: looking and proposing. */
  observer: [...LOOKING, 'facts.ingest', 'changes.propose', 'stop.trip', ...ACTION_CAPABILITIES],
  /** Looks again and runs what only reads; its ceiling keeps it from proposing any more. */
  diagnostician: [...LOOKING, 'targets.observe', 'changes.propose', 'stop.trip', 'actions.look'],
  /** An operator's assistant: looks, looks again, and proposes. */
  assistant: [
    ...LOOKING,
    'facts.ingest',
    'targets.observe',
    'changes.propose',
    'stop.trip',
    ...ACTION_CAPABILITIES,
  ],
  /** Brings observations, and reads which targets there are to name. */
  ingest: ['facts.ingest', 'inventory.read'],
  /** Reads what a catalogue, baselines and commands are made from. */
  'author-read': DRAFTS,
  /** And has drafts analysed and previewed. */
  'author-dry-run': [...DRAFTS, 'changes.propose', 'actions.look'],
  /** And writes drafts, that nothing follows until an operator signs them. */
  author: [...DRAFTS, 'changes.propose', 'actions.look', 'drafts.write'],
  metrics: ['metrics.read'],
  /** The account on the local socket: also what prepares decisions, and declarations that stay `unsigned`. */
  operator: CAPABILITIES,
} as const satisfies Record<string, readonly Capability[]>;
export type ProfileName = keyof typeof PROFILES;

export const PROFILE_NAMES = Object.keys(PROFILES) as readonly ProfileName[];

export function isProfile(name: string): name is ProfileName {
  return Object.hasOwn(PROFILES, name);
}

/** The highest tier of a profile, wherever it is used. */
export const PROFILE_CEILINGS: Readonly<Record<ProfileName, Tier>> = {
  observer: 'T3',
  diagnostician: 'T0',
  assistant: 'T3',
  ingest: 'T0',
  'author-read': 'T0',
  'author-dry-run': 'T0',
  author: 'T0',
  metrics: 'T0',
  operator: 'T3',
};

export const PROFILES_SAY: Readonly<Record<ProfileName, string>> = {
  observer: 'looks, brings observations, and proposes changes for a person to decide',
  diagnostician: 'looks, looks again, and runs what only reads',
  assistant: 'looks, looks again, brings observations, and proposes changes for a person to decide',
  ingest: 'brings observations, and nothing else',
  'author-read': 'reads declarations and suggested commands',
  'author-dry-run': 'reads declarations and suggested commands, and has drafts tried',
  author: 'writes drafts of commands and declarations, which nothing follows until they are signed',
  metrics: 'reads the metrics of this service',
  operator: 'asks for everything that a person may ask for',
};
