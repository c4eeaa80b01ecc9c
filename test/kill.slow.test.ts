/**
 * The process is killed while it ingests; nothing that it acknowledged may be missing afterwards.
 *
 * 1. A real owner of a data directory runs; several clients ingest over its local socket.
 * 2. What was acknowledged is kept here, outside the process that dies.
 * 3. SIGKILL at a random moment, or at the first write after a random number of acknowledgements.
 * 4. At rest the log must verify; after a restart every acknowledged observation must be there, and
 *    every event of one that is not must be followed by one that says so.
 *
 * `HOLDFAST_KILLS` sets the number of rounds.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { LocalService } from '#api';
import { aHome, endOf, holdfast, startOwner } from '#test/holdfast';
import { chance } from '#test/seed';
import { OPERATOR } from '#test/world';

const KILLS = Number(process.env['HOLDFAST_KILLS'] ?? 10);
const CALLERS = 6;
const FLEET =
  'version: 1\ntargets:\n  host:web-1:\n    hostType: debian\n    sources:\n      - name: probe\n';

type Acknowledged = {
  readonly observationId: string;
  readonly entity: string;
  readonly value: number;
};

describe('killing the service while it ingests', () => {
  it(`loses nothing acknowledged in ${KILLS} rounds, and the log verifies each time`, {
    timeout: KILLS * 20_000,
  }, async (test) => {
    await using directory = await aHome();
    const home = directory.path;
    await writeFile(join(home, 'fleet.yaml'), FLEET);
    const acknowledged: Acknowledged[] = [];
    for (let round = 0; round < KILLS; round++) {
      const { child, service } = await startOwner(home);
      await mustBeThere(service, acknowledged.slice(-CALLERS * 4));
      const stopAt = acknowledged.length + 1 + Math.floor(chance() * 40);
      await Promise.all(
        Array.from({ length: CALLERS }, (_, caller) =>
          ingestUntilDead(
            service,
            round,
            caller,
            acknowledged,
            () => acknowledged.length >= stopAt && child.kill('SIGKILL'),
          ),
        ),
      );
      await endOf(child);
      const { code, out, err } = await holdfast(home, ['verify', '--json']);
      assert.equal(code, 0, out + err);
    }
    const { child, service } = await startOwner(home);
    await mustBeThere(service, acknowledged);
    test.diagnostic(`${acknowledged.length} observations acknowledged over ${KILLS} kills`);
    assert.ok(acknowledged.length > KILLS);
    child.kill('SIGTERM');
    await endOf(child);
  });
});

async function ingestUntilDead(
  service: LocalService,
  round: number,
  caller: number,
  acknowledged: Acknowledged[],
  kill: () => unknown,
): Promise<void> {
  for (let n = 0; ; n++) {
    const entity = `thing:web-1/${caller}-${n}`;
    const input = {
      source: 'probe',
      target: 'host:web-1',
      observedAt: new Date(Date.UTC(2026, 0, 1) + round * 3_600_000 + n * 1_000).toISOString(),
      facts: [{ entity, attribute: 'round', value: round }],
    };
    try {
      const { value } = await service.perform({
        operation: 'ingest_observation',
        input,
        caller: OPERATOR,
      });
      acknowledged.push({
        observationId: (value as { observationId: string }).observationId,
        entity,
        value: round,
      });
    } catch {
      return;
    }
    kill();
  }
}

async function mustBeThere(
  service: LocalService,
  acknowledged: readonly Acknowledged[],
): Promise<void> {
  const wanted = new Set(acknowledged.map((each) => each.observationId));
  const seen = new Set<string>();
  let cursor: string | null = null;
  do {
    const { value } = await service.perform({
      operation: 'fact_history',
      input: { entity: 'thing:*', limit: 1_000, ...(cursor === null ? {} : { cursor }) },
      caller: OPERATOR,
    });
    const page = value as { versions: { observationId: string }[]; nextCursor: string | null };
    for (const version of page.versions) seen.add(version.observationId);
    cursor = page.nextCursor;
  } while (cursor !== null);
  assert.deepEqual(
    [...wanted].filter((id) => !seen.has(id)),
    [],
  );
}
