export type { AccessPowers } from './access.ts';
export { approvalUrl, changeWaiting, withApprovalUrl } from './approval-link.ts';
export type { ConfigRequest } from './authority.ts';
export type { DeclarationPowers } from './declarations.ts';
export { findingChanges } from './drift-changes.ts';
export { type DriftSources, NO_SOURCES } from './drift-sources.ts';
export type { EnrolmentPowers, PinsInput } from './enrolment.ts';
export type {
  ConsoleShown,
  GlassShown,
  IdentityPowers,
  InvitationShown,
  PasskeyShown,
  SessionShown,
} from './identity.ts';
export { Kernel, mayAsk, type World } from './kernel.ts';
export type { LearningPowers } from './learning.ts';
export { issuerOf, type LeasePowers, type LeaseShown } from './leases.ts';
export { OPERATIONS } from './list.ts';
export {
  type Answer,
  type AuthorityPowers,
  type Call,
  type Caller,
  type CommandAnalysis,
  type CommandPowers,
  type CommandQuestion,
  type Confirmed,
  type LookHow,
  type MatrixQuestion,
  type Operation,
  type PolicyPowers,
  type PolicyText,
  type ProofPowers,
  type Surface,
  type TargetLook,
  type TrailPowers,
  type TrailsTold,
} from './operation.ts';
export type { UnsignedEdit } from './unsigned-edit.ts';
