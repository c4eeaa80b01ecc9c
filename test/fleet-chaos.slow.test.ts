/**
 * A fleet that is observed again and again while hosts are killed, hung, slowed, cut off and given other keys:
 * the others do not notice, nobody is called well who is not, and nothing is left behind.
 *
 *   HOLDFAST_FLEET_HOSTS=20 HOLDFAST_FLEET_SECONDS=300 bin/holdfast-node --test test/fleet-chaos.slow.test.ts
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../lab/podman.ts';
import { anEnrolledFleet, type EnrolledFleet } from './support/enrolled-fleet.ts';
import { fleetUnavailable } from './support/fleet.ts';

const asked = process.env['HOLDFAST_FLEET_HOSTS'];
const skip = asked === undefined ? 'HOLDFAST_FLEET_HOSTS asks for it' : await fleetUnavailable();
const HOSTS = Number(asked ?? '6');
/** How long the faults last. */
const SECONDS = Number(process.env['HOLDFAST_FLEET_SECONDS'] ?? '75');
const STALE_SECONDS = HOSTS > 8 ? 180 : 60;
const MORE_MEMORY_MIB = 96;

type Row = {
  readonly target: string;
  readonly source: string;
  readonly kind: string;
  readonly status: string;
  readonly reason: string | null;
};

