/**
 * The standalone verifier, in a browser: the file that auditors read, to the letter, but for the five lines that name
 * what it needs of Node. So a page that checks a bundle is the second reading of the formats, and not a third.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const VERIFIER = join(import.meta.dirname, '..', 'verifier', 'holdfast-verifier.mjs');
const LENT = join(import.meta.dirname, 'src/verify/lent/index.ts');

const OF_NODE = `import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import process from 'node:process';
`;

/** The text of the verifier as it runs in a browser. Throws when it needs something else of Node than is lent. */
export function lendVerifier(text: string, form: 'path' | 'url' = 'path'): string {
  const [before, after, ...more] = text.split(OF_NODE);
  if (before === undefined || after === undefined || more.length > 0 || /'node:/.test(after))
    throw new Error('the standalone verifier imports something else than is lent to it');
  const from = form === 'url' ? pathToFileURL(LENT).href : LENT;
  return `${before}import { Buffer, crypto, fs, path, process } from ${JSON.stringify(from)};\n${after}`;
}
