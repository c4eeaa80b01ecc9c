/** What every journey walks with: the service, the browser of the first person, and the words by which things are found. */
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { grave } from '../support/axe.ts';
import type { Opened } from '../support/browser.ts';
import type { IdentityProvider } from '../support/identity-provider.ts';
import type { LiveConsole } from '../support/live-console.ts';
import type { Callback } from '../support/oauth-client.ts';
import { chance } from '../support/seed.ts';
import { ASSISTANT } from '../support/world.ts';

const JUDGES_ALL = process.env['HOLDFAST_AXE'] === 'all';

export type View = { readonly changeId: string; readonly state: string };
type Name = string | RegExp;

export type Walk = {
  readonly live: LiveConsole;
  readonly opened: Opened;
  readonly page: Page;
  readonly idp: IdentityProvider;
  readonly callback: Callback;
  readonly mcp: string;
  readonly button: (name: Name, on?: Page) => Locator;
  readonly link: (name: Name, on?: Page) => Locator;
  readonly heading: (name: Name, on?: Page) => Locator;
  readonly dialog: (name?: Name, on?: Page) => Locator;
  readonly said: (text: Name, on?: Page) => Promise<void>;
  /** Nothing serious or critical for axe, as it stands, also in what is open above it: a third of these each time, all with HOLDFAST_AXE=all. */
  readonly fair: (on?: Page) => Promise<void>;
  readonly go: (path: string, on?: Page) => Promise<void>;
  readonly sign: (on?: Page) => Promise<void>;
  /** With the passkey, over that very call, where being signed in is not enough. */
  readonly confirmed: (done: Locator, on?: Page) => Promise<void>;
  readonly signIn: (on: Page) => Promise<void>;
  /** As an assistant does; it waits for a person then. */
  readonly propose: (action: string, args: Readonly<Record<string, string>>) => Promise<string>;
  /** With the link of an invitation, to a passkey that waits. */
  readonly admit: (operator: string, name: string, on: Page) => Promise<void>;
};

export function walkOf(has: Pick<Walk, 'live' | 'opened' | 'idp' | 'callback'>): Walk {
  const { live, opened } = has;
  const { page } = opened;
  const walk: Walk = {
    ...has,
    page,
    mcp: `${live.origin.replace('localhost', '127.0.0.1')}/mcp`,
    button: (name, on = page) => on.getByRole('button', { name }),
    link: (name, on = page) => on.getByRole('link', { name }),
    heading: (name, on = page) => on.getByRole('heading', { name }),
    dialog: (name, on = page) => on.getByRole('dialog', name === undefined ? {} : { name }),
    said: (text, on = page) => on.getByText(text).first().waitFor(),
    async fair(on = page) {
      if (JUDGES_ALL || chance() < 1 / 3) assert.deepEqual(await grave(on), []);
    },
    async go(path, on = page) {
      await on.goto(live.origin + path);
      await on.getByRole('heading', { level: 1 }).waitFor();
    },
    async sign(on = page) {
      await walk.button('Sign with your passkey', on).click();
      await on.getByRole('dialog').waitFor({ state: 'detached' });
    },
    async confirmed(done, on = page) {
      const ask = on.getByRole('button', { name: 'Confirm with your passkey' });
      await done.or(ask).first().waitFor();
      if (await ask.isVisible()) await ask.click();
      await done.first().waitFor();
    },
    async signIn(on) {
      await walk.button('Sign in with a passkey', on).click();
      await on.getByText('Live', { exact: true }).waitFor();
    },
    async propose(action, args) {
      const input = { action, targets: ['host:this'], args, reason: 'an assistant wants it' };
      const call = { operation: 'run_action', input, caller: ASSISTANT };
      const { value } = await live.service().perform(call);
      const { changeId, state } = value as unknown as View;
      assert.equal(state, 'previewed', JSON.stringify(value));
      return changeId;
    },
    async admit(operator, name, on) {
      await on.goto(await live.invite(operator, name));
      await on.getByLabel('What you call it').fill(`${name}’s laptop`);
      await walk.button('Register a passkey', on).click();
      await walk.heading('Registered, and waiting', on).waitFor();
    },
  };
  return walk;
}

/** What fails says what stood on each page then. */
export async function telling(walk: Walk, run: (walk: Walk) => Promise<void>): Promise<void> {
  try {
    await run(walk);
  } catch (thrown) {
    const pages = walk.opened.browser.contexts().flatMap((context) => context.pages());
    const shown = pages.map(async (page) => {
      const text = await page
        .locator('body')
        .innerText()
        .catch(() => 'nothing');
      const plain = text.replaceAll(/\s+/g, ' ');
      return `${page.url()} showed: ${plain.slice(0, 1_500)} … ${plain.slice(-600)}`;
    });
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Error([why, ...(await Promise.all(shown))].join('\n'), { cause: thrown });
  }
}
