/** A real RFC 3161 authority for tests: openssl's, with a root above it, asked one at a time. */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const TSA_POLICY = '1.3.6.1.4.1.99999.1';

const CONFIGURATION = (home: string, digest: string): string => `
[req]
distinguished_name=dn
[dn]
[v3_ca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
[v3_tsa]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=critical,timeStamping
[v3_loose]
basicConstraints=critical,CA:FALSE
extendedKeyUsage=timeStamping
[v3_both]
basicConstraints=critical,CA:FALSE
extendedKeyUsage=critical,timeStamping,emailProtection
[tsa]
default_tsa=t1
[t1]
serial=${home}/serial
crypto_device=builtin
signer_cert=${home}/tsa.crt
certs=${home}/ca.crt
signer_key=${home}/tsa.key
signer_digest=sha256
default_policy=${TSA_POLICY}
other_policies=1.3.6.1.4.1.99999.2
digests=sha256,sha384,sha512
accuracy=secs:1
ordering=yes
tsa_name=yes
ess_cert_id_chain=no
ess_cert_id_alg=${digest}
`;

export type TestAuthority = AsyncDisposable & {
  /** PEM of the root. */
  readonly root: string;
  /** PEM of the authority's own certificate. */
  readonly certificate: string;
  /** The response to a request, both DER. */
  reply(query: Uint8Array): Promise<Buffer>;
  /** DER of another certificate for the same key, issuer and serial number, as long as the first. */
  reissue(): Promise<Buffer>;
  /** Starts to answer over HTTP. */
  listen(): Promise<string>;
};

export async function openTestAuthority(
  over: {
    readonly key?: 'ec' | 'rsa' | 'ed25519';
    readonly extensions?: 'v3_tsa' | 'v3_loose' | 'v3_both';
    readonly days?: string;
    readonly digest?: 'sha256' | 'sha1';
  } = {},
): Promise<TestAuthority> {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-tsa-'));
  const file = (name: string): string => join(home, name);
  const openssl = (...args: string[]): Promise<unknown> => run('openssl', args, { cwd: home });
  writeFileSync(file('tsa.cnf'), CONFIGURATION(home, over.digest ?? 'sha256'));
  writeFileSync(file('serial'), '01\n');
  const makeKey = (kind: string, out: string): Promise<unknown> =>
    kind === 'ec'
      ? openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', out)
      : openssl('genpkey', '-algorithm', kind, '-out', out);
  await makeKey('ec', 'ca.key');
  await openssl(
    ...'req -x509 -new -key ca.key -days 3650 -config tsa.cnf -extensions v3_ca -out ca.crt -subj'.split(
      ' ',
    ),
    '/CN=Test Root',
  );
  await makeKey(over.key ?? 'ec', 'tsa.key');
  await openssl(
    ...'req -new -key tsa.key -config tsa.cnf -out tsa.csr -subj'.split(' '),
    '/CN=Test TSA',
  );
  await openssl(
    ...'x509 -req -in tsa.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile tsa.cnf -out tsa.crt'.split(
      ' ',
    ),
    '-days',
    over.days ?? '365',
    '-extensions',
    over.extensions ?? 'v3_tsa',
  );
  let turn: Promise<unknown> = Promise.resolve();
  const reply = (query: Uint8Array): Promise<Buffer> => {
    // The serial file is not locked.
    const next = turn.then(async () => {
      writeFileSync(file('q.tsq'), query);
      await openssl(
        ...'ts -reply -config tsa.cnf -section t1 -queryfile q.tsq -out r.tsr'.split(' '),
      );
      return readFileSync(file('r.tsr'));
    });
    turn = next.catch(() => {});
    return next;
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      reply(Buffer.concat(chunks)).then(
        (answer) =>
          response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(answer),
        () => response.writeHead(500).end(),
      );
    });
  });
  return {
    root: readFileSync(file('ca.crt'), 'utf8'),
    certificate: readFileSync(file('tsa.crt'), 'utf8'),
    reply,
    reissue: async () => {
      const first = new X509Certificate(readFileSync(file('tsa.crt')));
      for (let tries = 0; tries < 64; tries += 1) {
        await openssl(
          ...'x509 -req -in tsa.csr -CA ca.crt -CAkey ca.key -extfile tsa.cnf -extensions v3_tsa -days 300 -out other.crt -set_serial'.split(
            ' ',
          ),
          `0x${first.serialNumber}`,
        );
        const { raw } = new X509Certificate(readFileSync(file('other.crt')));
        // Signatures of the root differ in length.
        if (raw.length === first.raw.length) return raw;
      }
      throw new Error('no certificate of the same length');
    },
    listen: async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsa`;
    },
    [Symbol.asyncDispose]: async () => {
      await turn;
      server.close();
      server.closeAllConnections();
      rmSync(home, { recursive: true });
    },
  };
}
