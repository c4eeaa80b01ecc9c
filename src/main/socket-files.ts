/** The socket's file: private directory, no leftover, mode 0600. */
import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import type { SocketFiles } from '#api';
import { Fault } from '#base/fault';

export function socketFiles(): SocketFiles {
  return {
    privateDirectory: async (path) => {
      await mkdir(path, { recursive: true, mode: 0o700 });
      const { mode, uid } = await lstat(path);
      if ((mode & 0o077) === 0 && uid === (process.getuid?.() ?? uid)) return;
      throw new Fault(
        'refused',
        'directory-not-private',
        `others may enter the directory of the local socket: ${path}. Make it mode 0700 and your own`,
      );
    },
    removeSocket: async (path) => {
      const info = await lstat(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      if (info === undefined) return;
      if (!info.isSocket())
        throw new Fault(
          'refused',
          'not-a-socket',
          `something else lies where the local socket should be: ${path}. Remove it`,
        );
      await rm(path);
    },
    restrict: (path) => chmod(path, 0o600),
  };
}
