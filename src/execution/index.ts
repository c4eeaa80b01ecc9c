/** The change road: the only way to change a target. The promises are in `protocol.ts`. */
export { type ChangeMaterial, changeMaterial } from './material.ts';
export type { AuthorityState, JudgedCommand, RoadPorts, SignedText } from './ports.ts';
export {
  type Approval,
  type ApprovalPage,
  type ChangeRoad,
  type ChangeView,
  type CommandAnswer,
  type CommandAsked,
  FAULT_POINTS,
  type FaultPoint,
  type InboxGroup,
  type Proposal,
  type Requester,
  ROLLOUT_FAULT_POINTS,
  type RolloutAsked,
  type RolloutTargetState,
  type RolloutView,
  type StandingPage,
  type StandingTerms,
  type StandingView,
  type StopSubject,
  type StopView,
  type UndoLook,
} from './protocol.ts';
export { changesRan } from './ran-on.ts';
export { type SettledAfterRestore, settleAfterRestore } from './restored.ts';
export { openChangeRoad } from './road.ts';
