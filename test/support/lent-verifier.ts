/** Loads code of the console as the console's build makes it: the standalone verifier in it runs on what browsers have. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { lendVerifier } from '../../console/lend-verifier.ts';

export async function lent<Module>(load: () => Promise<Module>): Promise<Module> {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const isOurs = specifier.endsWith('/holdfast-verifier.mjs');
      const asksLent = context.parentURL?.endsWith('/console/src/verify/bundle.ts') === true;
      return isOurs && asksLent ? { ...found, url: `${found.url}?lent` } : found;
    },
    load(url, context, next) {
      if (!url.endsWith('/holdfast-verifier.mjs?lent')) return next(url, context);
      const text = readFileSync(fileURLToPath(url), 'utf8');
      return { format: 'module', source: lendVerifier(text, 'url'), shortCircuit: true };
    },
  });
  try {
    return await load();
  } finally {
    hooks.deregister();
  }
}
