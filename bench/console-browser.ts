/**
 * Rows H5 to H7: the console of a whole fleet, end to end in a real Chromium: from a key on the slider to the painted rows.
 *
 *   bin/holdfast-node bench/console-browser.ts [--hosts 5000] [--rounds 8] [--steps 60]
 *
 * Needs Chromium and `script` (a terminal), makes a data directory of its own, and is no part of `run.ts`.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import type { Instant } from '#base/time';
import { nodeFiles } from '#machine';
import { openSqliteStore } from '#store';
import { openBrowser, whyNoBrowser } from '#test/browser';
import { endOf, startOwner } from '#test/holdfast';
import { atTerminal, whyNoTerminal } from '#test/terminal';
import { fillFleet, fleetYaml } from './console-fleet.ts';
import { median, percentile } from './measure.ts';

const MINUTE = 60_000_000;
const REPEAT_MS = 33;
const PAN_MS = 3_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      hosts: { type: 'string', default: '5000' },
      rounds: { type: 'string', default: '8' },
      steps: { type: 'string', default: '60' },
    },
  });
  const why = whyNoBrowser() ?? whyNoTerminal();
  if (why !== undefined) throw new Error(why);
  const [hosts, rounds, steps] = [values.hosts, values.rounds, values.steps].map(Number) as [
    number,
    number,
    number,
  ];
  const place = mkdtempSync(join(tmpdir(), 'hf-bench-console-'));
  const home = join(place, 'home');
  let owner: Awaited<ReturnType<typeof startOwner>> | undefined;
  let opened: Awaited<ReturnType<typeof openBrowser>> | undefined;
  try {
    mkdirSync(join(home, 'store'), { recursive: true, mode: 0o700 });
    writeFileSync(join(home, 'fleet.yaml'), fleetYaml(hosts));
    const port = await freePort();
    const url = `http://localhost:${port}`;
    writeFileSync(
      join(home, 'server.yaml'),
      `version: 1\nurl: ${url}\nlisten: 127.0.0.1:${port}\n`,
    );
    process.stderr.write(`${hosts} hosts x 100 facts x ${rounds} rounds\n`);
    {
      const path = join(home, 'store', 'facts.sqlite');
      await using store = await openSqliteStore({ path, files: nodeFiles() });
      const until = (Date.now() * 1_000 - 2 * MINUTE) as Instant;
      await fillFleet(store, { hosts, rounds, until });
    }
    owner = await startOwner(home, ['up']);
    await answering(`${url}/readyz`);
    const { pid } = owner.child;
    await sleep(5_000);
    tell('memory of the service at rest, MiB', memoryOf(pid));
    const screen = await atTerminal(home, ['console', 'setup'], ['ada', 'Ada', 'localhost']);
    const link = /http:\/\/localhost:\d+\/invitation#\S+/.exec(screen)?.[0];
    if (link === undefined) throw new Error(`no invitation: ${screen}`);
    opened = await openBrowser();
    const { page } = opened;
    await page.goto(link);
    await page.getByRole('button', { name: 'Register a passkey' }).click();
    await page.getByRole('button', { name: 'Sign with your passkey' }).click();
    await page.getByText('I have kept them').click();
    await page.getByRole('link', { name: 'To the overview' }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    for (const [path, ready] of [
      ['/', 'main h1'],
      ['/fleet', 'tr[data-row] .row-link'],
    ] as const) {
      const shown: number[] = [];
      for (let i = 0; i < 5; i += 1) shown.push(await untilShown(page, `${url}${path}`, ready));
      tell(`H5 ${path} from navigation to shown, p50, ms`, median(shown));
      tell(`H5 ${path} from navigation to shown, most, ms`, Math.max(...shown));
    }
    await page.goto(`${url}/fleet?span=6h`);
    await page.locator('tr[data-row] .row-link').first().waitFor();
    await page.getByRole('slider', { name: 'What was true' }).focus();
    await watchSteps(page);
    const took: number[] = [];
    for (let i = 0; i < steps; i += 1) {
      took.push(await step(page, 'ArrowLeft'));
      // As somebody goes who reads; the counts are asked for where it rests for longer.
      await sleep(300);
      if (i % 5 === 4) await sleep(1_500);
    }
    tell('H6 key on the slider to painted rows, p50, ms', median(took));
    tell('H6 key on the slider to painted rows, p95, ms', percentile(took, 0.95));
    await page.goto(`${url}/fleet?span=1d`);
    await page.locator('tr[data-row] .row-link').first().waitFor();
    await page.getByRole('slider', { name: 'What was true' }).focus();
    await watchSteps(page);
    const held: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      for (let n = 0; n < 9; n += 1) {
        await page.keyboard.press('ArrowLeft');
        await sleep(REPEAT_MS);
      }
      held.push(await step(page, 'ArrowLeft'));
      await sleep(600);
    }
    tell('H6 the last of ten keys held down to painted rows, p50, ms', median(held));
    tell('H6 the last of ten keys held down to painted rows, most, ms', Math.max(...held));
    const drawn = await untilShown(page, `${url}/fleet/map`, 'canvas.sigma-nodes');
    tell('H7 map from navigation to first draw, ms', drawn);
    await sleep(2_000);
    tell('H7 frames a second while panning', await framesWhilePanning(page));
    tell('memory of the service afterwards, MiB', memoryOf(pid));
    if (opened.complaints.length > 0) throw new Error(opened.complaints.join('\n'));
    process.stdout.write(
      `\n${hosts} hosts, ${cpus().length} cores, load ${(loadavg()[0] ?? 0).toFixed(2)}, WebGL in software\n`,
    );
  } finally {
    await opened?.browser.close();
    owner?.child.kill('SIGTERM');
    if (owner !== undefined) await endOf(owner.child);
    rmSync(place, { recursive: true, force: true });
  }
}

function tell(what: string, figure: number): void {
  process.stdout.write(`${what.padEnd(64)} ${figure.toFixed(0)}\n`);
}

/** From the beginning of the navigation until it is painted and nothing is loading. */
async function untilShown(page: Page, url: string, ready: string): Promise<number> {
  await page.goto(url, { waitUntil: 'commit' });
  return page.evaluate<number>(`new Promise((resolve) => {
    const look = () => {
      const isLoading = document.querySelector('main .skeleton') !== null;
      if (document.querySelector(${JSON.stringify(ready)}) !== null && !isLoading)
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
      else requestAnimationFrame(look);
    };
    look();
  })`);
}

