/** Assistants: lent a lease by hand, or asking for one themselves; told of, and taken back. */
import assert from 'node:assert/strict';
import { stopwatch } from '../support/cpu.ts';
import { connectHttp } from '../support/mcp-client.ts';
import { anOauthClient } from '../support/oauth-client.ts';
import type { Walk } from './walk.ts';

export async function isLent({
  confirmed,
  mcp,
  page,
  button,
  link,
  heading,
  dialog,
  said,
  fair,
  go,
}: Walk): Promise<void> {
  await go('/assistants');
  await button(/^Lend to an assistant/)
    .first()
    .click();
  await page.getByLabel('What is it for?').fill('a helper');
  await page.getByRole('radio', { name: 'Some' }).check();
  await page.getByRole('checkbox', { name: 'host:this' }).press('Space');
  await fair();
  await button('Issue').click();
  await button('Confirm with your passkey').waitFor();
  await fair();
  await confirmed(heading('The bearer, shown this once'));
  const bearer = (await page.getByLabel('The bearer', { exact: true }).textContent()) ?? '';
  assert.match(bearer, /^\S{20,}$/);
  await fair();
  await page.getByRole('checkbox', { name: 'I have given it to the client' }).press('Space');
  await button('Done').click();
  await dialog().waitFor({ state: 'detached' });
  assert.doesNotMatch(await page.content(), new RegExp(bearer));
  const client = await connectHttp(mcp, bearer);
  await client.must('describe_system', {});
  const foreign = await client.ask('query_facts', { target: 'host:web-1' });
  const denied = await client.ask('run_action', {
    action: 'own.touch',
    targets: ['host:web-1'],
    args: { name: 'x' },
    reason: 'not mine',
  });
  assert.notEqual(denied.code, undefined, JSON.stringify([foreign, denied]));
  await link('a helper').click();
  await heading('a helper').waitFor();
  await said('What it holds, and what it used');
  await page.getByRole('table', { name: 'Faults, most frequent first' }).waitFor();
  await fair();
  await page.getByRole('tab', { name: 'What it may do' }).click();
  await page.getByRole('table').first().waitFor();
  await fair();
  await link('All assistants').click();
  await link('a helper').click();
  await button(/^Revoke/).click();
  await page.getByLabel('Why?').fill('the errand is done');
  await fair();
  await button('Revoke it now').click();
  const since = stopwatch();
  await dialog().waitFor({ state: 'detached' });
  await said(/✕ ?revoked|^revoked$/);
  const shown = since();
  await assert.rejects(client.ask('describe_system', {}));
  assert.ok(shown < 1_000, `${Math.round(shown)} ms`);
  await client[Symbol.asyncDispose]().then(undefined, () => {});
  await link('Every request of it, in the log').click();
  await page.getByRole('table', { name: /^Events/ }).waitFor();
  await said('run_action');
}

export async function signsInByItself({
  confirmed,
  mcp,
  page,
  callback,
  button,
  link,
  heading,
  said,
  fair,
  go,
}: Walk): Promise<void> {
  const { url: redirect, answers } = callback;
  const refused = await anOauthClient(mcp, redirect);
  await page.goto(refused.sentTo);
  await heading('A program asks to act for you').waitFor();
  await said('Helper');
  await fair();
  const consent = page.url();
  await button('Refuse').click();
  await heading('Back at the client').waitFor();
  assert.equal(answers.pop()?.get('error'), 'access_denied');

  // It was answered: nobody answers it again.
  await page.goto(consent);
  await page.getByRole('alert').waitFor();
  await said(/begin again|Begin again|start again/i);
  assert.equal(await button('Allow').count(), 0);
  await fair();

  const allowed = await anOauthClient(mcp, redirect);
  await page.goto(allowed.sentTo);
  await page.getByLabel('Name it').fill('my helper');
  await page.getByLabel('Highest tier').selectOption('T1');
  await button('Allow').click();
  await confirmed(heading('Back at the client'));
  const client = await allowed.finish(answers.pop() ?? new URLSearchParams());
  assert.ok((await client.listTools()).tools.length > 5);
  await client.close();
  await go('/assistants');
  await link('my helper').click();
  await said('client.example');
}
