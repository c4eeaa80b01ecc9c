/**
 * The key that shows that a session is this page's own. A cookie reaches every port of a name and every file that a
 * browser is copied into; this key is made at sign-in, never leaves the browser, and belongs to this origin alone. With
 * it the page signs the time, once a minute, and sends that along with each request.
 */
import { serviceNow } from '../clock.ts';

const DATABASE = 'holdfast';
const STORE = 'page';
const NAME = 'key';
const PREFIX = 'holdfast-page-proof@1 ';
const FRESH_MS = 60_000;
const EC = { name: 'ECDSA', namedCurve: 'P-256' } as const;

type Proof = { readonly text: Promise<string | undefined>; readonly at: number };

let key: Promise<CryptoKey | undefined> | undefined;
let proof: Proof | undefined;

/** What goes along with a request; `undefined`: nobody signed in here. */
export function pageProof(): Promise<string | undefined> {
  const now = serviceNow();
  if (proof === undefined || Math.abs(now - proof.at) >= FRESH_MS)
    proof = { text: proofAt(now), at: now };
  return proof.text;
}

/** Signed in meanwhile in another tab, or the clock was wrong: what is kept is read anew. */
export function forgetProof(): void {
  key = undefined;
  proof = undefined;
}

/** A key for the sign-in that begins now. `keep` puts it in the place of the one before. */
export async function newPageKey(): Promise<{
  /** SubjectPublicKeyInfo, base64url. */
  readonly publicKey: string;
  keep(): Promise<void>;
}> {
  const pair = await crypto.subtle.generateKey(EC, false, ['sign', 'verify']);
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey));
  return {
    publicKey: base64url(spki),
    async keep() {
      key = Promise.resolve(pair.privateKey);
      proof = undefined;
      // Where the browser keeps nothing, this page is signed in until it is loaded again.
      await inStore('readwrite', (store) => store.put(pair.privateKey, NAME)).catch(() => {});
    },
  };
}

async function proofAt(now: number): Promise<string | undefined> {
  key ??= inStore('readonly', (store) => store.get(NAME) as IDBRequest<unknown>).then(
    (found) => (found instanceof CryptoKey ? found : undefined),
    () => undefined,
  );
  const held = await key;
  if (held === undefined) return undefined;
  const seconds = String(Math.floor(now / 1_000));
  const signature = await crypto.subtle.sign(
    { name: 'ECDSA', hash: 'SHA-256' },
    held,
    new TextEncoder().encode(PREFIX + seconds),
  );
  return `${seconds}.${base64url(new Uint8Array(signature))}`;
}

function inStore<Value>(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<Value>,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.addEventListener('upgradeneeded', () => {
      opening.result.createObjectStore(STORE);
    });
    opening.addEventListener('error', () => reject(opening.error ?? new Error('not opened')));
    opening.addEventListener('success', () => {
      const database = opening.result;
      const transaction = database.transaction(STORE, mode);
      const asked = act(transaction.objectStore(STORE));
      transaction.addEventListener('complete', () => {
        database.close();
        resolve(asked.result);
      });
      transaction.addEventListener('abort', () => {
        database.close();
        reject(transaction.error ?? new Error('not kept'));
      });
    });
  });
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}
