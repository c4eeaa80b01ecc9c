export { EXIT_CODES } from './exit-codes.ts';
export type { HostDoor, HostMaterial, OperatorSsh } from './operator-ssh.ts';
export type {
  Analyst,
  Ask,
  Commands,
  ExposeAsked,
  Exposed,
  ExposePlan,
  Io,
  Keys,
  Made,
  Opened,
  Rehearsals,
  Renewed,
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
