export type {
  Accepted,
  Adapter,
  Dispatch,
  Ended,
  Host,
  HostAnswer,
  HostConfig,
  HostIdentity,
  HostStatus,
  JobState,
  Looked,
  Receipt,
} from './adapter.ts';
export { type Carrier, framedHost } from './framed-host.ts';
export { type Answer, formatFrame, type Item, parseAnswer, type Verb } from './frames.ts';
export { type Enrolled, type Enrolment, enrolLocal } from './local/enrol-local.ts';
export { type LocalHost, localAdapter } from './local/local-adapter.ts';
export { type LocalReader, type LocalReading, localReader } from './local/local-reader.ts';
export { openSshReach } from './ssh/open-ssh-reach.ts';
export type {
  HostReader,
  ReachState,
  ReadAnswer,
  ReaderHello,
  ReadRequest,
  SshReach,
  Unreachable,
} from './ssh/reach.ts';
export { UNREACHABLE } from './ssh/reach.ts';
export type { Account, HostKeysOf, OpenSsh, SshSettings } from './ssh/settings.ts';
export type { AccountKey } from './ssh/ssh-files.ts';
