/** Who is signed in, with which keys, and how far they reach. */
import { queryOptions, type UseQueryResult, useQuery } from '@tanstack/react-query';
import type { JsonObject } from './json.ts';
import { takeView } from './kept-view.ts';
import { asProblem, type Problem } from './problem.ts';
import { send } from './send.ts';
import { sessionBegan } from './session-state.ts';

export type SessionKey = {
  /** base64url */
  readonly credentialId: string;
  /** `sk-ecdsa-sha2-nistp256@openssh.com <base64>` */
  readonly key: string;
  readonly label: string;
  readonly transports: readonly string[];
  readonly fingerprint: string;
};

export type Session = {
  readonly operator: string;
  readonly name: string;
  readonly method: string;
  readonly since: string;
  readonly expiresAt: string;
  /** Roles, `owner`, `recovery` or `break-glass`. */
  readonly holds: string;
  /** What this session cannot do, in words. */
  readonly limit: string | null;
  readonly breakGlass: { readonly reason: string; readonly expiresAt: string } | null;
  readonly capabilities: readonly string[];
  readonly reach: JsonObject;
  readonly keys: readonly SessionKey[];
  readonly origin: string;
  readonly rpId: string;
};

/** Behind it stands what the team's provider sent this browser back with. */
const BROUGHT = '#oidc:';

/** What was refused of it is told where people sign in. */
async function comeBack(): Promise<void> {
  const { hash, pathname } = location;
  if (!hash.startsWith(BROUGHT)) return;
  history.replaceState(history.state, '', takeView() ?? pathname);
  const query = hash.slice(BROUGHT.length);
  // It is good once, and so is the proof beside it: first the nonce that this takes.
  await send('GET', '/sign-in').catch(() => undefined);
  await send('POST', '/sign-in/oidc/finish', { query }).catch(() => undefined);
}

export async function fetchSession(): Promise<Session> {
  await comeBack();
  const session = (await send('GET', '/session')) as unknown as Session;
  sessionBegan();
  return session;
}

export async function signOut(): Promise<void> {
  await send('DELETE', '/session');
}

export const SESSION = queryOptions<Session, Problem>({
  queryKey: ['session'],
  queryFn: async () => {
    try {
      return await fetchSession();
    } catch (thrown) {
      throw asProblem(thrown);
    }
  },
  staleTime: 60_000,
  retry: false,
});

export function useSession(): UseQueryResult<Session, Problem> {
  return useQuery(SESSION);
}

/** Inside pages: they are only shown to somebody who is signed in. */
export function useSignedIn(): Session {
  const { data } = useSession();
  if (data === undefined) throw new Error('a page was shown without a session');
  return data;
}

/** What is not allowed is not offered; the service refuses it all the same. */
export function useMay(capability: string): boolean {
  return useSession().data?.capabilities.includes(capability) ?? false;
}
