/**
 * Death of the process, on real files. Method: (1) a child appends as fast as it can and prints each
 * record's number and id once it is acknowledged; (2) it is killed with SIGKILL at a random moment;
 * (3) everything it printed must be in the log, which must open and verify; (4) again, on the same
 * log. `HOLDFAST_KILLS` sets the rounds.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  openEventLog,
  openHeadFile,
  readHead,
  readJournalKeys,
  readPins,
  verifyLog,
} from '#evidence';
import { nodeClock, nodeFiles, nodeRandom } from '#machine';
import { SEED } from '#test/seed';
import { mulberry } from '#test/simulated-files';

const ROUNDS = Number(process.env['HOLDFAST_KILLS'] ?? 20);
const CHILD = fileURLToPath(new URL('../../test/support/appending-process.ts', import.meta.url));

/** Runs the child until `ms` after its first acknowledgement, then kills it; answers what it said. */
async function lifeOf(
  home: string,
  round: number,
  ms: number,
): Promise<ReadonlyMap<string, number>> {
  const child = spawn(process.execPath, [CHILD, home, `round${round}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = new Map<string, number>();
  const lines = createInterface({ input: child.stdout });
  let timer: NodeJS.Timeout | undefined;
  lines.on('line', (line) => {
    const [kind, seq, id] = line.split(' ');
    if (kind === 'written' || kind === 'durable') said.set(id as string, Number(seq));
    timer ??= setTimeout(() => child.kill('SIGKILL'), ms);
  });
  const linesEnd = once(lines, 'close');
  await once(child, 'exit');
  await linesEnd;
  clearTimeout(timer);
  return said;
}

describe('a log whose process is killed', () => {
  it('has every record that was acknowledged, and verifies', {
    timeout: 20_000 * ROUNDS,
  }, async () => {
    const home = await mkdtemp(join(tmpdir(), 'holdfast-kill-'));
    const files = nodeFiles();
    const random = mulberry(SEED);
    const paths = { directory: `${home}/log`, keys: `${home}/keys`, head: `${home}/head` };
    let total = 0;
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        const said = await lifeOf(home, round, Math.floor(random() * 60));
        assert.ok(said.size > 0, `round ${round}: nothing was acknowledged`);
        total += said.size;
        const verify = async () =>
          verifyLog({
            files,
            directory: paths.directory,
            head: await readHead(files, paths.head),
            journalKeys: await readJournalKeys(files, paths.keys),
            pins: await readPins(files, paths.keys),
          });
        const asLeft = await verify();
        assert.deepEqual(asLeft.problems, [], `round ${round}, as left`);
        {
          await using heads = await openHeadFile(files, paths.head);
          await using log = await openEventLog({
            files,
            clock: nodeClock(),
            random: nodeRandom(),
            heads,
            directory: paths.directory,
            keys: paths.keys,
            digests: { program: 'sha256:aa', configuration: 'sha256:bb' },
          });
          const events = await log.read({ principal: `round${round}` }, 1_000_000);
          const kept = new Map(events.map((event) => [event.requestId, event.seq]));
          for (const [id, seq] of said) assert.equal(kept.get(id), seq, `round ${round}: ${id}`);
        }
        const after = await verify();
        assert.deepEqual([after.verdict, after.problems], ['holds', []], `round ${round}, after`);
      }
      assert.ok(total > 10 * ROUNDS, `only ${total} records in all`);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });
});
