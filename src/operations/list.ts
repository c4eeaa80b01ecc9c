/** Everything a caller may ask for. Surfaces are made from this list; a name here is a promise. */

import { findingAccept } from './accept.ts';
import { accessShow } from './access.ts';
import {
  approvalPage,
  changeApprove,
  changeCancel,
  changeClose,
  changeReject,
  changeUndo,
  flappingClear,
  rolloutEnd,
  rolloutPause,
  rolloutResume,
  stopLift,
  stopLiftPage,
  stopsList,
  undoLook,
} from './approvals.ts';
import { assistantActivity } from './assistant-activity.ts';
import {
  configApply,
  configPage,
  configStatus,
  configWait,
  configWaiting,
  operatorsList,
} from './authority.ts';
import {
  baselineBless,
  baselineList,
  baselineRetire,
  baselineShow,
  waiverAdd,
  waiverList,
  waiverRetire,
} from './baselines.ts';
import { analyzeCommand, runCommand } from './commands.ts';
import { compareFacts } from './compare-facts.ts';
import { driftConverge, wayBack } from './converge.ts';
import { declarationList, declarationPropose, declarationShow } from './declarations.ts';
import { describeSystem } from './describe-system.ts';
import { driftChanges, driftRefresh } from './drift-changes.ts';
import { driftScan } from './drift-scan.ts';
import {
  enrolmentAdd,
  enrolmentApply,
  enrolmentKeys,
  enrolmentList,
  enrolmentPage,
  enrolmentRemove,
  enrolmentStart,
} from './enrolment.ts';
import { eventsList } from './events.ts';
import { explainFinding } from './explain.ts';
import { leaseReadmit, tokenRevoke } from './external-tokens.ts';
import { factHistory } from './fact-history.ts';
import { findActions } from './find-actions.ts';
import { factSparkline, fleetChanges } from './fleet-changes.ts';
import { factDifferences } from './fleet-differences.ts';
import { fleetList } from './fleet-list.ts';
import { fleetMap } from './fleet-map.ts';
import { fleetOverview } from './fleet-overview.ts';
import {
  breakGlassClose,
  breakGlassStatus,
  consoleStatus,
  invitationMake,
  invitationsList,
  passkeyRemove,
  passkeyRename,
  passkeysList,
  recoveryMake,
  serverConfirm,
  sessionEnd,
  sessionsList,
} from './identity.ts';
import { approvalsInbox, changesRegroup } from './inbox.ts';
import { ingestObservation } from './ingest-observation.ts';
import { commandDraft, commandMove, commandStatistics, commandSuggestions } from './learning.ts';
import { leaseIssue, leaseList, leaseProfiles, leaseRevoke } from './leases.ts';
import { observe } from './observe.ts';
import type { Operation } from './operation.ts';
import {
  policyCheck,
  policyExplain,
  policyMatrix,
  policyReplay,
  policySave,
  policyShow,
  policyTest,
} from './policy.ts';
import {
  changeBundle,
  evidenceExport,
  evidenceHold,
  evidenceOutput,
  evidencePrune,
  evidenceStatus,
  logCheckpoint,
  logProof,
} from './proof.ts';
import { queryFacts } from './query-facts.ts';
import { changesList, emergencyStop, getChange, runAction } from './run-action.ts';
import { backupStore, doctor, verifyLog } from './service.ts';
import { standingAdd, standingList, standingPage, standingRevoke } from './standing.ts';
import { targetSummary } from './target-summary.ts';
import { targetAdd, targetList, targetRemove, targetShow } from './targets.ts';
import { whatChanged } from './what-changed.ts';

export const OPERATIONS: readonly Operation[] = [
  describeSystem,
  queryFacts,
  factHistory,
  compareFacts,
  driftScan,
  explainFinding,
  whatChanged,
  driftChanges,
  driftRefresh,
  wayBack,
  findingAccept,
  driftConverge,
  ingestObservation,
  observe,
  targetSummary,
  fleetOverview,
  fleetList,
  fleetMap,
  fleetChanges,
  factSparkline,
  factDifferences,
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
  declarationList,
  declarationShow,
  declarationPropose,
  findActions,
  runAction,
  runCommand,
  analyzeCommand,
  commandSuggestions,
  commandStatistics,
  commandDraft,
  commandMove,
  getChange,
  changesList,
  approvalsInbox,
  changesRegroup,
  approvalPage,
  changeApprove,
  changeReject,
  changeCancel,
  changeUndo,
  undoLook,
  rolloutPause,
  rolloutResume,
  rolloutEnd,
  changeClose,
  flappingClear,
  emergencyStop,
  stopsList,
  stopLiftPage,
  stopLift,
  standingPage,
  standingAdd,
  standingList,
  standingRevoke,
  operatorsList,
  configStatus,
  configPage,
  configApply,
  configWait,
  configWaiting,
  consoleStatus,
  serverConfirm,
  invitationMake,
  invitationsList,
  passkeysList,
  passkeyRename,
  passkeyRemove,
  sessionsList,
  sessionEnd,
  recoveryMake,
  breakGlassStatus,
  breakGlassClose,
  accessShow,
  leaseProfiles,
  leaseIssue,
  leaseList,
  leaseRevoke,
  leaseReadmit,
  tokenRevoke,
  enrolmentStart,
  enrolmentAdd,
  enrolmentRemove,
  enrolmentList,
  enrolmentPage,
  enrolmentApply,
  enrolmentKeys,
  policyTest,
  policyExplain,
  policyReplay,
  policyShow,
  policyMatrix,
  policyCheck,
  policySave,
  changeBundle,
  evidenceStatus,
  evidenceOutput,
  evidenceHold,
  evidencePrune,
  evidenceExport,
  eventsList,
  assistantActivity,
  logCheckpoint,
  logProof,
  verifyLog,
  backupStore,
  doctor,
];
