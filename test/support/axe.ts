/** axe-core in a page: what it withholds from people, by WCAG 2.2 A and AA; only what is serious or critical. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { CDPSession, Page } from 'playwright-core';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

type Found = {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly nodes: readonly { readonly target: readonly unknown[]; readonly html: string }[];
  }[];
};

async function graveOf(session: CDPSession): Promise<Found['violations']> {
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then((r) => JSON.stringify({ violations: r.violations }))`,
    awaitPromise: true,
  });
  const { violations } = JSON.parse(String(result.value)) as Found;
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
}

/** Light and dark; one line for each violation, and none is what is wanted. */
export async function auditPage(page: Page, url: string): Promise<readonly string[]> {
  await page.goto(url);
  await page.getByRole('heading', { level: 1 }).waitFor();
  // What a page shows while it waits is not what it shows.
  await page
    .locator('.skeleton')
    .first()
    .waitFor({ state: 'detached', timeout: 15_000 })
    .catch(() => {});
  // By the debugger, which the content security policy does not bind.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: SOURCE });
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    let grave = await graveOf(session);
    // What an answer that just came moves is looked at once it stands still.
    if (grave.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      grave = await graveOf(session);
    }
    for (const { id, nodes } of grave)
      for (const { target, html } of nodes)
        found.push(
          `${new URL(url).pathname} (${colorScheme}): ${id}: ${target.join(' ')} ${html.slice(0, 120)}`,
        );
  }
  await session.detach();
  return found;
}
