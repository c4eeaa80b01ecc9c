/** Whether the signatures of one document are enough: all of them good, of enough different operators. */
import { ASSURANCES, type Assurance } from '#model';
import type { HostPolicy, RuleName } from './document-values.ts';
import { authorityFault } from './faults.ts';
import { RECOVERY } from './signers.ts';
import {
  type SignatureQuestion,
  type VerifiedSignature,
  verifySignature,
} from './verify-signature.ts';

export type QuorumQuestion = Omit<SignatureQuestion, 'armored' | 'policy'> & {
  readonly armored: readonly string[];
  readonly policy: HostPolicy;
  readonly rule: RuleName;
  /** What the document itself asks for; the host's policy may ask for more. */
  readonly quorum: number;
};

/** Answers who signed, or throws. The recovery key, where it may sign at all, is enough by itself. */
export function checkQuorum(question: QuorumQuestion): readonly VerifiedSignature[] {
  const { armored, policy, rule } = question;
  const signatures = armored.map((each) => verifySignature({ ...question, armored: each }));
  if (signatures.some(({ operator }) => operator === RECOVERY)) return signatures;
  const { assurance, quorum } = policy.rules[rule];
  const low = signatures.find((each) => !reaches(each.assurance, assurance));
  if (low !== undefined) {
    throw authorityFault(
      'assurance-too-low',
      `the signature has too little behind it: ${low.assurance} of ${low.operator}, needed is ${assurance}. Sign with a security key or passkey${assurance === 'separate' ? ', on a page of another machine' : ''}`,
    );
  }
  const needed = Math.max(1, quorum, question.quorum);
  const operators = new Set(signatures.map(({ operator }) => operator));
  if (operators.size < needed) {
    throw authorityFault(
      'quorum-not-met',
      `too few operators have signed: ${operators.size} of ${needed}. Have another operator sign; a second key of the same one does not count`,
    );
  }
  return signatures;
}

export function reaches(has: Assurance, needed: Assurance): boolean {
  return ASSURANCES.indexOf(has) >= ASSURANCES.indexOf(needed);
}
