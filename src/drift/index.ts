export { amend, declaredNow, type FactsAt } from './amend.ts';
export {
  type BlessInput,
  type BlessRequest,
  baselineDigest,
  blessBaseline,
  requireBaselineHolds,
} from './baseline.ts';
export { type Bounds, boundsOf, type Past, type PastRun } from './bounds.ts';
export { type Declared, declaredBaseline, declaredOf } from './declared.ts';
export { type DiffInput, type DiffResult, diffAsDeclared, diffFacts, wantedOf } from './diff.ts';
export { type Difference, findingId } from './difference.ts';
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
export {
  newlyTold,
  openings,
  type Reconciled,
  type ReconcileInput,
  reconcileFindings,
} from './reconcile.ts';
export { causeJson } from './record-parts.ts';
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
export { type Score, scoreOf } from './score.ts';
export { compareVersions } from './version-order.ts';
