/**
 * axe-core in a page: what it withholds from people, by WCAG 2.2 A and AA; only what is serious or critical. A page is
 * judged once it stands still: our own answers are in, its fonts are there, and nothing of it moves.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { CDPSession, Page, Request } from 'playwright-core';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** The second theme has other colours, and nothing else. */
const RULES = {
  light: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
  dark: { type: 'rule', values: ['color-contrast'] },
} as const;
/** But for the library's announcer, which keeps what it read aloud after the button it was about has gone. */
const WHOLE = `{ include: document, exclude: [['[data-live-announcer]']] }`;
const STILL_MS = 15_000;

type Found = readonly {
  readonly id: string;
  readonly impact: string | null;
  readonly help: string;
  readonly nodes: readonly { readonly target: readonly unknown[]; readonly html: string }[];
}[];

/** What is asked and not answered yet, for each page that was ever judged; the stream of hints never ends. */
const open = new WeakMap<Page, Set<Request>>();

function asked(page: Page): Set<Request> {
  const before = open.get(page);
  if (before !== undefined) return before;
  const now = new Set<Request>();
  open.set(page, now);
  page.on('request', (request) => {
    if (!request.url().endsWith('/api/v1/events')) now.add(request);
  });
  page.on('requestfinished', (request) => now.delete(request));
  page.on('requestfailed', (request) => now.delete(request));
  return now;
}

/** Nothing of it waits, moves or is drawn anew: twice in a row, with a frame in between. */
const STANDS = `new Promise((done) => document.fonts.ready.then(() => requestAnimationFrame(() => requestAnimationFrame(() => {
  const moving = document.getAnimations().filter(({ playState, effect }) =>
    playState === 'running' && effect?.getComputedTiming().iterations !== Infinity);
  done(moving.length === 0 && document.querySelector('[aria-busy="true"], .skeleton') === null ? document.body.innerHTML.length : -1);
}))))`;

async function standsStill(page: Page): Promise<void> {
  const waiting = asked(page);
  const until = Date.now() + STILL_MS;
  let last = -2;
  while (Date.now() < until) {
    if (waiting.size === 0) {
      const now = Number(await page.evaluate(STANDS));
      if (now >= 0 && now === last && waiting.size === 0) return;
      last = now;
    } else await page.waitForTimeout(25);
  }
  const urls = [...waiting].map((request) => new URL(request.url()).pathname).join(', ');
  throw new Error(
    `${new URL(page.url()).pathname} never stood still: ${urls === '' ? 'it moves, or still shows that it waits' : `it waits for ${urls}`}`,
  );
}

/** One for each page for good: an authenticator of the page does not survive the end of a session beside its own. */
const sessions = new WeakMap<Page, Promise<CDPSession>>();

function debuggerOf(page: Page): Promise<CDPSession> {
  const session = sessions.get(page) ?? page.context().newCDPSession(page);
  sessions.set(page, session);
  return session;
}

/** Of the page as it stands: one line for each violation (page, rule, node), and none is what is wanted. */
export async function grave(page: Page): Promise<readonly string[]> {
  const where = new URL(page.url()).pathname;
  // By the debugger, which the content security policy does not bind.
  const session = await debuggerOf(page);
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails === undefined) return result.value;
    const { exception, text } = exceptionDetails;
    throw new Error(`${where}: axe did not run: ${exception?.description ?? text}`);
  };
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await standsStill(page);
    if ((await evaluate('typeof axe')) === 'undefined') await evaluate(`${SOURCE};0`);
    const run = `axe.run(${WHOLE}, { runOnly: ${JSON.stringify(RULES[colorScheme])}, resultTypes: ['violations'] }).then(({ violations }) => JSON.stringify(violations))`;
    const violations = JSON.parse(String(await evaluate(run))) as Found;
    for (const { id, impact, help, nodes } of violations)
      if (impact === 'serious' || impact === 'critical')
        for (const { target, html } of nodes)
          found.push(
            `${where} (${colorScheme}): ${id} (${help}): ${target.join(' ')} ${html.slice(0, 120)}`,
          );
  }
  return found;
}

/** Opens it, and judges it light and dark. */
export async function auditPage(page: Page, url: string): Promise<readonly string[]> {
  asked(page);
  await page.goto(url);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return grave(page);
}
