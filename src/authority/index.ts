export {
  type ChangeOrder,
  type CheckpointMark,
  type ConfigDocument,
  changeDocument,
  configDocument,
  type HostIdentity,
  type HostPolicy,
  hostPolicyDocument,
  identityDocument,
  type LiftDocument,
  liftDocument,
  NO_HASH,
  type PartDocument,
  partCore,
  partDocument,
  type ReceiptDocument,
  type RunOrder,
  receiptDocument,
  runDocument,
  type StandingDocument,
  standingDocument,
} from './documents.ts';
export type { AuthorityFaultCode } from './faults.ts';
export {
  type HostFiles,
  type HostView,
  type Judgement,
  judgeOrder,
  type OrderRequest,
  standingCheck,
} from './judge.ts';
export { fingerprint, publicKeyLine } from './keys.ts';
export { formatRevocations, parseRevocations, type Revocations } from './krl.ts';
export {
  formatSigners,
  NAMESPACES,
  type Namespace,
  parseSigners,
  RECOVERY,
  type Signers,
} from './signers.ts';
export { signSshsig } from './sshsig.ts';
export {
  type SignatureQuestion,
  type VerifiedSignature,
  verifySignature,
} from './verify-signature.ts';
