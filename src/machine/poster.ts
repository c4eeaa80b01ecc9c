/** One bounded request over HTTP or HTTPS: a connection of its own, no redirect, no proxy, no cookie. */
import type { Poster } from '#base/ports';
import type { EgressRules } from './egress.ts';

export function nodePoster(rules: EgressRules): Poster {
  return {
    // HTTP and TLS load with the first request: most never send one.
    request: async ({ timeoutMs, ...asked }) =>
      (await import('./egress.ts')).sendOut(rules, {
        ...asked,
        signal: AbortSignal.timeout(timeoutMs),
      }),
  };
}
