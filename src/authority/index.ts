export { verifyByKey } from './by-key.ts';
export {
  type AuthorityChange,
  changeAuthority,
  firstAuthority,
  type Profile,
} from './change-authority.ts';
export { digestWords } from './digest-words.ts';
export {
  type ChangeOrder,
  type ConfigDocument,
  type EnrolledHost,
  type EnrolmentDocument,
  HOST_CAPABILITIES,
  type HostCapability,
  type HostPolicy,
  type LiftDocument,
  NO_HASH,
  type PartDocument,
  type ReceiptDocument,
  type RunOrder,
  type StandingDocument,
} from './document-values.ts';
export {
  changeDocument,
  configDocument,
  enrolmentDocument,
  hostPolicyDocument,
  identityDocument,
  liftDocument,
  partCore,
  partDocument,
  receiptDocument,
  runDocument,
  standingDocument,
} from './documents.ts';
export type { AuthorityFaultCode } from './faults.ts';
export type { HostView, Judgement, OrderRequest } from './host-view.ts';
export {
  type Authority,
  authorityOf,
  configStatus,
  type InForce,
  type NextConfig,
  nextConfig,
} from './in-force.ts';
export { judgeOrder } from './judge.ts';
export { fingerprint, publicKeyLine } from './keys.ts';
export { formatRevocations, parseRevocations, type Revocations } from './krl.ts';
export { formatOperators, type Operators, parseOperators, samePerson } from './operators.ts';
export { passkeyLine } from './passkey-line.ts';
export { checkQuorum, reaches } from './quorum.ts';
export { formatSigners, NAMESPACES, parseSigners, RECOVERY, type Signers } from './signers.ts';
export { signSshsig, signSshsigWith } from './sshsig.ts';
export { coversStanding, makeStanding } from './standing.ts';
export { standingCheck } from './standing-check.ts';
export { readUserCertificate, type UserCertificate } from './user-certificate.ts';
export { readSignature, type VerifiedSignature, verifySignature } from './verify-signature.ts';
