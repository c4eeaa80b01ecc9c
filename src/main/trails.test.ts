import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HostReader, ReadAnswer } from '#adapters';
import { Fault } from '#base/fault';
import type { Clock } from '#base/ports';
import { type Instant, instant, shift } from '#base/time';
import { parseInventory } from '#inventory';
import type { Target } from '#model';
import type { TrailsTold } from '#operations';
import { journalLine, sudoMessage } from '#samples/attribution';
import { openMemoryStore } from '#store';
import { trailReader } from './trails.ts';

const NOW = instant('2026-11-21T13:00:00Z');
const AT = instant('2026-11-21T12:30:00Z');
const CLOCK: Clock = { now: () => NOW, monotonicMs: () => 0, sleep: async () => {} };
const WINDOW = { from: instant('2026-11-21T12:00:00Z'), until: NOW };
const INVENTORY = parseInventory(
  'version: 1\ntargets:\n  host:web-1:\n    hostType: debian\n',
  'fleet.yaml',
);
const TARGET = INVENTORY.targets[0] as Target;

type Answers = (
  argv: readonly string[],
) => string | { readonly stderr: string } | { readonly code: string };

async function told(answers: Answers, asked: string[] = []): Promise<TrailsTold> {
  const store = openMemoryStore();
  await store.write((transaction) => {
    transaction.record({
      id: 'obs_1',
      scope: TARGET.scope,
      target: TARGET.id,
      source: 'collector.local',
      type: 'observed',
      observedAt: WINDOW.from,
      recordedAt: WINDOW.from,
      complete: [],
      shortfalls: [],
      facts: [
        { entity: 'user:web-1/ops', attribute: 'uid', value: 1000 },
        { entity: 'user:web-1/www', attribute: 'uid', value: 33 },
        { entity: 'user:web-1/www-too', attribute: 'uid', value: 33 },
        { entity: 'host:web-1', attribute: 'timezone', value: 'Europe/Berlin' },
      ],
      actor: 'test',
      reason: null,
      sha256: '0'.repeat(64),
    });
  });
  const run = async (argv: readonly string[]): Promise<ReadAnswer> => {
    asked.push(argv.join(' '));
    const answer = argv[0] === 'date' ? answers(argv) || String(NOW / 1_000_000) : answers(argv);
    if (typeof answer !== 'string' && 'code' in answer)
      return { verdict: 'refused', code: answer.code as 'cannot-run' };
    const isText = typeof answer === 'string';
    return {
      verdict: 'ok',
      ended: 'exited',
      status: isText ? 0 : 1,
      ms: 1,
      stdout: Buffer.from(isText ? answer : ''),
      stderr: Buffer.from(isText ? '' : answer.stderr),
    };
  };
  const read = trailReader({
    fleet: { readerOf: async () => ({ run }) as unknown as HostReader },
    clock: CLOCK,
    store,
    inventory: async () => INVENTORY,
  });
  return read(TARGET, WINDOW);
}

const entry = (at: Instant): string =>
  journalLine('sudo', sudoMessage('ops', '/usr/bin/tee /etc/hosts'), {}, at);
const of = (argv: readonly string[]): string => `${argv[0]} ${argv.at(-1)}`;

describe('audit trails of a host', () => {
  it('are asked for in the window, and text that anybody may write is not needed beside the journal', async () => {
    const asked: string[] = [];
    const { events, trails, why } = await told(
      (argv) =>
        argv[0] === 'journalctl' ? entry(AT) : argv[0] === 'date' ? '' : { stderr: 'No such file' },
      asked,
    );
    assert.deepEqual(
      events.map(({ account, at }) => [account, at]),
      [['ops', AT]],
    );
    assert.deepEqual(trails, [
      { trail: 'journal', status: 'read' },
      { trail: 'audit.log', status: 'absent' },
      { trail: 'dpkg.log', status: 'absent' },
      { trail: 'apt history', status: 'absent' },
    ]);
    assert.equal(why, null);
    assert.ok(
      asked.some((line) => line.includes('--since=@1795262400 --until=@1795266001')),
      asked.join('\n'),
    );
    assert.ok(!asked.some((line) => line.includes('auth.log')));
  });

  it('are refused where the account sees only its own, and then text is read', async () => {
    const { events, trails, why } = await told((argv) => {
      switch (of(argv)) {
        case 'tail /var/log/auth.log':
          return `Nov 21 13:30:00 web-1 sudo: ${sudoMessage('ops', '/usr/bin/tee /etc/hosts')}\n`;
        case 'tail /var/log/audit/audit.log':
          return { stderr: 'tail: cannot open: Permission denied' };
        default:
          return argv[0] === 'journalctl'
            ? { stderr: 'Hint: You are currently not seeing messages from other users' }
            : argv[0] === 'date'
              ? ''
              : { code: 'cannot-run' };
      }
    });
    // In the zone of the host, an hour ahead.
    assert.deepEqual(
      events.map(({ at, forgeable }) => [at, forgeable]),
      [[AT, true]],
    );
    assert.deepEqual(
      trails.map(({ trail, status }) => `${trail} ${status}`),
      [
        'journal refused',
        'auth.log read',
        'audit.log refused',
        'dpkg.log absent',
        'apt history absent',
      ],
    );
    assert.match(why ?? '', /adm/);
  });

  it('are read by the clock of the host, and told by ours', async () => {
    const ahead = 7_200_000_000;
    const { events } = await told((argv) =>
      argv[0] === 'date'
        ? String((NOW + ahead) / 1_000_000)
        : argv[0] === 'journalctl'
          ? `${entry(shift(AT, ahead))}\n${entry(AT)}`
          : { code: 'cannot-run' },
    );
    assert.deepEqual(
      events.map(({ at }) => at),
      [AT],
    );
  });

  it('say from when on they hold, where what was before is not there', async () => {
    const { trails } = await told((argv) => {
      const day = argv.at(-1)?.endsWith('.1') === true ? '13:10:00' : '13:20:00';
      return of(argv).startsWith('tail /var/log/dpkg.log')
        ? `2026-11-21 ${day} upgrade curl:amd64 1 2\n`
        : argv[0] === 'date'
          ? ''
          : { code: 'cannot-run' };
    });
    assert.deepEqual(trails.slice(3, 5), [
      { trail: 'dpkg.log', status: 'read' },
      { trail: 'dpkg.log before 2026-11-21T12:10:00.000000Z', status: 'absent' },
    ]);
  });

  it('of a host that cannot be reached are refused, and never a fault', async () => {
    const store = openMemoryStore();
    const read = trailReader({
      fleet: {
        readerOf: async () => {
          throw new Fault('unavailable', 'not-enrolled', 'the target is not enrolled');
        },
      },
      clock: CLOCK,
      store,
      inventory: async () => INVENTORY,
    });
    const { trails, why } = await read(TARGET, WINDOW);
    assert.ok(trails.length > 0 && trails.every(({ status }) => status === 'refused'));
    assert.match(why ?? '', /not-enrolled/);
  });
});