describe('hosts observed while some of them fail', { skip, timeout: 1_800_000 }, () => {
  let one: EnrolledFleet;
  before(
    async () => {
      one = await anEnrolledFleet({
        hosts: HOSTS,
        profile: `    staleAfter: ${STALE_SECONDS}s\n`,
      });
      await one.watch();
    },
    { timeout: 600_000 },
  );
  after(() => one?.[Symbol.asyncDispose]());

  const names = Array.from({ length: HOSTS }, (_, i) => `web-${i + 1}`);
  const [killed = '', hung = '', slow = '', cut = '', rekeyed = ''] = names;
  const gone = [killed, hung, cut, rekeyed];
  const others = names.filter((name) => !gone.includes(name));

  /** Coverage of what is looked at over ssh, of kinds that every host has. */
  const coverage = async (name: string): Promise<readonly Row[]> => {
    const rows: Row[] = [];
    for (const kind of ['service', 'package', 'port', 'mount']) {
      const asked = { target: `host:${name}`, kind, limit: 1 };
      rows.push(...(await one.ask<{ coverage: readonly Row[] }>('query_facts', asked)).coverage);
    }
    return rows;
  };
  const reach = async (name: string): Promise<{ state: string; reason: string }> => {
    const { facts } = await one.ask<{
      facts: readonly { attribute: string; value: unknown }[];
    }>('query_facts', { target: `host:${name}`, kind: 'host', limit: 50 });
    const value = (attribute: string): string => {
      const found = facts.find((fact) => fact.attribute === attribute)?.value;
      return typeof found === 'string' ? found : '';
    };
    return { state: value('reach.state'), reason: value('reach.reason') };
  };
  const isWell = async (name: string): Promise<boolean> => {
    const rows = await coverage(name);
    return (
      rows.some(({ status }) => status === 'complete') &&
      rows.every(({ status }) => status === 'complete' || status === 'partial') &&
      (await reach(name)).state === 'reachable'
    );
  };
  const until = async (
    what: string,
    holds: () => Promise<boolean>,
    seconds: number,
  ): Promise<void> => {
    for (const deadline = performance.now() + seconds * 1_000; performance.now() < deadline; ) {
      if (await holds()) return;
      await sleep(1_000);
    }
    throw new Error(`${what} within ${seconds} s`);
  };
  /** Every ssh that the service was seen to have. */
  const seen = new Set<string>();
  const sshAlive = (isOurs: (pid: string, parent: string) => boolean): readonly string[] =>
    execFileSync('ps', ['-eo', 'pid=,ppid=,comm='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([pid = '', parent = '', name]) => name === 'ssh' && isOurs(pid, parent))
      .map(([pid = '']) => pid);
  const sshOfService = (): number => {
    const now = sshAlive((_, parent) => Number(parent) === one.pid);
    for (const pid of now) seen.add(pid);
    return now.length;
  };
  const readersOn = async (name: string): Promise<number> =>
    Number((await one.host(name).exec(['pgrep', '-u', 'holdfast-reader', '-c'])).stdout.trim());
  const memoryMiB = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${one.pid}/status`, 'utf8'))?.[1]) / 1_024;

  it('sees all of them', async () => {
    await until(
      'all are seen',
      async () => (await Promise.all(names.map(isWell))).every(Boolean),
      40 + HOSTS * 15,
    );
  });

  it('goes on seeing the others, and calls nobody well who is not', async (t) => {
    const [memory, began] = [memoryMiB(), performance.now()];
    await one.host(killed).fault('kill');
    // A busy machine cannot always freeze a host at once.
    for (let tries = 1; ; tries++) {
      const trouble = await one
        .host(hung)
        .fault('hang')
        .catch((thrown: unknown) => thrown);
      if (trouble === undefined) break;
      if (tries === 5) throw new Error('it does not hang', { cause: trouble });
    }
    await one.host(slow).fault('slow', 200);
    await one.host(cut).fault('partition');
    await one.host(rekeyed).fault('rekey');
    // Kept connections outlive another key; whoever connects anew sees it.
    await one.host(rekeyed).exec(['pkill', '-f', 'sshd: holdfast']);
    const missed: string[] = [];
    let rounds = 0;
    let most = 0;
    const seconds = (): number => (performance.now() - began) / 1_000;
    while (seconds() < Math.max(SECONDS, STALE_SECONDS + 15)) {
      rounds++;
      most = Math.max(most, sshOfService());
      for (const name of others)
        if (!(await isWell(name)))
          missed.push(
            `${Math.round(seconds())} s: ${name}: ${JSON.stringify((await coverage(name)).filter(({ status }) => status !== 'complete').slice(0, 3))}`,
          );
      await sleep(3_000);
    }
    for (const name of gone) {
      const rows = await coverage(name);
      const { state, reason } = await reach(name);
      const complete = rows.filter(({ status }) => status === 'complete' || status === 'partial');
      t.diagnostic(
        `${name}: ${state} ${reason}; ${[...new Set(rows.map(({ status }) => status))].join(', ')}`,
      );
      // The host was last known as unreachable, and says so itself; nothing else of it counts as seen.
      assert.deepEqual(
        complete.filter(({ source }) => source !== 'collector.reach'),
        [],
        name,
      );
      assert.equal(state, 'unreachable', name);
    }
    assert.equal((await reach(rekeyed)).reason, 'host-key-changed');
    t.diagnostic(
      `${rounds} rounds, at most ${most} ssh processes, memory ${Math.round(memory)} -> ${Math.round(memoryMiB())} MiB`,
    );
    assert.deepEqual(missed, []);
    assert.ok(most <= HOSTS * 4, `${most} ssh processes`);
    assert.ok(memoryMiB() - memory < MORE_MEMORY_MIB, `${memory} -> ${memoryMiB()} MiB`);
  });

  it('sees all of them again, but the one with another key only when it is enrolled again', async () => {
    for (const name of names.filter((each) => each !== rekeyed)) await one.host(name).fault('heal');
    for (const name of [killed, hung, cut])
      await until(
        `${name} is seen again`,
        async () => {
          await one.observe(name).catch(() => {});
          return isWell(name);
        },
        120,
      );
    await one.observe(rekeyed);
    assert.deepEqual(await reach(rekeyed), { state: 'unreachable', reason: 'host-key-changed' });

    const { address } = one.host(rekeyed);
    const scanned = await run(['ssh-keyscan', '-t', 'ed25519,ecdsa', address]);
    const known = join(one.place, 'known_hosts');
    writeFileSync(known, scanned.stdout.replaceAll(`${address} `, `${rekeyed},${address} `));
    const config = join(one.place, 'ssh_config');
    writeFileSync(
      config,
      readFileSync(one.fleet.sshConfig, 'utf8').replaceAll(one.fleet.knownHosts, known),
    );
    await one.must(
      'enroll',
      rekeyed,
      '--ssh',
      rekeyed,
      '--ssh-config',
      config,
      '--again',
      '--yes',
      '--no-sign',
    );
    const { digestWords } = await one.ask<{ digestWords: string }>('enrolment_page');
    await one.must('enroll', '--sign', '--key', one.key, '--words', digestWords);
    await until(
      'the one with another key is seen again',
      async () => {
        await one.observe(rekeyed).catch(() => {});
        return isWell(rekeyed);
      },
      60,
    );
    assert.equal((await Promise.all(others.map(isWell))).every(Boolean), true);
  });

  it('leaves no process behind, here or there', async (t) => {
    sshOfService();
    await one.killAndStartAgain(async () => {
      assert.ok(seen.size > 0);
      await until(
        'ssh ends with the service',
        async () => sshAlive((pid) => seen.has(pid)).length === 0,
        30,
      );
      for (const name of names.filter((each) => each !== slow && each !== cut))
        await until(`readers of ${name} end`, async () => (await readersOn(name)) === 0, 60);
      // Who was not told that the other side went away waits for requests for a quarter of an hour more.
      for (const name of [slow, cut]) {
        const told = await one.host(name).exec(['pgrep', '-f', '-c', 'sshd: holdfast-reader']);
        assert.ok(Number(told.stdout.trim()) <= 1, `${name}: ${told.stdout.trim()} sessions`);
      }
    });
    t.diagnostic(`${seen.size} ssh processes were seen, none is left`);
  });
});
