/**
 * A real Chromium with an authenticator in software, as WebAuthn's virtual authenticator gives it: it makes passkeys and
 * signs with them, with nobody's finger. `whyNoBrowser` says why there is none here.
 */
import { accessSync, constants } from 'node:fs';
import {
  type Browser,
  type BrowserContext,
  type CDPSession,
  chromium,
  type Page,
} from 'playwright-core';

const CHROMIUM = process.env['HOLDFAST_CHROMIUM'] ?? '/usr/bin/chromium';

export function whyNoBrowser(): string | undefined {
  try {
    accessSync(CHROMIUM, constants.X_OK);
    return undefined;
  } catch {
    return `no Chromium at ${CHROMIUM}: install it, or name one in HOLDFAST_CHROMIUM`;
  }
}

export const DEVICES = {
  desktop: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
  smallest: { width: 360, height: 640 },
} as const;

export type Opened = {
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly page: Page;
  readonly authenticator: Authenticator;
  /** What the page said that no page of ours may say: errors, refused by the content security policy. */
  readonly complaints: string[];
};

export type Authenticator = {
  readonly cdp: CDPSession;
  readonly id: string;
  /** Whether the person shows who they are when asked. */
  verifies(does: boolean): Promise<void>;
  /** A passkey that was made elsewhere. */
  add(passkey: {
    readonly credentialId: Buffer;
    readonly rpId: string;
    /** PKCS #8, DER. */
    readonly privateKey: Buffer;
    readonly userHandle: Buffer;
  }): Promise<void>;
};

export async function openBrowser(
  how: {
    readonly size?: { readonly width: number; readonly height: number };
    readonly dark?: boolean;
    readonly isTouch?: boolean;
    /** Names that stand for this machine. */
    readonly names?: readonly string[];
  } = {},
): Promise<Opened> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    // A container's root has no other choice; the pages are our own.
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ...(how.names === undefined
        ? []
        : [`--host-resolver-rules=${how.names.map((name) => `MAP ${name} 127.0.0.1`).join(',')}`]),
    ],
  });
  try {
    const context = await browser.newContext({
      viewport: how.size ?? DEVICES.desktop,
      colorScheme: how.dark === true ? 'dark' : 'light',
      reducedMotion: 'reduce',
      hasTouch: how.isTouch === true,
      ignoreHTTPSErrors: true,
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    return {
      browser,
      context,
      page,
      authenticator: await passkeysOf(page, complaints),
      complaints,
    };
  } catch (thrown) {
    await browser.close();
    throw thrown;
  }
}

/** Gives a page an authenticator without passkeys, and keeps what the page says that it must not. */
export async function passkeysOf(page: Page, complaints: string[]): Promise<Authenticator> {
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const said = message.text();
    // What a request was answered with is the test's own affair.
    if (message.type() === 'error' && !said.startsWith('Failed to load resource'))
      complaints.push(said);
  });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId: id } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    cdp,
    id,
    async verifies(does) {
      await cdp.send('WebAuthn.setUserVerified', { authenticatorId: id, isUserVerified: does });
    },
    async add({ credentialId, rpId, privateKey, userHandle }) {
      await cdp.send('WebAuthn.addCredential', {
        authenticatorId: id,
        credential: {
          credentialId: credentialId.toString('base64'),
          isResidentCredential: true,
          rpId,
          privateKey: privateKey.toString('base64'),
          userHandle: userHandle.toString('base64'),
          signCount: 1,
        },
      });
    },
  };
}

/**
 * A page key of that origin in this browser, kept as the console keeps it; answered is what a session is opened with
 * (`console/src/api/page-key.ts`). The page is left at an address of the origin where nothing runs.
 */
export async function aPageKey(page: Page, origin: string): Promise<string> {
  await page.goto(`${origin}/healthz`);
  return page.evaluate<string>(`(async () => {
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
    const database = await new Promise((resolve, reject) => {
      const opening = indexedDB.open('holdfast', 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore('page');
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(new Error('no database'));
    });
    const keeping = database.transaction('page', 'readwrite');
    keeping.objectStore('page').put(pair.privateKey, 'key');
    await new Promise((resolve) => (keeping.oncomplete = resolve));
    database.close();
    const spki = new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey));
    return btoa(String.fromCharCode(...spki)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  })()`);
}
