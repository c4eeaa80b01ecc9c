export {
  type FindingPlace,
  type Step,
  steps,
  type Way,
  type WayInput,
  waysBack,
} from './way-back.ts';
