export { EXIT_CODES } from './exit-codes.ts';
export type { HostDoor, HostMaterial, OperatorSsh } from './operator-ssh.ts';
export type {
  Analyst,
  Ask,
  Commands,
  Io,
  Keys,
  Made,
  Opened,
  Rehearsals,
  ServiceAction,
  ServiceManager,
  ShownOrder,
  Summary,
  TargetSummary,
  Teller,
  TestAsked,
  UpOptions,
  WitnessOptions,
} from './program.ts';
export { type CliRun, runCli } from './run.ts';
