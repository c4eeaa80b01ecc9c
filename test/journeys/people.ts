/** People: invited, let in, with passkeys, recovery codes and the team’s provider, and with the glass broken for a while. */
import assert from 'node:assert/strict';
import { aWindow } from '../support/live-console.ts';
import { anOauthClient } from '../support/oauth-client.ts';
import type { Walk } from './walk.ts';

export async function comesIn({ live, page, idp, link, fair, admit, signIn }: Walk): Promise<void> {
  await admit('bea', 'Bea', page);
  await fair();
  const { invitations } = await live.ask<{ invitations: { pending: { key: string } }[] }>(
    'invitations_list',
  );
  await live.sign({
    kind: 'add-operator',
    id: 'bea',
    name: 'Bea',
    key: invitations[0]?.pending.key,
    accounts: ['bea@console', `oidc:${idp.issuer}#bea-1`],
    origins: [live.origin],
  });
  await link('To the sign-in').click();
  await fair();
  await signIn(page);
}

export async function keepsPasskeys({
  confirmed,
  live,
  opened,
  page,
  button,
  link,
  heading,
  fair,
  go,
  sign,
  signIn,
}: Walk): Promise<void> {
  await go('/settings');
  await page.getByRole('table', { name: 'Your passkeys' }).waitFor();
  await fair();
  // A further passkey: of another authenticator, in a window of the same person.
  const { codes } = await live.ask<{ codes: string[] }>('recovery_make', { operator: 'bea' });
  const other = await aWindow(opened, opened.complaints);
  await go('/sign-in', other.page);
  await button('Use a recovery code', other.page).click();
  await other.page.getByLabel('Your operator id').fill('bea');
  await other.page.getByLabel('Recovery code', { exact: true }).fill('wrong');
  await button('Sign in with this code', other.page).click();
  await other.page.getByRole('alert').waitFor();
  await fair(other.page);
  await other.page.getByLabel('Recovery code', { exact: true }).fill(codes[0] ?? '');
  await button('Sign in with this code', other.page).click();
  await heading('A new passkey', other.page).waitFor();
  await fair(other.page);
  await button('Make a passkey on this device', other.page).click();
  await other.page.getByLabel('What you call it').fill('Bea’s phone');
  await button('Register a passkey', other.page).click();
  await heading('Registered, and waiting', other.page).waitFor();
  // It is let in with the passkey that is in force, by the page of people.
  await go('/settings?part=people');
  await button('Look and sign…').first().click();
  await sign();
  await link('To the sign-in', other.page).click();
  await signIn(other.page);
  await go('/settings');
  const row = page.getByRole('table', { name: 'Your passkeys' }).getByRole('row');
  await row.filter({ hasText: 'Bea’s phone' }).getByText('signs').waitFor();
  await button('Rename Bea’s phone').click();
  await page.getByLabel('What you call it').fill('Bea’s tablet');
  await fair();
  await page.getByRole('button', { name: 'Rename', exact: true }).click();
  await confirmed(row.filter({ hasText: 'Bea’s tablet' }));
  // The session of the other window ends from this one.
  const ending = button(/^End the session of bea/);
  const own = page.getByRole('row').filter({ hasText: 'this one' });
  await own.first().waitFor();
  assert.ok((await ending.count()) >= 2);
  await page
    .getByRole('table', { name: 'Sessions' })
    .getByRole('row')
    .filter({ hasNotText: 'this one' })
    .getByRole('button', { name: /^End the session of bea/ })
    .last()
    .click();
  await fair();
  await button('End it').click();
  await confirmed(page.getByText('Ended: its next request is refused'));
  await heading('Your session has ended', other.page).waitFor();
  await fair(other.page);
  await button('Remove Bea’s tablet').click();
  await fair();
  await button('Remove it').click();
  await confirmed(page.getByText('Removed: it signs nobody in any more'));
  await row.filter({ hasText: 'Bea’s tablet' }).waitFor({ state: 'detached' });
  await other.context.close();
}

