/**
 * A backup of yesterday, and what went on after it: a change ran that only waited then, one that was under
 * way ended, and an operator was revoked. The backup is put back elsewhere with the real program. Nothing may run
 * twice, nothing that was spent or consented to may come back, and everybody who looks must be told.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { localAdapter } from '#adapters';
import { changeDocument, NAMESPACES, partDocument } from '#authority';
import { sha256 } from '#base/digest';
import { nodeMachineFiles, nodePrograms } from '#machine';
import type { Target } from '#model';
import { aKey, aPrivateKey } from '#samples/authority';
import {
  aChangeHome,
  approve,
  ask,
  type ChangeHome,
  mustOpen,
  PERSON,
  propose,
  TARGET,
  type View,
} from '#test/change-home';
import { holdfast } from '#test/holdfast';
import { opensshKey } from '#test/openssh-key';
import type { Service } from '../src/main/service.ts';

const KILLS = Number(process.env['HOLDFAST_KILLS'] ?? 6);
const PROGRAM = join(import.meta.dirname, '..', 'bin', 'holdfast');

/** Each run makes a file one byte longer: what runs twice is seen. */
const catalogue = (scratch: string, account: string): string =>
  `version: 1
actions:${['add', 'slow']
    .map(
      (name) => `
  - id: mark.${name}
    version: 1
    summary: Makes a mark
    family: mark
    capability: actions.change
    tier: ${name === 'add' ? 'T2' : 'T1'}
    sideEffect: state
    hostTypes: [linux]
    stabiliseSeconds: 0
    cooldownSeconds: 0
    arguments:
      round: { type: enum, values: [ran, waited, under-way, after], summary: Which one }
    steps:
      - run: [truncate, --size=+1, --, "${scratch}/{round}"]
        effect: Marks {round}
        runAs: ${account}
        inverse:
          run: [truncate, --size=-1, --, "${scratch}/{round}"]
          effect: Takes the mark back${
            name === 'add'
              ? ''
              : `
      - run: [sleep, "6"]
        effect: Waits
        runAs: ${account}
        inverse:
          run: ["true"]
          effect: Nothing`
          }
    verify:
      probes:
        - run: [test, -f, "${scratch}/{round}"]`,
    )
    .join('')}
`;

type Status = { status: string; restored?: string; keys: string[]; version: number };
type Verdict = {
  ok: boolean;
  log: { problems: { code: string; what: string }[]; notes: string[] };
};

