/**
 * The diagnosis of real hosts: nothing is called wrong that is not, and what is broken is named, each
 * time in one call. Commands run there as an account without rights, as the reader's do.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openChangeRoad, type RoadPorts } from '#execution';
import { nodeClock } from '#machine';
import { ASSISTANT, aChangeWorld, aProposal } from '#test/change-world';
import { shippedJudge } from '#test/commands';
import { type Fleet, type FleetHost, fleetUnavailable, startFleet } from '#test/fleet';

const skip = await fleetUnavailable();
/** What the machine below all containers says, and no host of its own: it is as busy as it is. */
const SHARED = /^- \w+ memory: |a filesystem is \d+ % full, .*: "\/"$/;

describe('a diagnosis of a host', { skip }, () => {
  let fleet: Fleet;
  let host: FleetHost;
  let hung: string | undefined;
  let ask: (
    action: string,
    args: Record<string, unknown>,
    targets?: string[],
  ) => Promise<{ output: string; wrong: string[]; unknown: string[]; ms: number }>;
  before(
    async () => {
      fleet = await startFleet({ hosts: 1 });
      host = fleet.host('web-1');
      await host.must([
        'sh',
        '-c',
        'id -u lab-reader >/dev/null 2>&1 || useradd --system --no-create-home --groups systemd-journal lab-reader; systemctl is-system-running --wait || true',
      ]);
      const world = await aChangeWorld();
      const readOn: RoadPorts['readOn'] = async (_target, argv, seconds) => {
        const judged = shippedJudge().judge(argv);
        assert.equal(judged.class, 'read', argv.join(' '));
        assert.deepEqual(judged.normalForm, argv);
        if (argv[0] === hung) return new Promise(() => {});
        const as = ['setpriv', '--reuid=lab-reader', '--regid=lab-reader', '--init-groups'];
        const env = ['env', '-i', 'LC_ALL=C', 'TZ=UTC', PATH, 'timeout', String(seconds)];
        const ran = await host.exec([...as, ...env, ...argv], { timeoutMs: 60_000 });
        const [stdout, stderr] = [Buffer.from(ran.stdout), Buffer.from(ran.stderr)];
        return { exit: ran.exit === 124 ? null : ran.exit, stdout, stderr, cut: ran.exit === 124 };
      };
      const ports = world.ports(world.begin().life);
      const road = openChangeRoad({ ...ports, clock: nodeClock(), readOn });
      ask = async (action, args, targets = ['host:web-1']) => {
        const started = performance.now();
        const proposal = aProposal({ action, targets, arguments: args as never });
        const view = await road.propose(ASSISTANT, proposal);
        assert.equal(view.state, 'closed', JSON.stringify(view.decision));
        const output = view.output ?? '';
        const lines = output.split('\n');
        return {
          output,
          wrong: lines.filter(
            (line) => /^- (?:critical|warning) /.test(line) && !SHARED.test(line),
          ),
          unknown: lines.slice(
            lines.indexOf('Not known, so not judged:') + 1 || lines.length,
            lines.findIndex((line) => line.startsWith('Nothing wrong seen in')),
          ),
          ms: performance.now() - started,
        };
      };
    },
    { timeout: 600_000 },
  );
  after(() => fleet?.[Symbol.asyncDispose]());

  it('names the one service that is broken on a healthy host, and nothing else', async (t) => {
    const { wrong, output, ms } = await ask('host.diagnose', {});
    t.diagnostic(`${Math.round(ms)} ms, ${output.length} characters`);
    if (process.env['HOLDFAST_SHOW'] !== undefined) process.stderr.write(`${output}\n`);
    assert.equal(wrong.length, 1, output);
    assert.match(wrong[0] ?? '', /critical services: .*"lab-broken\.service"/);
  });

  it('names a resolver and a web server that were stopped', async () => {
    await host.must(['systemctl', 'stop', 'unbound', 'nginx']);
    const { wrong, output } = await ask('host.diagnose', { checks: ['services', 'network'] });
    await host.must(['systemctl', 'start', 'unbound', 'nginx']);
    for (const what of [/does not run: "unbound\.service"/, /does not run: "nginx\.service"/])
      assert.ok(
        wrong.some((line) => what.test(line)),
        `${what}\n${output}`,
      );
    assert.ok(
      wrong.some((line) => /names are looked up at "127\.0\.0\.1"/.test(line)),
      output,
    );
  });

  it('names the disk that is full', async () => {
    await host.fault('disk-full');
    const { wrong, output } = await ask('host.diagnose', { checks: 'disk' });
    await host.fault('disk-ok');
    assert.ok(
      wrong.some((line) => /critical disk: .*"\/tmp"/.test(line)),
      output,
    );
  });

  it('names the clock that is wrong, by how much, ahead and behind', async () => {
    for (const [seconds, how] of [
      [3_600, 'ahead of'],
      [-3_600, 'behind'],
    ] as const) {
      await host.fault('clock', seconds);
      const { wrong, output } = await ask('host.diagnose', { checks: 'time' });
      await host.fault('heal');
      const found = /the clock is (\d+) seconds (ahead of|behind) ours/.exec(wrong[0] ?? '');
      assert.equal(found?.[2], how, output);
      assert.ok(Math.abs(Number(found?.[1]) - 3_600) < 30, output);
    }
  });

  it('tells how a service is, and what it said', async () => {
    const { output } = await ask('service.status', { unit: 'nginx.service' });
    assert.match(output, /nothing wrong seen/);
    assert.match(output, /"nginx\.service" is "active"/);
    assert.match(output, /^\| .*systemd\[1\]: Started nginx\.service/m);
  });

  it('reads logs of a unit by time and text, and of a file, and says what was left out', async () => {
    await host.must([
      'sh',
      '-c',
      'i=0; while [ $i -lt 40 ]; do logger -t lab "line $i (a.b)"; i=$((i+1)); done; journalctl --sync',
    ]);
    const told = await ask('logs.read', { since: '10m', grep: '(A.B)', lines: 10 });
    const lines = told.output.split('\n').filter((line) => line.startsWith('| '));
    assert.equal(lines.length, 10, told.output);
    assert.match(lines[9] ?? '', /line 39/);
    assert.match(lines[0] ?? '', /line 30/);
    assert.match(told.output, /only the newest 10 entries are shown/);
    const none = await ask('logs.read', { since: '10m', grep: 'a?b', lines: 10 });
    assert.match(none.output, /: 0 entries of the journal since "10m"/);
    await host.must(['sh', '-c', 'seq 1 200000 > /var/log/lab.log; chmod 644 /var/log/lab.log']);
    const file = await ask('logs.read', { file: '/var/log/lab.log', grep: '99999', lines: 5 });
    assert.match(file.output, /^\| 199999$/m);
    assert.match(file.output, /only the last 512 KiB of the file were looked at/);
    const missing = await ask('logs.read', { file: '/var/log/none.log' });
    assert.match(missing.output, /1 part not known/);
  });

  it('says what it cannot know when a command hangs, and never calls it well', {
    timeout: 120_000,
  }, async () => {
    hung = 'df';
    const { output, unknown, ms } = await ask('host.diagnose', { checks: 'disk,time' });
    hung = undefined;
    assert.ok(
      unknown.some((line) => line.startsWith('- disk: space and inodes')),
      output,
    );
    assert.doesNotMatch(output, /Nothing wrong seen in: .*disk/);
    assert.ok(ms < 50_000, `${ms}`);
  });
});

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
