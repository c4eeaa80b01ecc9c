/**
 * What a new user gets: the committed tree on a Debian 12 with nothing but Node 20 and npm.
 *
 * 1. lab/clean-machine.sh makes that system, in namespaces of its own.
 * 2. `./start --once` installs everything, enrols and looks at the machine.
 * 3. The command line answers with what was seen; `./start --once` again changes nothing for the worse.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { it } from 'node:test';

const SCRIPT = join(import.meta.dirname, '..', 'lab', 'clean-machine.sh');
const CANNOT_RUN_HERE = 75;

it('one command on an empty machine shows at least a hundred facts of it', (test) => {
  const story = `
    ./start --once >&2
    bin/holdfast query '*' --json --limit 1000
    bin/holdfast query 'user:*/root' --json
    ./start --once >&2
    bin/holdfast verify >&2`;
  const { status, stdout, stderr } = spawnSync(SCRIPT, ['sh', '-euc', story], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === CANNOT_RUN_HERE) {
    test.skip(stderr.trim().split('\n').at(-1));
    return;
  }
  assert.equal(status, 0, stderr.slice(-4000));
  const [facts, root] = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { facts: { entity: string }[] }).facts);
  assert.ok(facts !== undefined && facts.length >= 100, `only ${facts?.length} facts`);
  assert.ok(root !== undefined && root.length > 0, 'the account root was not seen');
});
