export {
  type NewHost,
  type Probe,
  parseNewHost,
  parseProbe,
  parseRemoved,
  parseUpgraded,
} from './answer.ts';
export { formOf, type InventoryForm, type Listed, readHosts } from './inventories.ts';
export {
  type EnrolScript,
  formatPayload,
  type HostFile,
  type Payload,
  type ReaderGroup,
  type RunnerBy,
  scriptFor,
  type TransportKeys,
} from './payload.ts';
export { type HostPlan, OFFERED_GROUPS, planHost, type Wishes } from './plan.ts';
export {
  enrolledHost,
  enrolmentRecord,
  type HostPins,
  hostKeysHash,
  mustFit,
  parsePins,
  pinsOf,
} from './record.ts';
