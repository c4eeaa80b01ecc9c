/** Sealing: an archive of files that only the holder of a named key can open, with this or with `age`. */
export {
  ARCHIVE_LIMITS,
  type ArchiveFile,
  type ArchiveLimits,
  packArchive,
  unpackArchive,
} from './archive.ts';
export { filesBelow, unpackBelow } from './directory.ts';
export type { SealingFaultCode } from './faults.ts';
export { type OpeningKey, readOpeningKey, readRecipient, type SealingKey } from './keys.ts';
export { openArchive, sealArchive } from './seal.ts';
