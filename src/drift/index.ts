export {
  type BlessInput,
  type BlessRequest,
  baselineDigest,
  blessBaseline,
  declaredFacts,
  requireBaselineHolds,
} from './baseline.ts';
export { type Difference, type DiffInput, type DiffResult, diffFacts, findingId } from './diff.ts';
export {
  type Exceptions,
  isInForce,
  newWaiver,
  type Standing,
  standingOf,
  standings,
} from './exceptions.ts';
export type { ComparedFact, KindRules, ObservedFact } from './facts.ts';
export type { DriftFaultCode } from './faults.ts';
export { type Reconciled, type ReconcileInput, reconcileFindings } from './reconcile.ts';
export {
  baselineFacts,
  baselineFromFacts,
  findingFacts,
  findingFromFacts,
  groupRecords,
  type RecordedFact,
  type RecordFact,
  reconciledFacts,
  waiverFacts,
  waiverFromFacts,
} from './records.ts';
