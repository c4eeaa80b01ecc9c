export { EXTERNAL_PREFIX } from './external.ts';
export type { IdentityFaultCode } from './faults.ts';
export { openIdentity } from './open.ts';
export type {
  BreakGlass,
  ExternalLease,
  ExternalToken,
  ExternalTokens,
  Identity,
  Invitation,
  Lease,
  LeaseStatus,
  NewLease,
  Passkey,
  Session,
  SignInMethod,
  TokenBar,
} from './protocol.ts';
