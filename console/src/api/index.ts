export { ask, askWhole } from './ask.ts';
export type { Json, JsonObject } from './json.ts';
export { followLive, useConnection } from './live.ts';
export { useNotices } from './notices.ts';
export { asProblem, type Kind, Problem } from './problem.ts';
export { send, sendTo } from './send.ts';
export {
  fetchSession,
  type Session,
  type SessionKey,
  signOut,
  useMay,
  useSession,
  useSignedIn,
} from './session.ts';
export { useHasEnded } from './session-state.ts';
export { markTopics, type Topic } from './topics.ts';
export { type AskOptions, useAct, useAsk } from './use-ask.ts';
