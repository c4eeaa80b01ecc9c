export { connectLocal, type LocalService } from './client.ts';
export {
  type LocalSocket,
  type LocalSocketSettings,
  type SocketFiles,
  serveLocalSocket,
} from './server.ts';
export { checkSocketPath } from './socket-path.ts';
export type { LocalStatus, LocalSurface } from './wire.ts';
