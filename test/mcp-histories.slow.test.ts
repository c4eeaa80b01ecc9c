/**
 * Random histories of observations and questions, asked over MCP as a stranger would, against the
 * naive reference in `support/reference-facts.ts`.
 *
 * A history is data: its seed replays it, and one that fails is made smaller before it is shown. Each
 * has kinds or targets of its own, so that one server answers hundreds of them.
 *
 * `HOLDFAST_MCP_HISTORIES` sets how many, `HOLDFAST_SEED` where to begin.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { generate, type History } from '#test/history-generator';
import { fleetFor, play } from '#test/history-player';
import { aHome } from '#test/holdfast';
import { connectMcp } from '#test/mcp-client';
import { SEED } from '#test/seed';

const HISTORIES = Number(process.env['HOLDFAST_MCP_HISTORIES'] ?? 150);
const PER_HOME = 200;
const AT_ONCE = 6;
const SHRINKING_MS = 60_000;

type Failure = { readonly history: History; readonly error: Error };

it(`answers like the reference over ${HISTORIES} random histories over MCP (seed ${SEED})`, {
  timeout: HISTORIES * 500 + 120_000,
}, async (test) => {
  const started = Date.now();
  for (let first = 0; first < HISTORIES; first += PER_HOME) {
    const size = Math.min(PER_HOME, HISTORIES - first);
    const failure = await firstFailure(
      Array.from({ length: size }, (_, n) => generate(SEED + first + n)),
    );
    if (failure === undefined) continue;
    const { history, error } = await shrunk(failure);
    const steps = history.steps.map((step) => JSON.stringify(step)).join('\n  ');
    const { seed, origin, stepMicros } = history;
    assert.fail(
      `seed ${seed}, origin ${origin}, step ${stepMicros} µs:\n  ${steps}\n${error.message}`,
    );
  }
  test.diagnostic(`${HISTORIES} histories from seed ${SEED} in ${Date.now() - started} ms`);
});

async function firstFailure(histories: readonly History[]): Promise<Failure | undefined> {
  await using home = await aHome();
  const named = new Map(histories.map((history, n) => [`h${n}`, history]));
  await writeFile(join(home.path, 'fleet.yaml'), fleetFor(named));
  await using client = await connectMcp(home.path);
  let failure: Failure | undefined;
  // One iterator for all: each takes the next history that nobody has.
  const waiting = named.entries();
  const work = async (): Promise<void> => {
    for (const [name, history] of waiting) {
      if (failure !== undefined) return;
      try {
        await play(history, name, client);
      } catch (error) {
        failure ??= { history, error: error as Error };
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return failure;
}

/** The same failure with as few steps and facts as still fail. */
async function shrunk(failure: Failure): Promise<Failure> {
  const until = Date.now() + SHRINKING_MS;
  let smallest = failure;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const history of smaller(smallest.history)) {
      if (Date.now() > until) return smallest;
      const found = await firstFailure([history]);
      if (found === undefined) continue;
      smallest = found;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

function* smaller(history: History): Generator<History> {
  const { steps } = history;
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at + size <= steps.length; at += size) {
      yield { ...history, steps: steps.toSpliced(at, size) };
    }
  }
  for (const [at, step] of steps.entries()) {
    if (step.do !== 'ingest') continue;
    for (let n = 0; n < step.facts.length; n++) {
      yield { ...history, steps: steps.with(at, { ...step, facts: step.facts.toSpliced(n, 1) }) };
    }
  }
}
