export { Kernel, type World } from './kernel.ts';
export { OPERATIONS } from './list.ts';
export {
  type Answer,
  type Call,
  type Caller,
  type Capability,
  type Operation,
  PROFILES,
  type ProfileName,
  type Surface,
  type TargetLook,
} from './operation.ts';
