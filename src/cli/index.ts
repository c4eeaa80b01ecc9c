export { EXIT_CODES } from './exit-codes.ts';
export type {
  Ask,
  Commands,
  Io,
  Keys,
  Made,
  Opened,
  ServiceAction,
  ServiceManager,
  ShownOrder,
  Summary,
  TargetSummary,
  Teller,
  UpOptions,
} from './program.ts';
export { type CliRun, runCli } from './run.ts';
