/**
 * A disk that is really full, a small tmpfs: what changes a machine is refused because it could not
 * be told, what only looks is answered and says that it is not on record. Once there is room again
 * and the service has started anew, everything goes on and verifies.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { asFault } from '#base/fault';
import { aChangeHome, approve, ask, mustOpen, propose, TARGET, type View } from '#test/change-home';
import { OPERATOR } from '#test/world';

const place = mkdtempSync(join(tmpdir(), 'hf-full-'));
const noMount = mounted(place);

const catalogue = (scratch: string, account: string): string => `version: 1
actions:
  - id: mark.add
    version: 1
    summary: Makes a mark
    family: mark
    capability: actions.change
    tier: T2
    sideEffect: state
    hostTypes: [linux]
    stabiliseSeconds: 0
    cooldownSeconds: 0
    arguments:
      name: { type: name, summary: Which one }
    steps:
      - run: [mkdir, --, "${scratch}/{name}"]
        effect: Marks {name}
        runAs: ${account}
        inverse: { run: [rmdir, --, "${scratch}/{name}"], effect: Takes it away }
    verify:
      probes:
        - run: [test, -d, "${scratch}/{name}"]
`;

describe('a full disk', { skip: noMount }, () => {
  after(() => {
    if (noMount === false) execFileSync('umount', ['--lazy', place]);
    rmSync(place, { recursive: true, force: true });
  });

  it('refuses every change and answers every look, and says so', async () => {
    using home = await aChangeHome({ catalogue, under: place });
    let service = await mustOpen(home.path);
    const waiting = await propose(service, 'mark.add', { name: 'one' });
    assert.equal(waiting.state, 'previewed', waiting.decision.says);
    const filler = join(place, 'filler');
    fill(filler);

    for (let tries = 0; tries < 2; tries++) {
      const proposed = await propose(service, 'mark.add', { name: 'two' }).catch(asFault);
      assert.equal('code' in proposed && proposed.code, 'log-unwritable', JSON.stringify(proposed));
      // The page that is to be signed is kept first; the store finds the same full disk.
      const approved = await approve(service, waiting.changeId).catch(asFault);
      const code = 'code' in approved ? approved.code : JSON.stringify(approved);
      assert.match(code, /^(?:log-unwritable|commit-unknown)$/);
    }
    const look = await service.perform({
      operation: 'run_action',
      input: { action: 'disk.usage', targets: [TARGET], reason: 'is it full?' },
      caller: OPERATOR,
    });
    const seen = look.value as unknown as View & { readonly output: string };
    assert.equal(seen.state, 'closed', JSON.stringify(seen));
    assert.match(seen.output, /100%/);
    assert.match(seen.next, /not on record/);
    assert.match(look.notices.join(), /not on record/);
    const facts = await service.perform({
      operation: 'query_facts',
      input: { target: TARGET, limit: 1 },
      caller: OPERATOR,
    });
    assert.match(facts.notices.join(), /not on record/);
    assert.deepEqual(readdirSync(home.scratch), []);

    rmSync(filler);
    await service.close().catch(() => {});
    service = await mustOpen(home.path);
    const view = await ask<View>(service, 'get_change', { changeId: waiting.changeId });
    assert.equal(view.state, 'previewed', JSON.stringify(view));
    const done = await approve(service, waiting.changeId);
    assert.equal(done.state, 'confirmed', JSON.stringify(done.outcome));
    assert.deepEqual(readdirSync(home.scratch), ['one']);
    assert.equal((await ask<{ ok: boolean }>(service, 'verify_log')).ok, true);
    await service.close();
  });
});

/** `false`, or why nothing can be mounted here. */
function mounted(at: string): false | string {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m,mode=0700', 'tmpfs', at], {
      stdio: 'pipe',
    });
    return false;
  } catch {
    return 'only who may mount can have a small disk';
  }
}

function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (let bytes = 1 << 20; bytes >= 1; ) {
      try {
        writeSync(file, new Uint8Array(bytes));
      } catch {
        bytes = Math.floor(bytes / 2);
      }
    }
  } finally {
    closeSync(file);
  }
}
