export { mustConfirm } from './confirm.ts';
export { accountOf, principalOf } from './invitation.ts';
export type { FirstConfig, People, SignInNeeds, Standing } from './needs.ts';
export type {
  Ceremony,
  Confirming,
  Finished,
  From,
  NewPasskey,
  OpenInvitation,
  PageToSign,
  Person,
  Place,
  Registered,
  Shown,
  SignedIn,
  SignIn,
} from './protocol.ts';
export { openSignIn } from './sign-in.ts';
