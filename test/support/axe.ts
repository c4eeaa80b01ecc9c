/** axe-core in a page: what it withholds from people, by WCAG 2.2 A and AA; only what is serious or critical. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

type Found = {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly nodes: readonly { readonly target: readonly unknown[]; readonly html: string }[];
  }[];
};

/** One line for each violation; none is what is wanted. */
export async function auditPage(
  page: Page,
  url: string,
  { dark = false }: { readonly dark?: boolean } = {},
): Promise<readonly string[]> {
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
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
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then((r) => JSON.stringify({ violations: r.violations }))`,
    awaitPromise: true,
  });
  await session.detach();
  const { violations } = JSON.parse(String(result.value)) as Found;
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(
        ({ target, html }) =>
          `${new URL(url).pathname}${dark ? ' (dark)' : ''}: ${id}: ${target.join(' ')} ${html.slice(0, 120)}`,
      ),
    );
}
