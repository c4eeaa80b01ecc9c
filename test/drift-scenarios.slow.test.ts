/**
 * Drift on real hosts, from the blessing to the closed finding: declared by a baseline and by a repository, drifted by
 * hand, told once to whoever is told, explained, taken back by signed changes or accepted by a person, and answered
 * for as of every moment.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangeView } from '#execution';
import { firstProcess } from '../lab/hosts.ts';
import { anEnrolledFleet, type EnrolledFleet } from './support/enrolled-fleet.ts';
import { fleetUnavailable } from './support/fleet.ts';

const skip = await fleetUnavailable();
const UNIT = 'unbound.service';
const PROFILE = '/etc/profile';
const PARAMETER = 'net.ipv4.tcp_syncookies';
const PARAMETER_FILE = '/proc/sys/net/ipv4/tcp_syncookies';
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const DECLARATIONS = (repository: string): string => `version: 1
declarations:
  - { git: site, repository: ${repository}, branch: main }
findings:
  - { entity: "service:*", attribute: state.active, debounce: { seconds: 0, looks: 1 } }
`;
const SITE = `version: 1
for: { targets: ["host:web-1"] }
expect:
  - title: Half-open connections cannot fill the queue
    kernel_parameter:
      ${PARAMETER}: { value: "1" }
  - title: Nobody signs in as games
    user:
      games: { shell: /usr/sbin/nologin } # as it is installed
`;
const NOTICES = (port: number): string => `version: 1
notices:
  - name: hook
    webhook: { url: "http://127.0.0.1:${port}/hook", secretFile: keys/webhook }
    resolved: true
`;

type Finding = {
  readonly id: string;
  readonly target: string;
  readonly declared: string;
  readonly entity: string;
  readonly attribute: string;
  readonly severity: string;
  readonly status: string;
  readonly observed: unknown;
  readonly desired: unknown;
  readonly notBefore: string | null;
  readonly firstSeen: string;
};
type Delivery = {
  readonly id: string;
  readonly type: string;
  readonly entities: readonly string[];
  readonly isGenuine: boolean;
  readonly answered: number;
};
type Facts = { readonly facts: readonly { readonly attribute: string; readonly value: unknown }[] };
type Watched = { readonly finding: Finding; readonly was: string | null };

/** A receiver that is not there at first: what it did not take is sent again. */
class Receiver implements AsyncDisposable {
  readonly deliveries: Delivery[] = [];
  isAway = true;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const answered = this.isAway ? 503 : 204;
        this.deliveries.push({
          ...read(request.headers, Buffer.concat(chunks).toString()),
          answered,
        });
        response.writeHead(answered).end();
      });
    });
  }
  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }
  taken(type: string): readonly Delivery[] {
    return this.deliveries.filter((each) => each.type === type && each.answered === 204);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function read(headers: NodeJS.Dict<string | string[]>, body: string): Omit<Delivery, 'answered'> {
  const id = String(headers['webhook-id']);
  const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
  const signed = `${id}.${String(headers['webhook-timestamp'])}.${body}`;
  const wanted = Buffer.from(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
  const given = Buffer.from(String(headers['webhook-signature']));
  const { type, data } = JSON.parse(body) as {
    readonly type: string;
    readonly data: { readonly findings: readonly Finding[] };
  };
  return {
    id,
    type,
    entities: data.findings.map(({ entity }) => entity).toSorted(),
    isGenuine: given.length === wanted.length && timingSafeEqual(given, wanted),
  };
}

describe('drift of a fleet', { skip, timeout: 900_000 }, () => {
  const receiver = new Receiver();
  let one: EnrolledFleet;
  let repository = '';

  before(
    async () => {
      const port = await receiver.listen();
      one = await anEnrolledFleet({
        hosts: 2,
        prepare: async (made) => {
          repository = join(made.place, 'site');
          mkdirSync(repository);
          writeFileSync(join(repository, 'site.yaml'), SITE);
          git('init', '-q', '-b', 'main');
          git('add', '-A');
          git('commit', '-q', '-m', 'one');
          writeFileSync(join(made.home, 'declarations.yaml'), DECLARATIONS(repository));
          writeFileSync(join(made.home, 'notices.yaml'), NOTICES(port));
          writeFileSync(
            join(made.home, 'server.yaml'),
            `version: 1\negress: {allow: ["127.0.0.1:${port}"]}\n`,
          );
          writeFileSync(join(made.home, 'keys', 'webhook'), `${SECRET}\n`, { mode: 0o600 });
        },
      });
      for (const name of ['web-1', 'web-2']) {
        const { container } = one.host(name);
        // Parameters of the host's own network, which nothing outside of it sees.
        const door = [
          'nsenter',
          `--target=${await firstProcess({ container })}`,
          '--all',
          'sh',
          '-ec',
        ];
        const script = `mount --bind /proc/sys/net /proc/sys/net
          mount -o remount,bind,rw /proc/sys/net; echo 1 > ${PARAMETER_FILE}`;
        execFileSync(door[0] as string, [...door.slice(1), script]);
      }
    },
    { timeout: 300_000 },
  );
  after(async () => {
    await one?.[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
  });

  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', repository, '-c', 'user.name=a', '-c', 'user.email=a@x', ...args], {
      encoding: 'utf8',
    }).trim();
  const scan = async (status = 'open'): Promise<readonly Finding[]> =>
    (await one.ask<{ findings: readonly Finding[] }>('drift_scan', { status })).findings;
  const places = (findings: readonly Finding[]): string[] =>
    findings.map(({ declared, entity, attribute }) => `${declared} ${entity} ${attribute}`).sort();
  const until = async (what: string, isSo: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 600; tries++) {
      if (isSo()) return;
      await sleep(100);
    }
    assert.fail(`it does not come to be: ${what}: ${JSON.stringify(receiver.deliveries)}`);
  };
  const now = async (): Promise<string> =>
    (await one.ask<{ at: string }>('drift_changes', { since: '2026-01-01T00:00:00Z' })).at;

  it('S10: blessed, drifted, told, explained, taken back or accepted, and answered for', async (t) => {
    const began = performance.now();
    const step = (what: string): void =>
      t.diagnostic(`${Math.round((performance.now() - began) / 100) / 10} s: ${what}`);

    for (const name of ['web-1', 'web-2']) {
      await one.observe(name);
      await one.must('baseline', 'bless', name, '--kinds', 'service,file', '--reason', 'installed');
    }
    await one.signConfig();
    assert.deepEqual(places(await scan()), []);
    const blessed = await now();
    // From here on what opens is told.
    await one.watch();
    await until('the service begins to tell', () =>
      existsSync(join(one.home, 'notices', 'cursor.json')),
    );
    await one.killAndStartAgain();
    step('blessed and signed');

    const drifting = new Date().toISOString();
    await one.host('web-2').must(['systemctl', 'stop', UNIT]);
    await one
      .host('web-1')
      .must([
        'sh',
        '-ec',
        `chmod 0666 ${PROFILE}; echo 0 > ${PARAMETER_FILE}; usermod --shell /bin/false games`,
      ]);
    for (const name of ['web-1', 'web-2']) await one.observe(name);
    const drifted = await now();
    const open = await scan();
    const [passwd, profile, stopped, parameter, shell] = [
      'blessed file:web-1//etc/passwd sha256',
      `blessed file:web-1/${PROFILE} mode`,
      `blessed service:web-2/${UNIT} state.active`,
      `git kernel_parameter:web-1/${PARAMETER} value`,
      'git user:web-1/games shell',
    ] as const;
    assert.deepEqual(places(open), [passwd, profile, stopped, parameter, shell]);
    for (const { entity, notBefore, firstSeen } of open) {
      assert.ok(notBefore !== null && notBefore < drifting, `${entity}: ${notBefore}`);
      assert.ok(firstSeen > drifting && firstSeen <= drifted, `${entity}: ${firstSeen}`);
    }
    const id = (place: string): string => {
      const found = open.find((each) => places([each])[0] === place);
      assert.ok(found !== undefined, place);
      return found.id;
    };
    step('drifted, seen');

    // The receiver is not there, and the service dies: it is told all the same, and told once.
    await one.watch();
    await until('it is told', () => receiver.deliveries.length > 0);
    await one.killAndStartAgain();
    receiver.isAway = false;
    await one.watch();
    await until('it is told again', () => receiver.taken('finding.opened').length > 0);
    step('told');
    const watching = spawnWatch(one.home, blessed);

    const explained = await one.must<{
      cause: { verdict: string; person: unknown };
      wayBack: { ways: readonly { action: string }[] };
    }>('drift', 'explain', id(stopped));
    assert.deepEqual([explained.cause.verdict, explained.cause.person], ['unknown', null]);
    assert.deepEqual(
      explained.wayBack.ways.map(({ action }) => action),
      ['service.start@1'],
    );

    // Proposed, shown with its way back and what is verified, signed, run, verified, closed.
    const { changes, left } = await one.must<{
      changes: readonly ChangeView[];
      left: readonly { finding: string }[];
    }>('drift', 'converge', ...open.map((each) => each.id));
    assert.deepEqual(
      changes.map(({ action, targets, state }) => `${action} ${targets.join(' ')} ${state}`).sort(),
      [
        'file.permissions@1 host:web-1 previewed',
        'kernel.set@1 host:web-1 previewed',
        'service.start@1 host:web-2 previewed',
      ],
      JSON.stringify(changes),
    );
    assert.deepEqual(left.map(({ finding }) => finding).sort(), [id(passwd), id(shell)].sort());
    for (const { plan, action, changeId } of changes) {
      assert.ok((plan?.inverse?.length ?? 0) > 0, `${action}: ${JSON.stringify(plan)}`);
      const page = JSON.stringify(await one.ask<object>('approval_page', { changeId }));
      assert.match(page, /verif/i, page);
    }
    const isStopped = await one.host('web-2').exec(['systemctl', 'is-active', '--quiet', UNIT]);
    assert.notEqual(isStopped.exit, 0);
    step('proposed');
    const approve = async (ids: readonly string[]): Promise<void> => {
      for (const changeId of ids) {
        const { state, decision, outcome } = await one.approve(changeId);
        assert.equal(state, 'confirmed', JSON.stringify([decision, outcome]));
      }
    };
    // A host does one thing at a time; two hosts do not wait for each other.
    await Promise.all(
      ['host:web-1', 'host:web-2'].map((target) =>
        approve(
          changes.filter(({ targets }) => targets[0] === target).map(({ changeId }) => changeId),
        ),
      ),
    );
    step('signed, run, verified');
    const seen = `stat -c %a ${PROFILE}; cat ${PARAMETER_FILE}`;
    assert.equal(await one.host('web-1').must(['sh', '-c', seen]), '644\n1\n');
    await one.host('web-2').must(['systemctl', 'is-active', UNIT]);
    for (const name of ['web-1', 'web-2']) await one.observe(name);
    assert.deepEqual(places(await scan()), [passwd, shell]);
    const converged = await now();
    step('closed');

    // Each moment is answered for as it was.
    const asOf = async (moment: string): Promise<readonly unknown[]> =>
      (
        await one.must<Facts>(
          'query',
          `finding:${id(profile)}`,
          '--type',
          'drift',
          '--attribute',
          'status',
          '--as-of',
          moment,
          '--known-at',
          moment,
        )
      ).facts.map(({ value }) => value);
    assert.deepEqual(
      [await asOf(blessed), await asOf(drifted), await asOf(converged)],
      [[], ['open'], ['resolved']],
    );
    const resolved = (await scan('resolved')).find((each) => each.id === id(profile));
    assert.deepEqual([resolved?.observed, resolved?.desired], ['0666', '0644']);
    const { versions } = await one.must<{
      versions: readonly { value: unknown; supersededAt: string | null; validFrom: string }[];
    }>('history', `file:web-1/${PROFILE}`, 'mode');
    assert.deepEqual(
      versions
        .filter(({ supersededAt }) => supersededAt === null)
        .toSorted((a, b) => (a.validFrom < b.validFrom ? -1 : 1))
        .map(({ value }) => value),
      ['0644', '0666', '0644'],
    );
    const kept = changes.find(({ action }) => action.startsWith('file.permissions'));
    const after_ = await one.must<ChangeView>('changes', kept?.changeId ?? '');
    assert.deepEqual([after_.state, after_.reason.includes(id(profile))], ['confirmed', true]);

    // Accepted in place of taken back: one field moves, and nothing is changed until that is signed.
    const accepted = await one.must<{ baseline: { amended: number } }>(
      'drift',
      'accept',
      id(passwd),
      '--reason',
      'the shell of games is another now',
    );
    assert.equal(accepted.baseline.amended, 1);
    assert.deepEqual(places(await scan()), [shell]);
    const reload = (): Promise<ChangeView> =>
      one.ask<ChangeView>('run_action', {
        action: 'service.restart',
        targets: ['host:web-1'],
        args: { unit: UNIT },
        reason: 'does it run',
        dryRun: true,
      });
    const frozen = await reload();
    assert.equal(frozen.decision.because, 'config-unsigned', JSON.stringify(frozen.decision));
    await one.host('web-1').must(['chmod', '0600', PROFILE]);
    await one.observe('web-1');
    // The other fields of the same baseline still say what they said.
    assert.deepEqual(places(await scan()), [profile, shell]);
    await one.host('web-1').must(['chmod', '0644', PROFILE]);
    await one.observe('web-1');
    await one.signConfig();
    const free = await reload();
    assert.notEqual(free.decision.because, 'config-unsigned', JSON.stringify(free.decision));
    step('accepted');

    // Of a repository: a proposal on a branch, which a person merges.
    const proposal = await one.must<{ branch: string }>(
      'declarations',
      'accept',
      id(shell),
      '--reason',
      'false is as good',
    );
    assert.match(
      git('diff', 'main', proposal.branch),
      /^\+ {6}games: \{ shell: \/bin\/false \} # as it is installed$/m,
    );
    assert.deepEqual(places(await scan()), [shell]);
    git('merge', '-q', '--no-edit', proposal.branch);
    await one.must('observe', 'web-1');
    assert.deepEqual(places(await scan()), []);
    step('merged');

    const told = await watching();
    for (const place of [profile, parameter, stopped])
      for (const status of ['open', 'resolved'])
        assert.ok(
          told.some(({ finding }) => places([finding])[0] === place && finding.status === status),
          `drift watch did not tell ${status} of ${place}`,
        );
    await until('all is over', () =>
      receiver
        .taken('finding.resolved')
        .some(({ entities }) => entities.includes('user:web-1/games')),
    );
    assert.ok(receiver.deliveries.every(({ isGenuine }) => isGenuine));
    const [first, ...more] = receiver.taken('finding.opened');
    assert.deepEqual(first?.entities, [
      'file:web-1//etc/passwd',
      `file:web-1/${PROFILE}`,
      'user:web-1/games',
    ]);
    assert.ok(more.every(({ entities }) => entities.join() === `file:web-1/${PROFILE}`));
    const ids = receiver.deliveries
      .filter(({ answered }) => answered === 204)
      .map((each) => each.id);
    assert.equal(new Set(ids).size, ids.length, 'nothing that was taken is sent again');
    await one.must('verify');
    step('proved');
  });
});

/** `holdfast drift watch` of its own; answers what it told until it was asked, once it is stopped. */
function spawnWatch(home: string, since: string): () => Promise<readonly Watched[]> {
  const program = join(import.meta.dirname, '..', 'bin', 'holdfast');
  const argv = ['--home', home, '--json', 'drift', 'watch', '--for', '120', '--since', since];
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  return async () => {
    await sleep(2_000);
    child.kill('SIGTERM');
    if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Watched);
  };
}
