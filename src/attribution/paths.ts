/** Paths as text; nothing here looks at a disk, so links are not followed. */

/** Absolute, without `.`, `..` and doubled slashes; `undefined` where it is relative to nothing known. */
export function joinPath(cwd: string | null, path: string): string | undefined {
  const whole = path.startsWith('/') ? path : cwd?.startsWith('/') ? `${cwd}/${path}` : undefined;
  if (whole === undefined) return undefined;
  const parts: string[] = [];
  for (const part of whole.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function parentOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at < 1 ? '/' : path.slice(0, at);
}

export function isUnder(path: string, directory: string): boolean {
  return path.startsWith(directory.endsWith('/') ? directory : `${directory}/`);
}
