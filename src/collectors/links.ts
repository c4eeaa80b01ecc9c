/** Following symbolic links by hand, where it is known whose they are. */
import { Fault } from '#base/fault';
import type { MachineFileInfo } from '#base/ports';
import type { LookSession } from './look-session.ts';

const HOPS = 8;

export type Found = { readonly path: string; readonly info: MachineFileInfo };

/**
 * Where `path` leads and what is there; `undefined` when nothing is. A link that an ordinary account
 * made is followed only to a file of that same account, so nobody can show us another's as theirs.
 */
export async function follow(session: LookSession, path: string): Promise<Found | undefined> {
  let at = path;
  const makers = new Set<number>();
  for (let hop = 0; hop <= HOPS; hop++) {
    const info = await session.files.stat(at);
    if (info === undefined) return undefined;
    if (info.kind !== 'symlink') {
      for (const maker of makers) {
        if (maker !== 0 && maker !== info.uid) throw refused(path);
      }
      return { path: at, info };
    }
    makers.add(info.uid);
    const target = await session.files.readLink(at);
    if (target === undefined) return undefined;
    at = resolved(at, target);
  }
  throw refused(path);
}

function refused(path: string): Fault {
  return new Fault('refused', 'link-refused', `a link was not followed: ${path.slice(0, 200)}`);
}

/** The absolute path that a link's text means. */
export function resolved(link: string, target: string): string {
  const parts = target.startsWith('/') ? [] : link.split('/').slice(1, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export function childOf(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}
