export type { HeldKey, KeyBroker, SecretsParts, SourceReport } from './broker.ts';
export { openKeyBroker } from './open-broker.ts';
export { readLines, readPin } from './private-file.ts';
export { OWN_KEYS, parseTransportSettings, type TransportSettings } from './settings.ts';
