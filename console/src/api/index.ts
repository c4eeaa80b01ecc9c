export { ask, askWhole } from './ask.ts';
export { confirming } from './confirm.ts';
export type { Json, JsonObject } from './json.ts';
export { followLive, useConnection } from './live.ts';
export { useNotices } from './notices.ts';
export { asProblem, Problem, problemTold } from './problem.ts';
export { send, sendTo } from './send.ts';
export {
  fetchSession,
  signOut,
  useMay,
  useSession,
  useSignedIn,
} from './session.ts';
export { useHasEnded } from './session-state.ts';
export { markTopics } from './topics.ts';
export { useAct, useAsk, useSeen } from './use-ask.ts';
