/**
 * The two ways to look at one machine agree: the collectors on the machine itself, and the same
 * collectors over what `host/snapshot.sh` (as an ordinary account) and `host/collect` (as root) print.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Json } from '#base/json';
import { canonicalJson } from '#base/json';
import { COLLECTORS, type Observed, observe, observeSnapshot } from '#collectors';
import { nodeClock, nodeMachineFiles, nodePrograms } from '#machine';
import { isVolatile, kindOf } from '#model';

const TARGET = 'host:here';
const clock = nodeClock();
const NOT_ROOT =
  process.geteuid?.() === 0 ? false : 'this test compares what root sees: run it as root';
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'] as const;

/** Where the two ways differ on purpose; each says why. Attributes that move by themselves are not compared. */
const NAMED_DIFFERENCES: readonly { readonly entity: RegExp; readonly because: string }[] = [
  {
    entity: /^authorized_key:.* type "[a-z0-9-]+-cert-v01@openssh\.com"/,
    because: 'of a certificate, ssh-keygen prints the fingerprint of the key it certifies',
  },
  {
    entity: /^sudo_rule:.{120,}…/,
    because: 'awk counts bytes where a name of more than 120 letters is cut',
  },
];

/** Kinds that an ordinary account can never see all of. */
const NEED_ROOT = ['user', 'port', 'file', 'sudo_rule', 'authorized_key', 'sshd_setting'];

async function local(): Promise<readonly Observed[]> {
  const machine = { files: nodeMachineFiles(), programs: nodePrograms(), clock };
  return observe({ target: TARGET, machine, collectors: COLLECTORS, clock });
}

const HOST = join(import.meta.dirname, '..', 'host');

async function printed(
  argv: readonly [string, ...string[]],
  stdin = new Uint8Array(),
): Promise<Uint8Array> {
  const run = { argv, stdin, timeoutMs: 60_000, maxBytes: 16 * 1024 * 1024 };
  const result = await nodePrograms().run(run);
  assert.equal(result.exit, 0, Buffer.from(result.stderr).toString());
  return result.stdout;
}

/** The script goes over standard input, as it goes to a host where nothing is installed. */
async function readAsNobody(): Promise<Uint8Array> {
  return printed([...NOBODY, 'sh', '-s'], await readFile(join(HOST, 'snapshot.sh')));
}

async function over(...parts: readonly Uint8Array[]): Promise<readonly Observed[]> {
  const bytes = Buffer.concat(parts);
  return observeSnapshot({ target: TARGET, bytes, collectors: COLLECTORS, clock });
}

function steady(looks: readonly Observed[]): Map<string, string> {
  const facts = looks.flatMap((look) => look.facts);
  return new Map(
    facts
      .filter(({ entity, attribute }) => !isVolatile(kindOf(entity), attribute))
      .map(({ entity, attribute, value }) => [
        `${entity} ${attribute}`,
        canonicalJson(value as Json),
      ]),
  );
}

function complete(looks: readonly Observed[]): Set<string> {
  return new Set(looks.flatMap((look) => look.complete));
}

/** Facts of `remote` that differ from what was there both before and after. */
function differences(
  before: ReadonlyMap<string, string>,
  remote: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const keys = new Set([...before.keys(), ...remote.keys()]);
  return [...keys].filter((key) => {
    if (before.get(key) !== after.get(key) || remote.get(key) === before.get(key)) return false;
    return !NAMED_DIFFERENCES.some(({ entity }) => entity.test(`${key} ${before.get(key) ?? ''}`));
  });
}

describe('a snapshot of this machine', { skip: NOT_ROOT, concurrency: false }, () => {
  const awks = ['mawk', 'gawk', 'busybox awk'];

  it('with what collect adds says the same as the collectors themselves', async () => {
    const before = await local();
    const reader = await readAsNobody();
    const root = await printed(['sh', join(HOST, 'collect')]);
    const remote = await over(reader, root);
    const after = await local();
    assert.deepEqual(differences(steady(before), steady(remote), steady(after)), []);
    for (const kind of complete(before))
      assert.ok(complete(remote).has(kind), `${kind} is partial`);
  });

  it('as an ordinary account is partial where root is needed, and never says what is not so', async () => {
    const before = await local();
    const remote = await over(await readAsNobody());
    const after = await local();
    const seen = steady(remote);
    const present = new Set(seen.keys());
    const wrong = differences(steady(before), seen, steady(after)).filter((key) =>
      present.has(key),
    );
    // Of the SSH server only what its files set is said then.
    assert.deepEqual(
      wrong.filter((key) => !key.startsWith('sshd_setting:')),
      [],
    );
    const whole = complete(remote);
    for (const kind of whole) {
      const missing = differences(steady(before), seen, steady(after)).filter(
        (key) => kindOf(key) === kind,
      );
      assert.deepEqual(missing, [], `${kind} says that it is complete`);
    }
    for (const kind of NEED_ROOT) {
      const some = [...steady(before).keys()].some((key) => kindOf(key) === kind);
      assert.ok(!some || !whole.has(kind), `${kind} cannot be complete`);
    }
  });

  for (const awk of awks) {
    it(`is the same under ${awk}`, async () => {
      const run = (script: string): Promise<Uint8Array> =>
        printed([
          'sh',
          '-c',
          'd=$(mktemp -d) && trap "rm -rf $d" EXIT && for f in snapshot.sh collect; do sed "s#^awk -v#$1 -v#" $3/$f >$d/$f; done && sh $d/$2',
          'sh',
          awk,
          script,
          HOST,
        ]);
      const before = await local();
      const remote = await over(await run('snapshot.sh'), await run('collect'));
      const after = await local();
      assert.deepEqual(differences(steady(before), steady(remote), steady(after)), []);
    });
  }
});
