/** From a change of drift to a message that was taken, over a death in between; and the work of schedules. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { silentLog } from '#base/log';
import type { Mail } from '#base/ports';
import { type Instant, parseInstant, shift } from '#base/time';
import type { EventInput } from '#evidence';
import type { Target } from '#model';
import type { Transition } from '#notices';
import { aTarget } from '#samples/policy';
import type { FactReader } from '#store';
import { SimulatedDisk } from '#test/simulated-files';
import { SimulatedNetwork } from '#test/simulated-poster';
import { NoticeKeeper, type NoticeNeeds } from './notice-keeper.ts';

const HOME = '/home';
const START = parseInstant('2026-03-01T12:00:00Z');
const YAML = `version: 1
schedules:
  - { name: hourly, do: scan, every: 1h }
  - { name: daily, do: report, every: 1d }
notices:
  - { name: hook, webhook: { url: "https://hooks.example/h", secretFile: keys/w }, reports: true }
  - name: mail
    mail: { host: mail.example, from: a@example.org, to: [b@example.org], user: u, passwordFile: keys/m }
`;
const OPENED = {
  was: null,
  finding: {
    id: 'finding_0123456789abcdef',
    scope: 'main/main',
    target: 'host:web-1',
    baseline: 'baseline_1',
    declared: 'blessed',
    entity: 'user:web-1/eve',
    attribute: '*',
    kind: 'unexpected',
    severity: 'critical',
    observed: {},
    desired: null,
    notBefore: null,
    firstSeen: START,
    lastSeen: START,
    looks: 1,
    status: 'open',
    owner: null,
    because: null,
    cause: null,
  },
} as const satisfies Pick<Transition, 'finding' | 'was'>;

// oxlint-disable-next-line typescript/explicit-module-boundary-types -- read off what it answers
function aWorld(yaml = YAML) {
  const disk = new SimulatedDisk(5);
  const network = new SimulatedNetwork();
  const state = {
    now: START as Instant,
    recorded: START as Instant,
    changes: [] as readonly (typeof OPENED)[],
    mails: [] as Mail[],
    mailFails: false,
    hooks: 0,
    jobs: [] as string[],
    events: [] as EventInput[],
    mode: 0o600,
  };
  network.place('https://hooks.example/', () => {
    state.hooks += 1;
    return { status: 204, headers: {}, body: new Uint8Array() };
  });
  const secrets: Readonly<Record<string, string>> = {
    '/home/keys/w': 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n',
    '/home/keys/m': 'secret\n',
  };
  const begin = (): NoticeKeeper => {
    const files = disk.start();
    return new NoticeKeeper({
      files,
      machineFiles: {
        stat: async () => ({
          kind: 'file',
          uid: 7,
          gid: 7,
          mode: state.mode,
          size: 1,
          modifiedAt: START,
        }),
        read: async (path: string) => Buffer.from(secrets[path] ?? ''),
      } as unknown as NoticeNeeds['machineFiles'],
      uid: 7,
      clock: { now: () => state.now, monotonicMs: () => 0, sleep: async () => {} },
      log: silentLog,
      poster: network,
      mailer: {
        send: async (mail) => {
          if (state.mailFails) throw new Fault('unavailable', 'mail-failed', 'not now');
          state.mails.push(mail);
        },
      },
      events: {
        append: (event: EventInput) => {
          state.events.push(event);
          return { written: Promise.resolve(), durable: Promise.resolve() };
        },
        size: 0,
        read: async () => [],
      } as unknown as NoticeNeeds['events'],
      origin: async () => 'https://holdfast.example.org',
      facts: () => ({ lastRecordedAt: () => state.recorded }) as unknown as FactReader,
      scopes: async () => ['main/main'],
      targets: async () => [aTarget({ id: 'host:a' }), aTarget({ id: 'host:b' })],
      changes: (_scopes, from, to) => (from < to ? state.changes : []),
      run: async (job, { name }, targets: readonly Target[]): Promise<Json> => {
        state.jobs.push(`${name} ${job} ${targets.map(({ id }) => id).join(',')}`);
        return job === 'report' ? { totals: {}, lines: ['2 targets'] } : null;
      },
      home: HOME,
      settingsFile: `${HOME}/notices.yaml`,
    });
  };
  const write = async (text: string): Promise<void> => {
    const files = disk.start();
    await files.makeDirectory(HOME);
    await files.replace(`${HOME}/notices.yaml`, Buffer.from(text));
  };
  return { begin, state, disk, write, ready: write(yaml) };
}

describe('notices', () => {
  it('begin with what changes from now on, reach each subscription once, and are on record', async () => {
    const { begin, state, ready } = aWorld();
    await ready;
    const keeper = begin();
    assert.equal(await keeper.collect(), 0, 'what is open already is no news');
    state.changes = [OPENED];
    state.recorded = shift(START, 10);
    assert.equal(await keeper.collect(), 2);
    assert.equal(await keeper.collect(), 0);
    assert.equal(await keeper.send(), 2);
    assert.equal(await keeper.send(), 0);
    assert.equal(state.hooks, 1);
    const [mail] = state.mails;
    assert.deepEqual(mail?.credentials, { user: 'u', password: 'secret' });
    assert.match(mail?.text ?? '', /user:web-1\/eve/);
    assert.match(
      mail?.text ?? '',
      /\nLook in the console: https:\/\/holdfast\.example\.org\/findings\/finding_0123456789abcdef\n$/,
    );
    assert.deepEqual(
      state.events.map(({ operation, outcome }) => `${operation} ${outcome}`),
      ['notice.sent done', 'notice.sent done'],
    );
    assert.doesNotMatch(JSON.stringify(state.events), /\/eve|secret/);
  });

  it('wait over a death, and for a server that does not take them', async () => {
    const { begin, state, ready } = aWorld();
    await ready;
    await begin().collect();
    state.changes = [OPENED];
    state.recorded = shift(START, 10);
    state.mailFails = true;
    await begin().collect();
    const next = begin();
    assert.equal(await next.send(), 1);
    assert.equal(await next.send(), 0, 'it waits before it tries again');
    state.mailFails = false;
    state.now = shift(START, 6_000_000);
    assert.equal(await begin().send(), 1);
    assert.equal(state.mails.length, 1);
  });

  it('use no secret that others may read, and no file that does not hold', async () => {
    const { begin, state, write, ready } = aWorld();
    await ready;
    const keeper = begin();
    await keeper.collect();
    state.changes = [OPENED];
    state.recorded = shift(START, 10);
    state.mode = 0o644;
    await keeper.collect();
    assert.equal(await keeper.send(), 0);
    assert.equal(state.hooks, 0);
    await write('version: 1\nnotices: [{ name: x }]\n');
    await assert.rejects(keeper.send(), { code: 'invalid-notices' });
  });
});

describe('schedules', () => {
  it('do their work for each target when it is due, and not again after a start', async () => {
    const { begin, state, ready } = aWorld();
    await ready;
    await begin().runDue();
    assert.deepEqual(state.jobs, ['hourly scan host:a,host:b', 'daily report host:a,host:b']);
    const again = begin();
    await again.runDue();
    assert.equal(state.jobs.length, 2);
    state.now = shift(START, 3_600_000_000);
    await again.runDue();
    assert.deepEqual(state.jobs.slice(2), ['hourly scan host:a,host:b']);
  });

  it('keep a report, and send it to who wants it', async () => {
    const { begin, state, disk, ready } = aWorld();
    await ready;
    const keeper = begin();
    await keeper.runDue();
    assert.equal(await keeper.send(), 1);
    assert.equal(state.hooks, 1);
    const kept = [...disk.stored.keys()].filter((path) =>
      path.startsWith(`${HOME}/reports/daily-`),
    );
    assert.equal(kept.length, 1);
  });
});
