export type { IdentityFaultCode } from './faults.ts';
export { openIdentity } from './open.ts';
export type {
  BreakGlass,
  Identity,
  Invitation,
  Lease,
  LeaseStatus,
  NewLease,
  Passkey,
  Session,
  SignInMethod,
} from './protocol.ts';
