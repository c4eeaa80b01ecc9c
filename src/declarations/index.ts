export { cisMaker } from './cis/maker.ts';
export { SHIPPED_PROFILES } from './cis/shipped.ts';
export type { About, ContentFile, KnownFact, Maker, Named } from './compile.ts';
export {
  type DeclarationProblem,
  type Declared,
  declareFor,
  type Source,
  speaksOf,
} from './declare.ts';
export { type DeclarationFaultCode, declarationFault } from './faults.ts';
export { type Accepted, acceptInFile } from './git/accept.ts';
export { type Baselines, GIT_LIMITS, gitMaker } from './git/index.ts';
export { integrityMaker } from './integrity.ts';
export { baselinesIn } from './repository/baselines-in-tree.ts';
export { gitCall, OBJECT, parseBlobs, parseTree, textOf } from './repository/git.ts';
export { entryOf, withObject } from './repository/trees.ts';
export { levelOf, type Selector } from './selector.ts';
export { compileService, type ServiceDefinition, type ServiceDefinitions } from './service.ts';
export {
  type DeclarationSettings,
  type Entry,
  type EntryKind,
  NO_SETTINGS,
  readDeclarationSettings,
} from './settings.ts';
export type { Feed } from './vulnerability/feed.ts';
export { vulnerabilityMaker } from './vulnerability/maker.ts';
