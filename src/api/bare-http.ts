/**
 * Node's HTTP without its browser-like half. `import 'node:http'` reads every export there is, and reading
 * `WebSocket` loads all of undici: 14 MiB and a tenth of a second for every command that asks a service.
 */
import type * as Http from 'node:http';
import { createRequire } from 'node:module';

export const { createServer, request } = createRequire(import.meta.url)('node:http') as typeof Http;
