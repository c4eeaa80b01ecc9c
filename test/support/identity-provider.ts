/** A team's identity provider on this machine, as a browser meets it: it signs in whoever it is told to, on a page of its own. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

export type IdentityProvider = AsyncDisposable & {
  readonly issuer: string;
  /** Whoever comes next; `nobody` is sent back with a no. */
  subject: string;
  groups: readonly string[];
  /** It goes away, for whoever looks it up. */
  isDown: boolean;
};

export async function anIdentityProvider(redirect: string): Promise<IdentityProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const held: IdentityProvider = {
    issuer,
    subject: 'nobody',
    groups: [],
    isDown: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'holdfast',
        token_endpoint_auth_method: 'none',
        redirect_uris: [redirect],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    clientAuthMethods: ['none'],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: ['for the test'] },
    scopes: ['openid', 'email', 'groups'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false }, userinfo: { enabled: false } },
    pkce: { required: () => true },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, groups: [...held.groups] }),
    }),
    interactions: { url: (_, { uid }) => `/signed-in/${uid}` },
    ttl: { Interaction: 60, Session: 60, Grant: 60, AccessToken: 60, IdToken: 60 },
  });
  const library = provider.callback();
  server.on('request', (incoming, outgoing) => {
    if (held.isDown) {
      outgoing.writeHead(503).end();
      return;
    }
    if (!incoming.url?.startsWith('/signed-in/')) {
      void library(incoming, outgoing);
      return;
    }
    void (async () => {
      const { params } = await provider.interactionDetails(incoming, outgoing);
      const { subject } = held;
      const grant = new provider.Grant({
        accountId: subject,
        clientId: String(params['client_id']),
      });
      grant.addOIDCScope('openid email groups');
      const grantId = await grant.save();
      const result =
        subject === 'nobody'
          ? { error: 'access_denied' }
          : { login: { accountId: subject, remember: false }, consent: { grantId } };
      await provider.interactionFinished(incoming, outgoing, result);
    })();
  });
  return held;
}
