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