describe('a backup of yesterday, put back elsewhere', { timeout: 180_000 }, () => {
  let home: ChangeHome;
  let other: string;
  let backup: string;
  let identity: string;
  let anchor: string;
  let waited: View;
  let slow: View;
  let standing: string;
  /** Signed for the host as it was. */
  let order: { readonly text: string; readonly part: string; readonly signature: string };
  const marks = (round: string): number =>
    existsSync(join(home.scratch, round)) ? statSync(join(home.scratch, round)).size : 0;

  before(async () => {
    home = await aChangeHome({ catalogue });
    other = join(home.scratch, 'other');
    backup = join(home.scratch, 'yesterday.age');
    identity = join(home.scratch, 'recovery');
    anchor = join(home.scratch, 'anchor');
    writeFileSync(identity, opensshKey(aPrivateKey('recovery')), { mode: 0o600 });
    writeFileSync(join(home.path, 'evidence.yaml'), `version: 1\nanchor: ${anchor}\n`, {
      mode: 0o600,
    });
    const service = await mustOpen(home.path);
    try {
      await sign(service, {
        kind: 'add-operator',
        id: 'bea',
        name: 'Bea',
        key: aKey('bea').line,
        accounts: [],
      });
      const ran = await propose(service, 'mark.add', { round: 'ran' });
      assert.equal((await approve(service, ran.changeId)).state, 'confirmed');
      standing = await consent(service);
      waited = await propose(service, 'mark.add', { round: 'waited' });
      slow = await propose(service, 'mark.slow', { round: 'under-way' });
      const running = approve(service, slow.changeId);
      while (marks('under-way') === 0) await sleep(20);

      await ask(service, 'backup', { path: backup });

      assert.equal((await running).state, 'confirmed');
      assert.equal((await approve(service, waited.changeId)).state, 'confirmed');
      await sign(service, { kind: 'revoke-operator', id: 'bea' });
    } finally {
      await service.close();
    }
    order = orderOf(home.path, waited.changeId);
    const { code, out, err } = await holdfast(other, ['restore', backup, '--identity', identity]);
    assert.equal(code, 0, out + err);
    for (const said of [
      'Restored into',
      'in force again: version',
      'bea: ssh-ed25519 SHA256:',
      'standing approvals revoked: 1',
    ])
      assert.ok(out.includes(said), `${said} is not in:\n${out}`);
  });
  after(() => home[Symbol.dispose]());

  it('is opened by age as well', { skip: spawnSync('age', ['--version']).status !== 0 }, () => {
    const tar = execFileSync('age', ['-d', '-i', identity, backup], { maxBuffer: 1 << 28 });
    const names = execFileSync('tar', ['t'], { input: tar, encoding: 'utf8' }).split('\n');
    for (const name of [
      'keys/log.pem',
      'keys/control-plane.pem',
      'store/facts.sqlite',
      'policy/settings.yaml',
    ])
      assert.ok(names.includes(name), name);
    assert.ok(!names.some((name) => name.startsWith('host/') || name.startsWith('run/')));
  });

  it('lets nothing come back that was under way, waited or was consented to', async () => {
    await using service = await mustOpen(other);
    const [then, now] = await Promise.all([
      ask<View>(service, 'get_change', { changeId: slow.changeId }),
      ask<View>(service, 'get_change', { changeId: waited.changeId }),
    ]);
    assert.deepEqual([then.state, then.outcome?.code], ['ambiguous', 'restored']);
    assert.deepEqual([now.state, now.outcome?.code], ['expired', 'restored']);
    const { standings } = await ask<{ standings: { id: string; state: string }[] }>(
      service,
      'standing_list',
    );
    assert.deepEqual(
      standings.map(({ id, state }) => [id, state]),
      [[standing, 'revoked']],
    );
    await assert.rejects(approve(service, waited.changeId));
    assert.deepEqual([marks('waited'), marks('under-way'), marks('ran')], [1, 1, 1]);
  });

  it('is read-only, says who may sign again, and a signature lifts it', async () => {
    await using service = await mustOpen(other);
    const before = await ask<Status>(service, 'config_status');
    assert.equal(before.status, 'restored');
    assert.ok(
      before.keys.some((line) => line.startsWith('bea: ')),
      before.keys.join('\n'),
    );
    for (const action of ['mark.add', 'mark.slow']) {
      const refused = await propose(service, action, { round: 'after' });
      assert.deepEqual([refused.state, refused.decision.because], ['refused', 'restored']);
    }
    assert.ok(!existsSync(join(other, 'host')), 'no host before somebody has looked');
    const says = await sign(service, { kind: 'revoke-operator', id: 'bea' });
    assert.ok(
      says.some((line) => line.startsWith('a backup was put back')),
      says.join('\n'),
    );
    assert.equal((await ask<Status>(service, 'config_status')).status, 'in-force');
    // What nobody knows the end of stands in the way until a person has looked.
    const early = await propose(service, 'mark.add', { round: 'after' });
    assert.equal(early.decision.because, 'too-many-at-once');
    await ask(service, 'change_close', { changeId: slow.changeId, reason: 'looked: it has ended' });
    const wanted = await propose(service, 'mark.add', { round: 'after' });
    assert.equal(wanted.state, 'previewed', JSON.stringify(wanted.decision));
    const done = await approve(service, wanted.changeId);
    assert.equal(done.state, 'confirmed', JSON.stringify(done.outcome));
    assert.equal(marks('after'), 1);
  });

  it('is another host, of the next epoch, that takes no order of the one before', async () => {
    const identityOf = (path: string): string =>
      readFileSync(join(path, 'host', 'identity'), 'utf8');
    const host = await hostOf(other);
    const { hostId, epoch } = await host.status();
    assert.equal(epoch, 2);
    assert.ok(!identityOf(home.path).includes(hostId));
    // As it was signed; then signed anew for the host as it was, and for this one in its first epoch.
    const refusals: string[] = [];
    const part = partDocument.parse(order.part);
    const current = seenBy(other);
    const signed: readonly (readonly [text: string, part: string, signature: string])[] = [
      [order.text, order.part, order.signature],
      ...[part, { ...part, target: hostId }].map((one) =>
        signedAnew(order.text, partDocument.format(one), current),
      ),
    ];
    for (const [text, each, signature] of signed) {
      const answer = await host.run({
        order: text,
        signatures: [signature],
        part: each,
        stdin: null,
        standing: null,
        nonce: partDocument.parse(each).nonce,
        timeoutSeconds: 60,
      });
      assert.equal(answer.verdict, 'refused');
      refusals.push(answer.verdict === 'refused' ? answer.code : '');
    }
    assert.ok(['checkpoint-fork', 'wrong-target'].includes(refusals[0] ?? ''), String(refusals[0]));
    assert.deepEqual(refusals.slice(1), ['wrong-target', 'wrong-epoch']);
    assert.equal(marks('waited'), 1);
  });

  it('is told by verify, and where more was seen elsewhere it says forked by a restore', async () => {
    const verify = async (): Promise<Verdict & { code: number | null }> => {
      const { code, out } = await holdfast(other, ['verify', '--json']);
      return { ...(JSON.parse(out) as Verdict), code };
    };
    const forked = await verify();
    assert.equal(forked.code, 8);
    assert.ok(forked.log.problems.length > 0);
    for (const { code, what } of forked.log.problems) {
      assert.match(code, /^anchor-(?:forked|ahead)$/);
      assert.match(what, /^forked by a restore: anchor file /);
    }
    // Looked at; from here on the log is anchored in a file of its own.
    writeFileSync(join(other, 'evidence.yaml'), `version: 1\nanchor: ${anchor}-2\n`, {
      mode: 0o600,
    });
    await (await mustOpen(other)).close();
    const sound = await verify();
    assert.equal(sound.code, 0, JSON.stringify(sound));
    assert.ok(sound.log.notes.some((note) => note.startsWith('restored from a backup of ')));
  });

  it(`is whole or not there when its restore is killed, ${KILLS} times`, async (test) => {
    const to = join(home.scratch, 'killed');
    const argv = ['--home', to, 'restore', backup, '--identity', identity];
    const began = performance.now();
    spawnSync(PROGRAM, ['--home', `${to}-first`, ...argv.slice(2)]);
    const took = performance.now() - began;
    let whole = 0;
    for (let n = 0; n < KILLS; n++) {
      // The first half is spent on starting the program.
      spawnSync(PROGRAM, argv, {
        timeout: Math.round(took * (0.4 + 0.9 * ((n + 0.5) / KILLS))),
        killSignal: 'SIGKILL',
      });
      if (!existsSync(to)) continue;
      whole++;
      assert.equal(statSync(to).mode & 0o777, 0o700);
      assert.ok(existsSync(join(to, 'restored')));
      const { code, out } = await holdfast(to, ['config', 'status']);
      assert.equal(code, 3, out);
      rmSync(to, { recursive: true });
    }
    test.diagnostic(`${whole} of ${KILLS} were whole`);
    const { code, out, err } = await holdfast(to, argv.slice(2));
    assert.equal(code, 0, out + err);
    assert.ok(!existsSync(join(home.scratch, '.killed.restoring')));
  });

  it('is found by the log that went on, in the file that both were anchored in', async () => {
    const { out } = await holdfast(home.path, ['verify', '--json']);
    const { log } = JSON.parse(out) as Verdict;
    assert.deepEqual([...new Set(log.problems.map(({ code }) => code))], ['anchor-forked']);
    assert.ok(!log.notes.some((note) => note.startsWith('restored')));
  });

  async function sign(
    service: Service,
    request: Record<string, unknown>,
  ): Promise<readonly string[]> {
    const page = await ask<{ order: string; namespace: string; says: string[] }>(
      service,
      'config_page',
      { request },
    );
    await ask(service, 'config_apply', {
      order: page.order,
      signatures: [aKey(PERSON).sign(page.namespace, page.order)],
    });
    return page.says;
  }

  async function consent(service: Service): Promise<string> {
    const page = await ask<{ order: string; namespace: string }>(service, 'standing_page', {
      action: 'mark.slow',
      targets: [TARGET],
      arguments: { round: ['ran'] },
      days: 1,
      window: 'always',
      budget: { runs: 1, perSeconds: 60 },
      cooldownSeconds: 0,
      evenTainted: false,
      reason: 'a test wants it',
    });
    const added = await ask<{ id: string }>(service, 'standing_add', {
      order: page.order,
      signatures: [aKey(PERSON).sign(page.namespace, page.order)],
    });
    return added.id;
  }
});

