/** Refusals of the change road: one code each, constant words first, what to do next at the end. */
import { Fault, type FaultFacts } from '#base/fault';
import { REFUSALS, type Refusal } from '#model';

export function refuse(code: Refusal, says: string, facts: FaultFacts = {}): never {
  throw new Fault('refused', code, says, { facts });
}

/** A fault that is an answer to keep with the change, and not trouble of ours. */
export function isRefusal(thrown: unknown): thrown is Fault<Refusal> {
  return thrown instanceof Fault && (REFUSALS as readonly string[]).includes(thrown.code);
}

export function hex(digest: string): string {
  return digest.startsWith('sha256:') ? digest.slice('sha256:'.length) : digest;
}
