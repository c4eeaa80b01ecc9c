export type { ExpandContext, Preview } from './bind.ts';
export { blastRadius, type FleetView } from './blast-radius.ts';
export { type Difference, differences } from './differences.ts';
export { type Expansion, expand } from './expand.ts';
export type { PlanningFaultCode } from './faults.ts';
export type { FileSeen } from './fill.ts';
export {
  makePlan,
  type PartFields,
  type PlanInput,
  partOf,
  planDigest,
  planFor,
} from './plan.ts';
export { quoteWord, quoteWords } from './quote.ts';
export { renderPlan, stepWords } from './render.ts';
