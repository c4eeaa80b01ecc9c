/**
 * A passkey made of software, for tests: `aSoftPasskey(name, {…})` answers the options of both ceremonies as a browser
 * and an authenticator would, and signs orders for `ssh`. The key is that of `aPasskey(name)` of the authority's samples.
 */
import { generateKeyPairSync, hash, randomBytes, sign } from 'node:crypto';
import type { JsonObject } from '#base/json';
import type { Session } from '#identity';
import { aCoseKey, aPasskey } from '#samples/authority';
import { challengeFor } from './confirm.ts';
import type { Ceremony, Confirming, Shown, SignIn } from './protocol.ts';

export type SoftPasskey = {
  readonly credentialId: string;
  readonly line: string;
  register(options: JsonObject, how?: Flags): JsonObject;
  answer(options: JsonObject, how?: Flags): JsonObject;
  /** An armoured SSHSIG over the order, as the console builds it from an assertion. */
  sign(namespace: string, order: string): string;
};

export type Flags = {
  readonly verified?: boolean;
  readonly present?: boolean;
  readonly counter?: number;
  readonly origin?: string;
  readonly rpId?: string;
  readonly type?: string;
  readonly challenge?: string;
  readonly crossOrigin?: boolean;
  readonly cose?: Uint8Array;
};

/** What a browser keeps of a sign-in beside the cookie. */
export type Page = {
  readonly key: string;
  /** As the page asks once, with the nonce that it was told last. */
  shows(nonce: string, method?: string, target?: string): Shown & { readonly proof: string };
};

export function aPage(): Page {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    key: publicKey.export({ type: 'spki', format: 'der' }).toString('base64url'),
    shows: (nonce, method = 'GET', target = '/api/v1/session') => {
      const id = randomBytes(12).toString('base64url');
      const text = Buffer.from(`holdfast-page-proof@2\n${method}\n${target}\n${nonce}\n${id}`);
      const signature = sign('sha256', text, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return { method, target, proof: `${nonce}.${id}.${signature.toString('base64url')}` };
    },
  };
}

/** The one page of tests that do not ask which. */
export const PAGE: Page = aPage();

/** As a browser confirms one call of a session with a passkey. */
export async function aCeremony(
  confirm: Pick<SignIn['confirm'], 'options'>,
  session: Pick<Session, 'id'>,
  call: Confirming,
  key: SoftPasskey,
  how: Flags = {},
): Promise<Ceremony & { readonly nonce: string; readonly response: JsonObject }> {
  const nonce = String((await confirm.options(session as Session))['nonce'] as string);
  const challenge = challengeFor(session.id, call, nonce);
  return { nonce, response: key.answer({ challenge }, how) };
}

export const PLACE = { origin: 'https://console.example:8443', rpId: 'console.example' };

export function aSoftPasskey(name: string, at = PLACE): SoftPasskey {
  const credentialId = hash('sha256', `credential ${name}`, 'buffer').toString('base64url');
  let counter = 0;
  const { line } = aPasskey(name, at);
  return {
    credentialId,
    line,
    register(options, how = {}) {
      const origin = how.origin ?? at.origin;
      const type = how.type ?? 'webauthn.create';
      const challenge = how.challenge ?? (options['challenge'] as string);
      const flags = (how.present === false ? 0 : 1) | (how.verified === false ? 0 : 4) | 0x40;
      const id = Buffer.from(credentialId, 'base64url');
      const authData = Buffer.concat([
        hash('sha256', how.rpId ?? at.rpId, 'buffer'),
        Buffer.of(flags),
        Buffer.alloc(4),
        Buffer.alloc(16),
        Buffer.of(id.length >> 8, id.length & 0xff),
        id,
        how.cose ?? aCoseKey(name),
      ]);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(authData.length);
      const attestationObject = Buffer.concat([
        // {fmt: "none", attStmt: {}, authData: …}
        Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746159', 'hex'),
        length,
        authData,
      ]);
      return {
        id: credentialId,
        rawId: credentialId,
        type: 'public-key',
        authenticatorAttachment: 'platform',
        clientExtensionResults: {},
        response: {
          clientDataJSON: clientData(type, challenge, origin, how.crossOrigin ?? false),
          attestationObject: attestationObject.toString('base64url'),
          transports: ['internal', 'made-up'],
        },
      };
    },
    answer(options, how = {}) {
      counter = how.counter ?? counter + 1;
      const { counter: _counter, challenge, cose: _cose, ...use } = how;
      const signer = aPasskey(name, { ...at, counter, ...use });
      const asked = Buffer.from(challenge ?? (options['challenge'] as string), 'base64url');
      const { signature, flags, clientDataJSON } = partsOf(signer.raw(asked));
      const count = Buffer.alloc(4);
      count.writeUInt32BE(counter);
      const authenticatorData = Buffer.concat([
        hash('sha256', how.rpId ?? at.rpId, 'buffer'),
        Buffer.of(flags),
        count,
      ]);
      return {
        id: credentialId,
        rawId: credentialId,
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: clientDataJSON.toString('base64url'),
          authenticatorData: authenticatorData.toString('base64url'),
          signature: signature.toString('base64url'),
          userHandle: 'AAAA',
        },
      };
    },
    sign: (namespace, order) =>
      aPasskey(name, { ...at, counter: ++counter }).sign(namespace, order),
  };
}

function clientData(type: string, challenge: string, origin: string, crossOrigin: boolean): string {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin })).toString(
    'base64url',
  );
}

/** The wire form of a WebAuthn signature (PROTOCOL.u2f) taken apart, with the pair as DER (RFC 3279). */
function partsOf(raw: Buffer): {
  readonly signature: Buffer;
  readonly flags: number;
  readonly clientDataJSON: Buffer;
} {
  let at = 0;
  const take = (): Buffer => {
    const length = raw.readUInt32BE(at);
    at += 4 + length;
    return raw.subarray(at - length, at);
  };
  take();
  const pair = take();
  const flags = raw[at] ?? 0;
  at += 5;
  take();
  const clientDataJSON = take();
  const numbers: Buffer[] = [];
  for (let from = 0; from < pair.length; ) {
    const length = pair.readUInt32BE(from);
    numbers.push(Buffer.of(2, length), pair.subarray(from + 4, from + 4 + length));
    from += 4 + length;
  }
  const body = Buffer.concat(numbers);
  return { signature: Buffer.concat([Buffer.of(0x30, body.length), body]), flags, clientDataJSON };
}
