/** What the standalone verifier is lent in a browser instead of Node's own; see `lendVerifier`. */
export { Buffer } from './buffer.ts';
export { lentCrypto as crypto } from './crypto.ts';

/** Only logs on disk and the command line want these; whoever comes here by mistake finds nothing to call. */
export const fs = {};
export const path = {};
export const process = { argv: [] };
