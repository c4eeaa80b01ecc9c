/** The official MCP client that signs in by itself: where it sends its person, and what it then holds. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Client,
  type OAuthClientInformationMixed,
  type OAuthClientProvider,
  type OAuthTokens,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';

export const OAUTH_CLIENT = 'https://client.example/app.json';

export type Callback = AsyncDisposable & {
  readonly url: string;
  /** What the browser came back with, in order. */
  readonly answers: URLSearchParams[];
};

/** Where the browser is sent back to: a program on this device. */
export async function aCallback(): Promise<Callback> {
  const answers: URLSearchParams[] = [];
  const server = createServer(({ url = '/' }, outgoing) => {
    if (url.startsWith('/callback')) answers.push(new URL(url, 'http://callback').searchParams);
    outgoing.setHeader('content-type', 'text/html');
    outgoing.end('<!doctype html><title>client</title><h1>Back at the client</h1>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/callback`,
    answers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Provider implements OAuthClientProvider {
  readonly clientMetadataUrl = OAUTH_CLIENT;
  readonly redirectUrl: string;
  readonly clientMetadata: { redirect_uris: string[]; client_name: string };
  #information: OAuthClientInformationMixed | undefined;
  #tokens: OAuthTokens | undefined;
  #verifier = '';
  sentTo = '';

  constructor(redirect: string) {
    this.redirectUrl = redirect;
    this.clientMetadata = { redirect_uris: [redirect], client_name: 'Helper' };
  }

  clientInformation() {
    return this.#information as never;
  }
  saveClientInformation(information: OAuthClientInformationMixed) {
    this.#information = information;
  }
  tokens() {
    return this.#tokens as never;
  }
  saveTokens(tokens: OAuthTokens) {
    this.#tokens = tokens;
  }
  redirectToAuthorization(url: URL) {
    this.sentTo = url.href;
  }
  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier;
  }
  codeVerifier() {
    return this.#verifier;
  }
}

/** A client that was refused at first, and knows where to send its person. */
export async function anOauthClient(
  url: string,
  redirect: string,
): Promise<{ readonly sentTo: string; finish(answer: URLSearchParams): Promise<Client> }> {
  const provider = new Provider(redirect);
  const options = { authProvider: provider };
  const first = new StreamableHTTPClientTransport(new URL(url), options);
  const make = (): Client => new Client({ name: 'test', version: '1' });
  await make()
    .connect(first)
    .catch((thrown: Error) => {
      if (thrown.name !== 'UnauthorizedError') throw thrown;
    });
  return {
    sentTo: provider.sentTo,
    async finish(answer) {
      await first.finishAuth(answer);
      const client = make();
      await client.connect(new StreamableHTTPClientTransport(new URL(url), options));
      return client;
    },
  };
}
