export { daysLeft, type Examined, examine, isSoonOver, readCertificate } from './examine.ts';
export { makeAuthority, makeServer } from './lazy.ts';
export type { KeyPair, Making } from './make.ts';
