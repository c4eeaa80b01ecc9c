/**
 * Death of the process, on a real file. Method: (1) a child opens, registers, revokes and ends as fast as it can, and
 * prints each thing once it is acknowledged; (2) it is killed with SIGKILL at a random moment; (3) everything it
 * printed holds, and nothing stands half done; (4) again, on the same file. `HOLDFAST_KILLS` sets the rounds.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openIdentity } from '#identity';
import { nodeClock, nodeFiles, nodeRandom } from '#machine';
import { SEED } from '#test/seed';
import { mulberry } from '#test/simulated-files';

const ROUNDS = Number(process.env['HOLDFAST_KILLS'] ?? 4);
const CHILD = fileURLToPath(new URL('../../test/support/signing-in-process.ts', import.meta.url));

async function lifeOf(path: string, round: number, ms: number): Promise<readonly string[][]> {
  const child = spawn(process.execPath, [CHILD, path, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  let timer: NodeJS.Timeout | undefined;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    timer ??= setTimeout(() => child.kill('SIGKILL'), ms);
  });
  await once(child, 'close');
  clearTimeout(timer);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '));
}

describe('a file of identities whose process is killed', () => {
  it('keeps what was acknowledged, and nothing half', { timeout: 30_000 * ROUNDS }, async () => {
    const home = await mkdtemp(join(tmpdir(), 'holdfast-identity-kill-'));
    const path = join(home, 'identity.sqlite');
    const random = mulberry(SEED);
    let said = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const lines = await lifeOf(path, round, 20 + random() * 150);
      said += lines.length;
      const ended = new Set(lines.flatMap(([what, id]) => (what === 'ended' ? [id] : [])));
      const ports = { files: nodeFiles(), clock: nodeClock(), random: nodeRandom() };
      await using identity = await openIdentity({ path, ...ports });
      for (const [at, [what, name = '', secret = '']] of lines.entries()) {
        // What came right before the death may have been followed by what was not printed any more.
        const isLast = at >= lines.length - 1;
        if (what === 'open' && !isLast)
          assert.equal(identity.sessions.find(secret) !== undefined, !ended.has(name), name);
        if (what === 'ended') assert.equal(identity.sessions.find(secret), undefined);
        if (what === 'registered') {
          const [passkey] = identity.passkeys.of(name);
          assert.equal(identity.invitations.find(secret)?.pendingKey, passkey?.key);
        }
        if (what === 'codes') assert.equal(identity.recovery.left(name), 10);
        if (what === 'revoked') assert.ok(identity.leases.find(secret)?.revoked);
      }
    }
    const db = new DatabaseSync(path, { readOnly: true });
    const number = (sql: string): unknown => Object.values(db.prepare(sql).get() ?? {})[0];
    assert.equal(number('PRAGMA integrity_check'), 'ok');
    // Codes are ten of each person or none; a pending key has its passkey, and a passkey came of an invitation.
    assert.equal(
      number(
        'SELECT count(*) FROM (SELECT count(*) n FROM recovery GROUP BY operator) WHERE n <> 10',
      ),
      0,
    );
    assert.equal(
      number(
        'SELECT count(*) FROM invitation WHERE pending_key IS NOT NULL AND pending_key NOT IN (SELECT key FROM passkey)',
      ),
      0,
    );
    assert.equal(
      number(
        'SELECT count(*) FROM passkey WHERE key NOT IN (SELECT pending_key FROM invitation WHERE pending_key IS NOT NULL)',
      ),
      0,
    );
    db.close();
    assert.ok(said > ROUNDS, `only ${said} things were acknowledged`);
    await rm(home, { recursive: true });
  });
});
