import type { Stats } from 'node:fs';
import type { MachineFileInfo } from '#base/ports';

export function kindOfStats(stats: Stats): MachineFileInfo['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isSocket()) return 'socket';
  return 'other';
}