/** Notes when a key went down, and when rows of the moment that the address then names were painted after it. */
async function watchSteps(page: Page): Promise<void> {
  await page.evaluate(`{
    const seen = { pressed: 0, painted: 0 };
    window.benchSteps = seen;
    const table = document.querySelector('table.fleet-table');
    let before = '';
    addEventListener('keydown', () => {
      before = table.dataset.asOf;
      Object.assign(seen, { pressed: performance.now(), painted: 0 });
    }, true);
    const isShown = () => table.getAttribute('aria-busy') !== 'true' && table.dataset.asOf !== before &&
      Date.parse(table.dataset.asOf) === Date.parse(new URLSearchParams(location.search).get('asOf'));
    new MutationObserver(() => {
      seen.painted = 0;
      const of = seen.pressed;
      requestAnimationFrame(() => setTimeout(() => {
        if (of === seen.pressed && isShown()) seen.painted = performance.now();
      }));
    }).observe(table, { attributes: true, attributeFilter: ['aria-busy', 'data-as-of'] });
  }`);
}

async function step(page: Page, key: string): Promise<number> {
  await page.keyboard.press(key);
  for (let tries = 0; tries < 2_000; tries += 1) {
    const took = await page.evaluate<number>('benchSteps.painted - benchSteps.pressed');
    if (took > 0) return took;
    await sleep(10);
  }
  throw new Error('no rows of the moment chosen were painted');
}

async function framesWhilePanning(page: Page): Promise<number> {
  const box = await page.locator('canvas.sigma-mouse').boundingBox();
  if (box === null) throw new Error('no map');
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  const frames = page.evaluate<number>(`new Promise((resolve) => {
    const began = performance.now();
    let count = 0;
    const next = () => {
      count += 1;
      const passed = performance.now() - began;
      if (passed < ${PAN_MS}) requestAnimationFrame(next);
      else resolve((count * 1000) / passed);
    };
    requestAnimationFrame(next);
  })`);
  const until = performance.now() + PAN_MS;
  for (let n = 0; performance.now() < until; n += 1)
    await page.mouse.move(x + 150 * Math.sin(n / 8), y + 80 * Math.cos(n / 8));
  await page.mouse.up();
  return frames;
}

/** Without what it maps of files. */
function memoryOf(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1_024;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 240; tries += 1) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await sleep(250);
  }
  throw new Error(`nothing answers at ${url}`);
}

await main();
