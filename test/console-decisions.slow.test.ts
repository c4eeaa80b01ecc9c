/**
 * Deciding in a real browser, before a paper fleet whose clock the test moves: what is signed is what is shown, and
 * whatever happens in between (another operator, time, a restart, a session that ends) ends in one clear state.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { grave } from './support/axe.ts';
import { type Opened, openBrowser, whyNoBrowser } from './support/browser.ts';
import { ASSISTANT, aProposal, OPERATOR } from './support/change-world.ts';
import { aPaperConsole, type PaperConsole } from './support/paper-console.ts';

const DAY = 86_400;
const BY_BOB = { ...ASSISTANT, onBehalfOf: 'operator:bob@local' };
const APPROVE = 'Approve with your passkey';

describe('deciding in the console', { skip: whyNoBrowser() ?? false, timeout: 600_000 }, () => {
  let paper: PaperConsole;
  let opened: Opened;
  let page: Page;
  let next = 0;

  before(async () => {
    paper = await aPaperConsole({
      hosts: Array.from({ length: 20 }, (_, i) => `host:n${i}`),
      look: (argv) => (argv[0] === 'find' ? '' : undefined),
      program: ({ argv }) => {
        if (argv[1] === 'reboot') paper.world.facts.set('host:n0 host:n0 boot.id', 'another');
        return undefined as never;
      },
    });
    opened = await openBrowser();
    page = opened.page;
    page.setDefaultTimeout(15_000);
    await opened.context.addCookies([{ ...paper.cookie, httpOnly: true, sameSite: 'Strict' }]);
    await paper.bring(opened.authenticator);
  });
  after(async () => {
    await opened?.browser.close();
    await paper?.[Symbol.asyncDispose]();
  });

  const propose = async (
    more: Parameters<typeof aProposal>[0] = {},
    requester = ASSISTANT,
  ): Promise<string> => {
    const proposal = aProposal({ targets: [`host:n${(next += 1)}`], ...more });
    const { changeId, state, decision } = await paper.world.road.propose(requester, proposal);
    assert.equal(state, 'previewed', decision.says);
    return changeId;
  };
  const open = async (changeId: string): Promise<void> => {
    await page.goto(`${paper.origin}/changes/${changeId}`);
    await page.getByRole('button', { name: APPROVE }).waitFor();
  };
  const stateOf = (changeId: string): string => paper.world.road.get(OPERATOR, changeId).state;
  const heading = (name: string | RegExp) => page.getByRole('heading', { name });
  const noButton = async (): Promise<void> =>
    assert.equal(await page.getByRole('button', { name: APPROVE }).count(), 0);
  const press = (name: string): Promise<void> => page.getByRole('button', { name }).press('Enter');

  it('runs what a passkey signed, and the host verifies that signature', async () => {
    const id = await propose();
    await open(id);
    assert.equal(stateOf(id), 'previewed', 'to open it changes nothing');
    await press(APPROVE);
    await heading('Done, and verified').waitFor();
    const { approvals, receipts } = paper.world.road.get(OPERATOR, id);
    assert.deepEqual(
      approvals.map(({ operator, assurance }) => [operator, assurance]),
      [['alice', 'touch']],
    );
    assert.equal(receipts.length, 1);
  });

  it('signs nothing without the person, and says so', async () => {
    const id = await propose();
    await open(id);
    await opened.authenticator.verifies(false);
    await press(APPROVE);
    await page.getByText('Nothing was signed', { exact: true }).waitFor();
    await opened.authenticator.verifies(true);
    assert.equal(stateOf(id), 'previewed');
    assert.equal(paper.world.road.get(OPERATOR, id).approvals.length, 0);
  });

  it('has no button where the order is not for what is shown', async () => {
    const id = await propose();
    await page.route('**/operations/approval_page', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.json()) as { value: { plan: { steps: { argv: string[] }[] } } };
      const [step] = body.value.plan.steps;
      if (step !== undefined) step.argv = ['systemctl', 'status', '--', 'harmless.service'];
      await route.fulfill({ response: answer, json: body });
    });
    await page.goto(`${paper.origin}/changes/${id}`);
    await page.getByText(/Do not sign this: the order is for another plan/).waitFor();
    await noButton();
    await page.unroute('**/operations/approval_page');
  });

  it('takes a dangerous one only with its name and a reason, by the keyboard alone', async () => {
    paper.world.facts.set('host:n0 host:n0 boot.id', 'this');
    await paper.world.record();
    const reboot = { action: 'host.reboot', targets: ['host:n0'], arguments: {} };
    const id = await propose(reboot, BY_BOB);
    await page.goto(`${paper.origin}/approvals`);
    await heading('Approvals').waitFor();
    await page.locator(`a[href="/changes/${id}"]`).first().waitFor();
    await tabTo(page, 'host:n0');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: APPROVE }).waitFor();
    assert.equal(await page.evaluate('document.activeElement.tagName'), 'H1');
    assert.equal(await page.getByRole('button', { name: APPROVE }).isDisabled(), true);
    await tabTo(page, /^Type the target’s name/);
    await page.keyboard.type('host:n0');
    await page.keyboard.press('Tab');
    await page.keyboard.type('a new kernel');
    await tabTo(page, APPROVE);
    await page.keyboard.press('Enter');
    await heading('Done, and verified').waitFor();
    assert.equal(paper.world.road.get(OPERATOR, id).approvals.length, 1);
  });

  it('is not taken from the person behind the request where four eyes decide', async () => {
    paper.world.facts.set('host:n19 host:n19 boot.id', 'this');
    await paper.world.record();
    const id = await propose({ action: 'host.reboot', targets: ['host:n19'], arguments: {} });
    await open(id);
    await page.getByLabel(/^Type the target’s name/).fill('host:n19');
    await page.getByLabel('Why is it right?').fill('a new kernel');
    await press(APPROVE);
    await page.getByText('Somebody else has to sign this', { exact: true }).waitFor();
    assert.equal(stateOf(id), 'previewed');
  });

  it('shows what another operator decided meanwhile, and takes no second word', async () => {
    const seen = await propose();
    await open(seen);
    await paper.world.approve(seen, 'bob');
    paper.hint();
    await heading('Done, and verified').waitFor();
    await noButton();

    // At once: the other signature arrives while this one is on its way.
    const raced = await propose();
    await open(raced);
    await page.route('**/operations/change_approve', async (route) => {
      await paper.world.approve(raced, 'bob');
      await route.continue();
    });
    await press(APPROVE);
    await heading('Done, and verified').waitFor();
    await page.unroute('**/operations/change_approve');
    await page.getByRole('alert').waitFor();
    await noButton();
    assert.equal(paper.world.road.get(OPERATOR, raced).receipts.length, 1, 'it ran once');
  });

  it('waits for a second person where two are needed', async () => {
    await paper.world.rules({ T2: { quorum: 2, assurance: 'same-user' } });
    const id = await propose();
    await open(id);
    await press(APPROVE);
    await page.getByText('You have signed. It waits for one more person.').waitFor();
    assert.equal(stateOf(id), 'previewed');
    await paper.world.approve(id, 'bob');
    paper.hint();
    await heading('Done, and verified').waitFor();
    await paper.world.rules({ T2: { quorum: 1, assurance: 'same-user' } });
  });

  it('goes on after the service was away, with what was on the screen', async () => {
    const id = await propose();
    await open(id);
    await paper.stop();
    await page.getByText(/^Not connected\. It goes on/).waitFor();
    await noButton();
    await paper.start();
    await page.getByRole('button', { name: APPROVE }).waitFor();
    await press(APPROVE);
    await heading('Done, and verified').waitFor();
  });

  it('keeps what was typed when the session ends', async () => {
    await page.goto(`${paper.origin}/changes`);
    await page.getByLabel('Find').fill('restart');
    paper.signedIn = false;
    paper.hint();
    await heading('Your session has ended').waitFor();
    // In another tab.
    paper.signedIn = true;
    await page.evaluate(`dispatchEvent(new Event('focus'))`);
    await heading('Your session has ended').waitFor({ state: 'detached' });
    assert.equal(await page.getByLabel('Find').inputValue(), 'restart');
  });

  it('makes equal requests one, but for those that are left out', async () => {
    const clear = { action: 'cache.clear', arguments: { cache: 'apt' } };
    const ids = [await propose(clear), await propose(clear), await propose(clear)];
    await page.goto(`${paper.origin}/approvals`);
    await page.getByRole('checkbox', { name: `Include host:n${next}`, exact: true }).press('Space');
    await press('Review 2 for one signature');
    await page.getByRole('button', { name: APPROVE }).waitFor();
    await press(APPROVE);
    await heading('Done, and verified').waitFor();
    assert.deepEqual(ids.map(stateOf), ['cancelled', 'cancelled', 'previewed']);
  });

  it('lets a rollout that paused go on, and ends it', async () => {
    const targets = Array.from({ length: 6 }, (_, i) => `host:n${i + 13}`);
    const rollout = { batch: 2, waitSeconds: 0, maxFailures: 0, order: 'by-criticality' } as const;
    // What it promises is not seen on paper hosts: each batch fails.
    const id = await propose({ action: 'logs.rotate', arguments: {}, targets, rollout });
    const ran = (): number => paper.world.road.get(OPERATOR, id).receipts.length;
    const inDialog = (name: string) => page.getByRole('dialog').getByRole('button', { name });
    await open(id);
    await press(APPROVE);
    await page.getByText(/^Paused by .*2 failed/).waitFor();
    assert.deepEqual(await grave(page), []);
    assert.equal(ran(), 2);
    await press('Go on');
    await page.getByLabel('Why is it safe?').fill('they do well');
    await inDialog('Go on').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByText(/^Paused by .*host:n15, host:n16/).waitFor();
    assert.equal(ran(), 4);
    await press('End');
    await page.getByLabel('Why?').fill('four are enough');
    assert.deepEqual(await grave(page), []);
    await inDialog('End it').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(stateOf(id), 'failed');
    assert.equal(ran(), 4, 'what was not begun never will be');
  });

  it('is too late in a tab that was left open', async () => {
    const id = await propose();
    await open(id);
    paper.world.pass(DAY + 3_600);
    await press(APPROVE);
    await page.getByText('Too late', { exact: true }).waitFor();
    await page.getByRole('button', { name: APPROVE }).waitFor({ state: 'detached' });
    assert.equal(paper.world.road.get(OPERATOR, id).receipts.length, 0);
  });

  it('never made the page say what it must not', () => {
    assert.deepEqual(opened.complaints, []);
  });
});

const NAME_OF_FOCUSED = `(({ ariaLabel, labels, textContent }) =>
  ariaLabel ?? labels?.[0]?.textContent ?? textContent)(document.activeElement)`;

async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  for (let pressed = 0; pressed < 120; pressed++) {
    await page.keyboard.press('Tab');
    const at = String(await page.evaluate(NAME_OF_FOCUSED)).trim();
    if (typeof name === 'string' ? at === name : name.test(at)) return;
  }
  assert.fail(`no way with the keyboard to ${name}`);
}