function hostOf(home: string): ReturnType<ReturnType<typeof localAdapter>['host']> {
  return localAdapter({
    programs: nodePrograms(),
    machineFiles: nodeMachineFiles(),
    script: join(import.meta.dirname, '..', 'host', 'holdfast-host'),
    directory: join(home, 'host'),
    uid: process.getuid?.() ?? -1,
  }).host({ transport: 'local' } as Target);
}

/** The newest checkpoint that the host was shown. */
function seenBy(home: string): { readonly size: number; readonly root: string } {
  const lines = readFileSync(join(home, 'host', 'witness'), 'utf8')
    .trim()
    .split('\n');
  const [size, root = ''] = (lines.at(-1) ?? '').split(' ');
  return { size: Number(size), root };
}

/** An order over one part, by somebody who may sign. */
function signedAnew(
  like: string,
  part: string,
  checkpoint: { readonly size: number; readonly root: string },
): readonly [text: string, part: string, signature: string] {
  const document = changeDocument.parse(like);
  const text = changeDocument.format({
    ...document,
    checkpoint: { ...document.checkpoint, ...checkpoint },
    parts: [sha256(part)],
  });
  return [text, part, aKey(PERSON).sign(NAMESPACES.change, text)];
}

function orderOf(
  home: string,
  change: string,
): { readonly text: string; readonly part: string; readonly signature: string } {
  using database = new DatabaseSync(join(home, 'store', 'facts.sqlite'), { readOnly: true });
  const row = database
    .prepare(
      `SELECT o.text, o.parts, a.signature FROM change_order o JOIN approval a
         ON a.change = o.change AND a.number = o.number WHERE o.change = ?`,
    )
    .get(change) as { text: string; parts: string; signature: string };
  const [part = ''] = JSON.parse(row.parts) as string[];
  return { text: row.text, part, signature: row.signature };
}
