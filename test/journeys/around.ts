/** Around it all: evidence, keys and addresses, and a service that is away for a while. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Walk } from './walk.ts';

export async function keepsEvidence({
  confirmed,
  live,
  page,
  button,
  dialog,
  said,
  fair,
  go,
}: Walk): Promise<void> {
  await go('/evidence');
  await button('Sign a checkpoint and verify').click();
  await said('It holds: checked by this browser, not by the service');
  await fair();
  await page.getByRole('tab', { name: 'Anchors' }).click();
  await button('Verify everything').click();
  await said(/"ok": ?true|"verdict"/);
  await button('Hold…').click();
  await dialog('Hold outputs').getByRole('radio', { name: 'Of every change' }).check();
  await page.getByLabel('Why?').fill('case 12');
  await fair();
  await page.getByRole('button', { name: 'Hold', exact: true }).click();
  await confirmed(page.getByRole('cell', { name: 'case 12' }));
  await fair();
  await button('Destroy old outputs…').click();
  const destroy = button('Destroy them');
  assert.equal(await destroy.isDisabled(), true);
  await page.getByLabel('Type destroy to confirm').fill('destroy');
  await fair();
  await destroy.click();
  await confirmed(page.getByText(/Nothing was old enough to be destroyed|were kept/));
  await button('Release every change').click();
  await page.getByLabel('Why may they go?').fill('case 12 is over');
  await page.getByRole('button', { name: 'Release', exact: true }).click();
  await confirmed(page.getByText('None: outputs are kept as long as evidence.yaml says'));
  const { changes } = await live.ask<{ changes: { changeId: string; state: string }[] }>(
    'changes_list',
  );
  const done = changes.find(({ state }) => state === 'confirmed')?.changeId ?? '';
  await page.getByRole('tab', { name: 'Export' }).click();
  await fair();
  await page.getByRole('textbox', { name: 'Change' }).fill(done);
  const download = page.waitForEvent('download');
  await button('Download').first().click();
  const bundle = await download;
  assert.equal(bundle.suggestedFilename(), `${done}.bundle.json`);
  assert.match(readFileSync((await bundle.path()) ?? '', 'utf8'), /"payloadType"/);
  await page.getByRole('textbox', { name: 'Change' }).fill('chg_000000000000000000000000');
  await button('Download').first().click();
  await page.getByRole('alert').waitFor();
  await fair();
}

export async function findsTheWay({ page, heading, dialog, said, fair, go }: Walk): Promise<void> {
  await go('/');
  await page.keyboard.press('Control+k');
  await page.getByRole('menuitem', { name: 'Fleet' }).waitFor();
  await page.keyboard.type('web-1');
  await page.getByRole('menuitem', { name: /web-1/ }).waitFor();
  await fair();
  await page.keyboard.press('Enter');
  await heading('host:web-1').waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('f');
  await page.waitForURL('**/fleet');
  await page.keyboard.press('?');
  await dialog('Keyboard shortcuts').waitFor();
  await fair();
  await page.keyboard.press('Escape');
  await page.getByLabel('What was true', { exact: true }).focus();
  for (let i = 0; i < 12; i++) await page.keyboard.press('ArrowLeft');
  await page.getByLabel('What was known', { exact: true }).focus();
  for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowLeft');
  const status = () =>
    page.getByRole('region', { name: 'Time' }).getByRole('status').first().innerText();
  await page.waitForURL(/asOf=.*knownAt=|knownAt=.*asOf=/);
  await said(/The past:.*as known at/s);
  await fair();
  const shown = async () => [page.url(), await status()];
  // The words follow each key at once, the address a moment later: both have come to rest.
  let before = await shown();
  for (let last: string[] = []; String(last) !== String(before); ) {
    await page.waitForTimeout(1_000);
    [last, before] = [before, await shown()];
  }
  await page.reload();
  await said('The past:');
  assert.deepEqual(await shown(), before);
  await page.getByRole('button', { name: 'Now', exact: true }).click();
  await page.waitForURL('**/fleet');
}

export async function goesOn({
  confirmed,
  live,
  page,
  button,
  heading,
  dialog,
  said,
  fair,
  go,
}: Walk): Promise<void> {
  const outside: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(live.origin) && !request.url().startsWith('data:'))
      outside.push(request.url());
  });
  await go('/assistants');
  await button(/^Lend to an assistant/)
    .first()
    .click();
  await page.getByLabel('What is it for?').fill('typed with care');
  await live.stop();
  await said('Not connected');
  await button('Issue').click();
  await dialog().getByRole('alert').waitFor();
  await fair();
  await live.start();
  await said('Live');
  assert.equal(await page.getByLabel('What is it for?').inputValue(), 'typed with care');
  await button('Issue').click();
  await confirmed(heading('The bearer, shown this once'));
  assert.deepEqual(outside, []);
}
