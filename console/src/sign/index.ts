export { sha256 } from './bytes.ts';
export { type SigningKey, signWithPasskey } from './ceremony.ts';
export { digestWords } from './digest-words.ts';
export { type Checked, checkOrder } from './order.ts';
export { ownKeys } from './own-key.ts';
export type { Plan, PlanCheck, PlanStep } from './plan.ts';
export { NAMESPACES, type Namespace } from './sshsig.ts';
