export type {
  Action,
  ArgumentSpec,
  ArgumentType,
  ArgumentValue,
  ArgvTemplate,
  Contract,
  Converges,
  FactRef,
  FactTest,
  HostTest,
  Runbook,
  Runnable,
  StepSpec,
  Template,
  TemplatePiece,
  WayPiece,
  When,
} from './action.ts';
export {
  hasClosedArguments,
  type KnownNames,
  type ParsedArguments,
  parseArguments,
} from './arguments.ts';
export { buildCatalogue, type Catalogue, nameOf, type SearchFilter } from './catalogue.ts';
export { argvOf, COMMAND_ACTION, commandAction } from './command-action.ts';
export type { CatalogueFaultCode } from './faults.ts';
export { kindOfValue, pathProblem, valueProblem } from './grammar.ts';
export { CATALOGUE_FILE_BYTES, parseActions, parseRunbook } from './parse.ts';
export { SHIPPED_FILES } from './shipped.ts';
