import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Json } from '#base/json';
import { stateOf, taskFacts } from './facts.ts';
import { oneHost } from './inventory.ts';
import { type ReadReport, readReport } from './report.ts';
import { aReport, eventsOf, lines, START } from './samples.ts';

const TASKS = [
  { name: 'One', state: 'ok' },
  { name: 'Two', state: 'changed', diff: [{ title: '/etc/x', before: 'a\n', after: 'b\n' }] },
];

function problem(read: ReadReport): string {
  return 'problem' in read ? read.problem : 'none';
}

describe('the report of a check', () => {
  it('is read whole', () => {
    const read = readReport(aReport(TASKS), 'web-1');
    assert.ok('report' in read, problem(read));
    assert.deepEqual(read.report.tasks[1], {
      name: 'Two',
      at: 'site.yml:4',
      module: 'copy',
      state: 'changed',
      isHidden: false,
      diffs: [{ title: '/etc/x', before: 'a\n', after: 'b\n' }],
      isCut: false,
      message: '',
    });
    assert.equal(stateOf(read.report), 'changed');
  });

  it('is nothing clean where a line, its end or a word of it is missing', () => {
    const whole = Buffer.from(aReport(TASKS)).toString('utf8');
    for (let cut = 0; cut < whole.length; cut++)
      assert.notEqual(
        problem(readReport(Buffer.from(whole.slice(0, cut)), 'web-1')),
        'none',
        `${cut}`,
      );
    const events = eventsOf(TASKS);
    // A task that was begun and told no result of is left out by nobody but whoever cut the report.
    for (const without of events.keys()) {
      const rest = events.filter((_, index) => index !== without);
      const isQuiet = without === 1 || without === 2;
      if (!isQuiet)
        assert.notEqual(problem(readReport(lines(rest), 'web-1')), 'none', `${without}`);
    }
  });

  it('is refused where it speaks of another host, of a run, or in words that are not ours', () => {
    const cases: readonly (readonly [readonly Json[], RegExp])[] = [
      [eventsOf(TASKS, 'web-2'), /another host/],
      // Its counts are of our host, one of its results is not.
      [[...eventsOf(TASKS, 'web-2').slice(0, -1), ...eventsOf(TASKS).slice(-1)], /another host/],
      [[{ ...START, check: false }, ...eventsOf(TASKS).slice(1)], /not of a check/],
      [[{ ...START, version: 2 }, ...eventsOf(TASKS).slice(1)], /does not begin/],
      [[START, { event: 'end', stats: { 'web-2': {} } }], /counts another host/],
      [eventsOf([{ name: 'x', state: 'fine' }]), /no state of ours/],
      [eventsOf([{ name: 'x', diff: 'text' }]), /no list of differences/],
      [eventsOf([{ name: 'x', diff: [{ title: 'x', before: 1, after: 2 }] }]), /no object/],
      [[...eventsOf(TASKS).slice(0, -1), { event: 'more' }], /no end/],
      [[START, { event: 'note', id: 'x' }, ...eventsOf(TASKS).slice(1)], /kind that is not ours/],
      [[START, 'text', ...eventsOf(TASKS).slice(1)], /no object/],
    ];
    for (const [events, wanted] of cases)
      assert.match(problem(readReport(lines(events), 'web-1')), wanted);
    const noise = Buffer.concat([Buffer.from('[WARNING]: x\n'), aReport(TASKS)]);
    assert.match(problem(readReport(noise, 'web-1')), /no JSON of ours/);
  });

  it('is refused where its counts and its results are not of one run', () => {
    const counting = (change: Record<string, number>): Uint8Array => {
      const events = eventsOf([{ name: 'x' }]).map((event) => {
        const { stats } = event as { stats?: Record<string, Record<string, number>> };
        return stats === undefined
          ? event
          : { event: 'end', stats: { 'web-1': { ...stats['web-1'], ...change } } };
      });
      return lines(events as readonly Json[]);
    };
    for (const change of [{ unreachable: 1 }, { failures: 1 }, { changed: 2 }, { ok: -1 }])
      assert.notEqual(
        problem(readReport(counting(change), 'web-1')),
        'none',
        JSON.stringify(change),
      );
  });

  it('tells an unreachable host and a failed task apart from everything else', () => {
    const stateWith = (state: string): string => {
      const read = readReport(
        aReport([
          { name: 'a', state: 'changed' },
          { name: 'b', state },
        ]),
        'web-1',
      );
      return 'report' in read ? stateOf(read.report) : read.problem;
    };
    assert.equal(stateWith('failed'), 'failed');
    assert.equal(stateWith('unreachable'), 'unreachable');
    assert.equal(stateWith('ignored'), 'changed');
    const none = readReport(lines([START, { event: 'end', stats: {} }]), 'web-1');
    assert.equal('report' in none && stateOf(none.report), 'none');
  });

  it('is read or refused, and never fails, whatever it holds', () => {
    const whole = Buffer.from(aReport(TASKS));
    fc.assert(
      fc.property(
        fc.nat(whole.length),
        fc.nat(20),
        fc.uint8Array({ maxLength: 12 }),
        (at, cut, put) => {
          const bytes = Buffer.concat([whole.subarray(0, at), put, whole.subarray(at + cut)]);
          const read = readReport(bytes, 'web-1');
          if ('report' in read)
            taskFacts({ target: 'host:web-1', playbook: 'a/b.yml' }, read.report.tasks);
        },
      ),
      { numRuns: 600 },
    );
  });
});

describe('what an inventory says of a name', () => {
  const said = (inventory: Json): Uint8Array => Buffer.from(JSON.stringify(inventory));
  const one = (variables: Json, name = 'web-1'): string => {
    const found = oneHost(
      said({
        _meta: { hostvars: { 'web-1': variables } },
        all: { children: ['web'] },
        web: { hosts: ['web-1', 'bare'] },
      }),
      name,
    );
    return found.is === 'refused' ? found.why : found.is;
  };

  it('is one host, or why it is not', () => {
    assert.equal(one({}), 'host');
    assert.equal(one({}, 'bare'), 'host');
    assert.equal(one({ ansible_connection: 'ssh', ansible_host: '192.0.2.1' }), 'host');
    assert.equal(one({}, 'web-2'), 'absent');
    assert.match(one({}, 'web'), /name is that of a group/);
    for (const name of ['all', 'web-1,bare', 'web*', 'localhost', '~web', '', '__proto__'])
      assert.notEqual(one({}, name), 'host', name);
    assert.match(one({ ansible_connection: 'local' }), /ansible_connection is not ssh/);
    assert.match(one({ ansible_connection: '{{ x }}' }), /ansible_connection/);
    for (const address of ['localhost', '127.0.0.2', '::1', 7])
      assert.match(one({ ansible_host: address }), /machine Holdfast runs on/);
  });

  it('is refused in words of ours, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        assert.notEqual(oneHost(Buffer.from(text), 'web-1').is, 'host');
      }),
      { numRuns: 300 },
    );
  });
});
