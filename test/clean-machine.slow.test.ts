/**
 * What a new user gets: the committed tree on a Debian 12 with nothing but Node 20 and npm.
 *
 * 1. lab/clean-machine.sh makes that system, in namespaces of its own.
 * 2. `./start --once` installs everything, enrols and looks at the machine.
 * 3. The story of the README: bless, change, see exactly that, undo, see it closed.
 * 4. `./start --once` again changes nothing for the worse, and the log verifies.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const SCRIPT = join(import.meta.dirname, '..', 'lab', 'clean-machine.sh');
const CANNOT_RUN_HERE = 75;
const PORT = 47_110;

// Everything but the JSON asked for goes to standard error. What listens elsewhere on this machine
// meanwhile is none of the story's business, so it has a network of its own.
const STORY = `
  ./start --once >&2
  exec unshare --net sh -eu <<'END'
  holdfast() { bin/holdfast "$@" --json; }
  holdfast query '*' --limit 1000
  holdfast query 'user:*/root'

  mkdir -p /etc/ssh && echo 'PermitRootLogin no' > /etc/ssh/sshd_config
  chmod 644 /etc/ssh/sshd_config
  holdfast observe >&2
  holdfast baseline bless --reason 'installed and checked' >&2

  useradd eve
  chmod 666 /etc/ssh/sshd_config
  bin/holdfast-node -e 'require("net").createServer().listen(${PORT}, "0.0.0.0")' </dev/null &
  listener=$!
  sleep 1
  holdfast observe >&2
  holdfast drift
  between=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ | sed 's/...Z$/Z/')

  userdel eve
  chmod 644 /etc/ssh/sshd_config
  kill $listener
  sleep 1
  holdfast observe >&2
  holdfast drift
  holdfast history 'user:*/eve' uid
  holdfast query 'user:*/eve' --as-of "$between"

  ./start --once >&2
  holdfast verify
END
`;

type Finding = {
  entity: string;
  attribute: string;
  kind: string;
  severity: string;
  observed: unknown;
  desired: unknown;
  status: string;
};
type Told = {
  facts: { entity: string; attribute: string }[];
  findings: Finding[];
  versions: { validFrom: string; validTo: string | null; supersededAt: string | null }[];
  ok: boolean;
};

const { status, stdout, stderr } = spawnSync(SCRIPT, ['sh', '-euc', STORY], {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
});
const skip = status === CANNOT_RUN_HERE ? (stderr.trim().split('\n').at(-1) ?? 'no reason') : false;
const told = stdout
  .trim()
  .split('\n')
  .map((line) => (line === '' ? {} : JSON.parse(line)) as Told);
const [everything, root, drifted, undone, history, between, verdict] = told;

describe('an empty machine', { skip }, () => {
  it('needs one command, and shows at least a hundred facts', () => {
    assert.ok(everything !== undefined, stderr.slice(-4000));
    assert.ok(everything.facts.length >= 100, `only ${everything.facts.length} facts`);
    assert.ok((root?.facts.length ?? 0) > 0, 'the account root was not seen');
  });

  it('shows exactly what was changed, field by field', () => {
    const findings = open(drifted);
    assert.deepEqual(
      findings.map(({ entity, attribute, kind }) => `${kind} ${bare(entity)} ${attribute}`).sort(),
      [
        'changed file:/etc/group sha256',
        'changed file:/etc/passwd sha256',
        'changed file:/etc/ssh/sshd_config mode',
        'changed file:/etc/subgid sha256',
        'changed file:/etc/subuid sha256',
        'unexpected group:eve *',
        `unexpected port:tcp/0.0.0.0:${PORT} *`,
        'unexpected user:eve *',
      ],
      stderr.slice(-4000),
    );
    assert.ok(
      findings.every(({ severity, status }) => severity === 'critical' && status === 'open'),
    );
    const mode = findings.find(({ attribute }) => attribute === 'mode');
    assert.deepEqual([mode?.desired, mode?.observed], ['0644', '0666']);
  });

  it('shows nothing once that was undone, and keeps both moments', () => {
    assert.ok(undone?.findings !== undefined, stderr.slice(-4000));
    assert.deepEqual(open(undone), []);
    assert.ok((between?.facts.length ?? 0) > 0, 'as of in between, the account is there');
    assert.ok(
      history?.versions.some(
        ({ validTo, supersededAt }) => validTo !== null && supersededAt === null,
      ),
    );
  });

  it('can be started again, and its log verifies', () => {
    assert.equal(verdict?.ok, true, JSON.stringify(verdict));
    assert.equal(status, 0, stderr.slice(-4000));
  });
});

function open(told: Told | undefined): Finding[] {
  return (told?.findings ?? []).filter(({ status }) => status === 'open');
}

/** `file:vm//etc/group` as `file:/etc/group`: the machine's name is not ours to know. */
function bare(entity: string): string {
  return entity.replace(/:[^/]+\//, ':');
}
