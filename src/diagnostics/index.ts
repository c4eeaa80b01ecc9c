export {
  type Arguments,
  DIAGNOSES,
  type DiagnosisName,
  type DiagnosisPlan,
  isDiagnosis,
  planDiagnosis,
  readDiagnosis,
  type TargetHeard,
} from './diagnosis.ts';
export type { Ask, Heard, HeardByKey, KnownFacts } from './report.ts';
