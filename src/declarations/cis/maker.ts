/** Profiles as the other declarations are made: files in, one declaration for a target out. */
import type { About, ContentFile, Maker, Named } from '../compile.ts';
import { compileProfile } from './compile-profile.ts';
import type { ProfileFile } from './profile.ts';
import { readProfileFile } from './read-profile.ts';
import { resolveProfile } from './resolve-profile.ts';

/** The files are every profile there is, shipped and own: the entry names one of them. */
export const cisMaker: Maker<readonly ProfileFile[]> = {
  read: (files: readonly ContentFile[]) =>
    files.map(({ text, file }) => readProfileFile(text, file)),
  compile: (profiles, { name, at }: Named, about: About) =>
    compileProfile(resolveProfile(name, profiles, at), name, about),
};
