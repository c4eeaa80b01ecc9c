/** Deciding: rules, differences, equal requests and stops, each to its signature. */
import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ASSISTANT } from '../support/world.ts';
import type { View, Walk } from './walk.ts';

export async function changesARule({
  live,
  page,
  button,
  heading,
  said,
  fair,
  go,
  sign,
  propose,
}: Walk): Promise<void> {
  const past = await propose('own.touch', { name: 'before' });
  await go('/policy');
  await button('New file…').click();
  await page.getByLabel('Name').fill('own.cedar');
  await fair();
  await button('Add it').click();
  const editor = page.getByLabel('Text of own.cedar');
  await editor.fill('permit (');
  await button('Check and replay').click();
  await said('It cannot be used like this');
  await fair();
  await editor.fill(`@id("no-touching")
@why("nobody touches files while this holds")
forbid (principal, action == Action::"propose", resource)
when { context.action.id == "own.touch" };
`);
  await button('Check and replay').click();
  await said(/would decide \d+ of \d+ past changes? otherwise/);
  await fair();
  await page.getByRole('tab', { name: 'Verdicts' }).click();
  await said(/What you edited changes/);
  await fair();
  await page.getByRole('tab', { name: 'Replay' }).click();
  await page.getByLabel('Explain one change').fill(past);
  await button('Replay and explain').click();
  await heading('Why it is decided so').waitFor();
  await said('no-touching');
  await fair();
  // What was typed is still there behind another part.
  await page.getByRole('tab', { name: /^Files/ }).click();
  await button('Save…').click();
  await fair();
  await button('Write them').click();
  await heading('Configuration in force').waitFor();
  await button('Look at it and sign…').click();
  await button('Sign with your passkey').waitFor();
  await fair();
  await sign();
  await page.getByRole('tab', { name: 'Rules' }).click();
  await said('no-touching');
  const input = {
    action: 'own.touch',
    targets: ['host:this'],
    args: { name: 'never' },
    reason: 'an assistant wants it',
  };
  const call = { operation: 'run_action', input, caller: ASSISTANT };
  const { value } = await live.service().perform(call);
  assert.equal((value as unknown as View).state, 'refused', JSON.stringify(value));
  // And out again.
  await page.getByRole('tab', { name: /^Files/ }).click();
  await page.getByRole('button', { name: 'own.cedar', exact: true }).click();
  await button('Take own.cedar out').click();
  await button('Save…').click();
  await button('Write them').click();
  await button('Look at it and sign…').click();
  await sign();
  await heading('Configuration in force').waitFor({ state: 'detached' });
}

export async function settlesDifferences({
  live,
  page,
  button,
  link,
  heading,
  dialog,
  said,
  fair,
  go,
  sign,
}: Walk): Promise<void> {
  const names = ['waived', 'accepted', 'taken-back'];
  const ingest = (mode: string): Promise<unknown> =>
    live.service().perform({
      operation: 'ingest_observation',
      input: {
        source: 'probe',
        target: 'host:this',
        observedAt: new Date().toISOString(),
        complete: ['file'],
        facts: names.map((name) => ({
          entity: `file:this/${live.home.scratch}/${name}`,
          attribute: 'mode',
          value: mode,
        })),
      },
      caller: ASSISTANT,
    });
  for (const name of names) writeFileSync(join(live.home.scratch, name), '', { mode: 0o644 });
  await ingest('0600');
  await live.ask('baseline_bless', { target: 'host:this', reason: 'as it should be' });
  await ingest('0644');
  await go('/drift');
  const of = (name: string) =>
    page.getByRole('checkbox', { name: new RegExp(`^Select .*/${name}$`) });
  await of('waived').press('Space');
  await fair();
  await button('Waive…').click();
  await page.getByLabel('Why is this right for now?').fill('it is being looked into');
  await page.getByLabel('Ends').selectOption('30');
  await fair();
  await page.getByRole('button', { name: 'Waive', exact: true }).click();
  await of('waived').waitFor({ state: 'detached' });
  await page.getByRole('radio', { name: 'Waived' }).check();
  await of('waived').waitFor();
  await page.getByRole('radio', { name: 'Open' }).check();
  await link(/\/accepted$/).click();
  await button('Accept what is…').click();
  await page.getByLabel('Why is this how it should be?').fill('it is to be read by all');
  await fair();
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await dialog().waitFor({ state: 'detached' });
  await said('resolved');
  await fair();
  await page.goBack();
  await of('accepted').waitFor({ state: 'detached' });
  // Both are part of what operators sign.
  await go('/sign');
  await button('Read and sign what is on disk').click();
  await fair();
  await sign();
  await go('/drift');
  await of('taken-back').press('Space');
  await button('Take back…').click();
  await said('Give a file its permissions');
  await fair();
  await button('Propose').click();
  await said('One change was proposed.');
  await fair();
  await dialog().getByRole('link').first().click();
  await button('Approve with your passkey').click();
  await heading('Done, and verified').waitFor();
  await fair();
  assert.equal(statSync(join(live.home.scratch, 'taken-back')).mode & 0o777, 0o600);
}

export async function consents({
  live,
  page,
  button,
  heading,
  said,
  fair,
  go,
  sign,
  propose,
}: Walk): Promise<void> {
  const name = { name: 'again' };
  for (const _ of [1, 2, 3]) {
    const id = await propose('own.tick', name);
    await go(`/changes/${id}`);
    await button('Approve with your passkey').click();
    await heading('Done, and verified').waitFor();
  }
  await propose('own.tick', name);
  await go('/approvals');
  await said(/You have approved exactly this 3 times/);
  await fair();
  await button('See what you would sign').click();
  await said('Exactly these steps, and no others');
  await fair();
  await sign();
  await page.getByText(/You have approved exactly this/).waitFor({ state: 'detached' });
  const { standings } = await live.ask<{ standings: { state: string }[] }>('standing_list');
  assert.deepEqual(
    standings.map(({ state }) => state),
    ['active'],
  );
}

export async function stopsAndLifts({
  page,
  button,
  link,
  dialog,
  said,
  fair,
  go,
  sign,
}: Walk): Promise<void> {
  await go('/');
  await button('Stop everything').click();
  await page.getByLabel('Why?').fill('something is wrong');
  await fair();
  await dialog().getByRole('button', { name: 'Stop everything' }).click();
  await page.getByRole('alert').filter({ hasText: 'Stopped' }).waitFor();
  await fair();
  await link('Lift').click();
  await button('Lift the stop of everything').click();
  await fair();
  await sign();
  await said('Nothing is stopped');
  await page.getByRole('alert').filter({ hasText: 'Stopped' }).waitFor({ state: 'detached' });
}
