/**
 * What a browser hands in, read strictly: the fields of WebAuthn Level 3 (section 5.1) that are looked at, as bounded
 * strings, and nothing else of it.
 */
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';

const MOST_ID = 1_400;
const MOST_PART = 65_536;
const BASE64URL = /^[A-Za-z0-9_-]+$/;
const TRANSPORTS = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'] as const;

type Fields = Readonly<Record<string, unknown>>;

export type Signed = { readonly answer: AuthenticationResponseJSON; readonly challenge: string };
export type Created = {
  readonly answer: RegistrationResponseJSON;
  readonly challenge: string;
  readonly transports: readonly string[];
};

/** `undefined`: it is not one. */
export function readSigned(given: unknown): Signed | undefined {
  const { id, parts } = envelope(given);
  const clientDataJSON = part(parts, 'clientDataJSON');
  const authenticatorData = part(parts, 'authenticatorData');
  const signature = part(parts, 'signature');
  const challenge = challengeIn(clientDataJSON);
  if (id === undefined || clientDataJSON === undefined || challenge === undefined) return undefined;
  if (authenticatorData === undefined || signature === undefined) return undefined;
  return {
    challenge,
    answer: {
      id,
      rawId: id,
      type: 'public-key',
      clientExtensionResults: {},
      response: { clientDataJSON, authenticatorData, signature },
    },
  };
}

export function readCreated(given: unknown): Created | undefined {
  const { id, parts } = envelope(given);
  const clientDataJSON = part(parts, 'clientDataJSON');
  const attestationObject = part(parts, 'attestationObject');
  const challenge = challengeIn(clientDataJSON);
  if (id === undefined || clientDataJSON === undefined || challenge === undefined) return undefined;
  if (attestationObject === undefined) return undefined;
  const said = parts?.['transports'];
  const transports = TRANSPORTS.filter((each) => Array.isArray(said) && said.includes(each));
  return {
    challenge,
    transports,
    answer: {
      id,
      rawId: id,
      type: 'public-key',
      clientExtensionResults: {},
      response: { clientDataJSON, attestationObject },
    },
  };
}

function envelope(given: unknown): { readonly id?: string; readonly parts?: Fields } {
  const fields = fieldsOf(given);
  const { id, rawId, type, response } = (fields ?? {}) as {
    readonly id?: unknown;
    readonly rawId?: unknown;
    readonly type?: unknown;
    readonly response?: unknown;
  };
  const parts = fieldsOf(response);
  if (typeof id !== 'string' || id.length > MOST_ID || !BASE64URL.test(id)) return {};
  if (rawId !== id || type !== 'public-key' || parts === undefined) return {};
  return { id, parts };
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined;
}

function part(parts: Fields | undefined, name: string): string | undefined {
  const value = parts !== undefined && Object.hasOwn(parts, name) ? parts[name] : undefined;
  const isPart = typeof value === 'string' && value.length <= MOST_PART && BASE64URL.test(value);
  return isPart ? value : undefined;
}

/** The challenge that the browser says it was given, of a page that was shown by itself. */
function challengeIn(clientDataJSON: string | undefined): string | undefined {
  if (clientDataJSON === undefined) return undefined;
  try {
    const data = fieldsOf(JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8')));
    if (data?.['crossOrigin'] === true || data?.['topOrigin'] !== undefined) return undefined;
    const challenge = data?.['challenge'];
    return typeof challenge === 'string' && BASE64URL.test(challenge) ? challenge : undefined;
  } catch {
    return undefined;
  }
}
