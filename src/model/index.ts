export {
  type Baseline,
  type BaselineGap,
  type BaselinePart,
  type FindingPattern,
  type IgnoreRule,
  type Signature,
  type Waiver,
} from './baseline.ts';
export {
  attributeProblem,
  type Entity,
  entityProblem,
  isKind,
  keyOf,
  kindOf,
  parseEntity,
} from './entity.ts';
export {
  COVERAGE_STATUS,
  type Coverage,
  type CoverageStatus,
  DEFAULT_SCOPE,
  FACT_TYPES,
  type Fact,
  type FactType,
  type FactVersion,
  type Scope,
} from './fact.ts';
export {
  FINDING_KINDS,
  FINDING_STATUS,
  type Finding,
  type FindingKind,
  type FindingStatus,
  SEVERITIES,
  type Severity,
} from './finding.ts';
export {
  type AttributeSpec,
  attributeSpec,
  checkValue,
  isSecurity,
  isVolatile,
  KINDS,
  type KindSpec,
  kindSpec,
} from './kinds.ts';
export {
  BASELINE_SOURCE,
  CRITICALITIES,
  type Criticality,
  DRIFT_SOURCE,
  ENVIRONMENTS,
  type Environment,
  HOST_TYPES,
  type HostType,
  isReservedSource,
  LOCAL_SOURCE,
  type SourceGrant,
  type Target,
  TRANSPORTS,
  type Transport,
} from './target.ts';
