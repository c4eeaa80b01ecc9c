export { CAPABILITIES, type Capability } from './capabilities.ts';
export { PROFILES, type ProfileName } from './profiles.ts';
export { isWhole, type Reach, reaches, reachOf, type TargetReach } from './reach.ts';
