export { type Bind, bindOf, isLoopback, isLoopbackName, LOOPBACK_NAMES } from './bind.ts';
export { type Difference, serverDifferences } from './differences.ts';
export { editServer, type ServerEdit } from './edit.ts';
export { type ServingFaultCode } from './faults.ts';
export { narrowServer } from './narrow.ts';
export { readServer } from './read-settings.ts';
export {
  DEFAULT_SERVER,
  type OAuthSettings,
  type OidcSettings,
  type ServerSettings,
  type ServerUrl,
  USUAL_PORT,
} from './settings.ts';
