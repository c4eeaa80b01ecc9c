/**
 * The key that shows that a session is this page's own. A cookie reaches every port of a name and every file that a
 * browser is copied into; this key is made at sign-in, never leaves the browser, and belongs to this origin alone. With
 * it the page signs each request, and the nonce that the service told last: what somebody sees of one opens nothing else.
 */

const DATABASE = 'holdfast';
const STORE = 'page';
const NAME = 'key';
const DOMAIN = 'holdfast-page-proof@2';
const ID_BYTES = 12;
/** Kept for the next load of a page, which would otherwise be refused once before it knew. */
const KEPT_NONCE = 'holdfast.nonce';
const EC = { name: 'ECDSA', namedCurve: 'P-256' } as const;

let key: Promise<CryptoKey | undefined> | undefined;
let nonce: string | undefined;
/** When it was asked for: an answer that took long does not bring an old one back. */
let nonceAskedAt = 0;

/** What goes along with this one request; `undefined`: nobody signed in here, or no answer told a nonce yet. */
export async function pageProof(method: string, path: string): Promise<string | undefined> {
  nonce ??= keptNonce();
  const held = await heldKey();
  // After the wait: another answer may have told a newer one meanwhile.
  const told = nonce;
  if (held === undefined || told === undefined) return undefined;
  const { pathname, search } = new URL(path, location.href);
  const id = base64url(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
  const text = [DOMAIN, method, pathname + search, told, id].join('\n');
  const signature = await crypto.subtle.sign(
    { name: 'ECDSA', hash: 'SHA-256' },
    held,
    new TextEncoder().encode(text),
  );
  return `${told}.${id}.${base64url(new Uint8Array(signature))}`;
}

/** As an answer told it; `askedAt`: of the monotonic clock. */
export function noteNonce(told: string | null, askedAt: number): void {
  if (told === null || told === nonce || askedAt < nonceAskedAt) return;
  nonce = told;
  nonceAskedAt = askedAt;
  try {
    localStorage.setItem(KEPT_NONCE, told);
  } catch {
    // Where the browser keeps nothing, the next load asks once more.
  }
}

/** Signed in meanwhile in another tab: what is kept is read anew. */
export function forgetKey(): void {
  key = undefined;
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
      // Where the browser keeps nothing, this page is signed in until it is loaded again.
      await inStore('readwrite', (store) => store.put(pair.privateKey, NAME)).catch(() => {});
    },
  };
}

function heldKey(): Promise<CryptoKey | undefined> {
  key ??= inStore('readonly', (store) => store.get(NAME) as IDBRequest<unknown>).then(
    (found) => (found instanceof CryptoKey ? found : undefined),
    () => undefined,
  );
  return key;
}

function keptNonce(): string | undefined {
  try {
    return localStorage.getItem(KEPT_NONCE) ?? undefined;
  } catch {
    return undefined;
  }
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
