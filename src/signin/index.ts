export type {
  Finished,
  From,
  NewPasskey,
  OpenInvitation,
  PageToSign,
  Person,
  Place,
  Registered,
  SignedIn,
  SignIn,
} from './protocol.ts';
