import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where this checkout lies. */
export const ROOT: string = join(import.meta.dirname, '..', '..');

export function programVersion(): string {
  return (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string })
    .version;
}
