/** Everything a caller may ask for. Surfaces are made from this list; a name here is a promise. */
import {
  baselineBless,
  baselineList,
  baselineRetire,
  baselineShow,
  waiverAdd,
  waiverList,
  waiverRetire,
} from './baselines.ts';
import { compareFacts } from './compare-facts.ts';
import { describeSystem } from './describe-system.ts';
import { driftScan } from './drift-scan.ts';
import { factHistory } from './fact-history.ts';
import { ingestObservation } from './ingest-observation.ts';
import { observe } from './observe.ts';
import type { Operation } from './operation.ts';
import { queryFacts } from './query-facts.ts';
import { backupStore, doctor, eventsList, verifyLog } from './service.ts';
import { targetSummary } from './target-summary.ts';
import { targetAdd, targetList, targetRemove, targetShow } from './targets.ts';

export const OPERATIONS: readonly Operation[] = [
  describeSystem,
  queryFacts,
  factHistory,
  compareFacts,
  driftScan,
  ingestObservation,
  observe,
  targetSummary,
  targetList,
  targetShow,
  targetAdd,
  targetRemove,
  baselineBless,
  baselineList,
  baselineShow,
  baselineRetire,
  waiverAdd,
  waiverList,
  waiverRetire,
  eventsList,
  verifyLog,
  backupStore,
  doctor,
];
