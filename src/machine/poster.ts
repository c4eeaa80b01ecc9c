/** One bounded request over HTTP or HTTPS: a connection of its own, no redirect, no proxy, no cookie. */
import type { Poster } from '#base/ports';
import { type EgressRules, sendOut } from './egress.ts';

export function nodePoster(rules: EgressRules): Poster {
  return {
    request: ({ timeoutMs, ...asked }) =>
      sendOut(rules, { ...asked, signal: AbortSignal.timeout(timeoutMs) }),
  };
}