export async function breaksTheGlass({
  confirmed,
  mcp,
  opened,
  page,
  callback,
  button,
  link,
  heading,
  dialog,
  said,
  fair,
  go,
  sign,
  propose,
  admit,
  signIn,
}: Walk): Promise<void> {
  const cy = await aWindow(opened, opened.complaints);
  const theirs = cy.page;
  await admit('cy', 'Cy', theirs);
  await go('/settings?part=people');
  await fair();
  await button('Look and sign…').first().click();
  await dialog('Let cy in').waitFor();
  await sign();
  await link('To the sign-in', theirs).click();
  await signIn(theirs);
  const id = await propose('own.touch', { name: 'first' });
  await go('/approvals', theirs);
  await theirs.locator(`a[href="/changes/${id}"]`).first().click();
  await theirs.waitForURL(`**/changes/${id}`);
  await button('Approve with your passkey', theirs).click();
  await heading('Done, and verified', theirs).waitFor();
  await fair(theirs);
  // A program that asks bea is not answered by cy.
  const { url: redirect } = callback;
  const asking = await anOauthClient(mcp, redirect);
  await page.goto(asking.sentTo);
  await heading('A program asks to act for you').waitFor();
  await theirs.goto(page.url());
  await theirs.getByRole('alert').waitFor();
  assert.equal(await button('Allow', theirs).count(), 0);
  await fair(theirs);

  await go('/targets/host:web-1', theirs);
  await theirs.getByRole('alert').first().waitFor();
  await go('/settings', theirs);
  await button('Break the glass…', theirs).click();
  await theirs.getByLabel('Why?').fill('web-1 is down and nobody answers');
  await theirs.getByLabel('For').selectOption('15');
  await fair(theirs);
  await button('Break it', theirs).click();
  await confirmed(theirs.getByText('The glass is broken:'), theirs);
  await fair(theirs);
  await go('/targets/host:web-1', theirs);
  await heading(/web-1/, theirs).waitFor();
  // Everybody sees it, and that it is on record.
  await go('/settings');
  await said('web-1 is down and nobody answers');
  await go('/evidence');
  await said('break-glass.opened');
  await go('/settings', theirs);
  await button('Mend it now', theirs).click();
  await theirs.getByText('The glass is broken:').waitFor({ state: 'detached' });
  await go('/targets/host:web-1', theirs);
  await theirs.getByRole('alert').first().waitFor();
  // Owners have nothing to break.
  assert.equal(await button('Break the glass…').count(), 0);
  await cy.context.close();
}

export async function comesByTheTeam({
  opened,
  idp,
  button,
  heading,
  fair,
  go,
}: Walk): Promise<void> {
  const { context, page: theirs } = await aWindow(opened, opened.complaints);
  const TEAM = 'Sign in with your team’s account';
  await go('/drift', theirs);
  await button(TEAM, theirs).waitFor();
  await fair(theirs);
  const refused = async (why: RegExp): Promise<void> => {
    await button(TEAM, theirs).click();
    await theirs.getByRole('alert').filter({ hasText: why }).waitFor();
    assert.equal(new URL(theirs.url()).pathname, '/sign-in');
  };
  idp.isDown = true;
  await refused(/cannot be reached/);
  await fair(theirs);
  idp.isDown = false;
  await refused(/did not sign this person in/);
  idp.subject = 'eve-1';
  await refused(/no operator here is them.*#eve-1/s);
  // Told once.
  await theirs.reload();
  await button(TEAM, theirs).waitFor();
  assert.equal(await theirs.getByRole('alert').count(), 0);
  idp.subject = 'bea-1';
  await context.clearCookies({ domain: '127.0.0.1' });
  await button(TEAM, theirs).click();
  await theirs.getByText('Live', { exact: true }).waitFor();
  // Where the person wanted to go.
  await heading('Drift', theirs).waitFor();
  await context.close();
}
