import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instant } from '#base/time';
import { buildCatalogue, parseActions } from '#catalogue';
import { type SimulatedPrograms, simulatedRehearsal } from '#test/simulated-rehearsal';
import { throwsFault } from '#test/throws-fault';
import type { Report } from './protocol.ts';
import { formatPublished, parsePublished, publish } from './published.ts';
import { contractTest } from './rehearse.ts';

type Toy = {
  readonly step?: string;
  readonly inverse?: string;
  readonly isIdempotent?: boolean;
  readonly more?: string;
  readonly effect?: string;
  readonly isBrief?: boolean;
  readonly leaves?: boolean;
};

const PROGRAMS: SimulatedPrograms = ([verb = '', key = '', value = ''], state) => {
  switch (verb) {
    case 'set':
      state.set(key, value);
      return 0;
    case 'append':
      state.set(key, `${state.get(key) ?? ''}${value}`);
      return 0;
    case 'is':
      return state.get(key) === value ? 0 : 1;
    case 'fails':
      state.set(key, value);
      return 1;
    default:
      return 0;
  }
};

/** An action of one or more steps that sets `unit` to `on`, as its contract says or not quite. */
async function tryOut(toy: Toy): Promise<Report> {
  const {
    step = '[set, unit, "on"]',
    inverse = '{ run: [set, unit, "off"], effect: Turns it off }',
    isIdempotent = true,
    more = '',
  } = toy;
  const text = `version: 1
actions:
  - id: service.toy
    version: 1
    summary: Turn it on
    family: service
    tier: T2
    sideEffect: ${toy.effect ?? 'state'}
    hostTypes: [debian]
    idempotent: ${isIdempotent}
    steps:
      - run: ${step}
        effect: Turns it on
        inverse: ${inverse}
${more}
    verify:
      probes:
        - run: [is, unit, "on"]
`;
  const actions = parseActions(text, 'toy.yaml', false);
  const [action] = actions;
  assert.ok(action !== undefined);
  const state = new Map([['unit', 'off']]);
  const host = simulatedRehearsal({ state, programs: PROGRAMS, facts: () => [] });
  const prepare = async (): Promise<void> => {
    state.clear();
    state.set('unit', 'off');
  };
  const trial = { name: 'toy', arguments: {}, prepare };
  return contractTest(action, host, [trial], buildCatalogue({ actions, runbooks: [] }));
}

const failedOf = ({ tries }: Report): string[] =>
  tries.filter(({ held }) => !held).map(({ name }) => name.replace('toy: ', ''));

describe('the contract test of an action', () => {
  it('passes one that keeps it', async () => {
    const report = await tryOut({});
    assert.deepEqual(failedOf(report), []);
    assert.equal(report.result, 'passed');
    assert.equal(report.tries.length, 4);
  });

  const SECOND = `      - run: [set, other, "on"]
        effect: Turns the other on
        inverse: { run: [set, other, "off"], effect: Turns the other off }`;
  const breaches: readonly (readonly [string, Toy, string])[] = [
    ['does not do it', { step: '[set, unit, maybe]' }, 'does it, and takes it back'],
    ['fails', { step: '[fails, unit, "on"]' }, 'does it, and takes it back'],
    [
      'is not taken back',
      { inverse: '{ run: [set, unit, gone], effect: x }' },
      'does it, and takes it back',
    ],
    [
      'cannot be taken back',
      { inverse: '{ run: [fails, unit, "off"], effect: x }' },
      'does it, and takes it back',
    ],
    [
      'has nothing to show for itself',
      { step: '[is, unit, "off"]', inverse: 'none' },
      'does it, and takes it back',
    ],
    [
      'says that it is idempotent and is not',
      {
        more: '      - run: [append, log, x]\n        effect: x\n        inverse: { run: [set, log, ""], effect: x }',
      },
      'does it twice',
    ],
    [
      'leaves something when it is killed',
      { more: SECOND.replace('"off"]', '"left"]') },
      'is killed in step 2 of 2',
    ],
    [
      'leaves what was done before a stop',
      { inverse: 'none', more: SECOND },
      'is stopped before step 2 of 2',
    ],
  ];
  for (const [what, toy, name] of breaches) {
    it(`fails one that ${what}`, async () => {
      const report = await tryOut(toy);
      assert.equal(report.result, 'failed');
      assert.ok(failedOf(report).includes(name), JSON.stringify(report.tries));
    });
  }

  it('fails an action that nobody tries', async () => {
    const [action] = parseActions(
      `version: 1
actions:
  - { id: service.x, version: 1, summary: Look, family: service, tier: T0, sideEffect: none, hostTypes: [debian], steps: [{ run: [is], effect: Looks }] }
`,
      'x.yaml',
      false,
    );
    assert.ok(action !== undefined);
    const host = simulatedRehearsal({ state: new Map(), programs: () => 0, facts: () => [] });
    const none = await contractTest(
      action,
      host,
      [],
      buildCatalogue({ actions: [action], runbooks: [] }),
    );
    assert.equal(none.result, 'failed');
  });
});

describe('publishing an action', () => {
  const at = instant('2026-03-01T12:00:00Z');

  it('records a passed test by the digest, to be read back', async () => {
    const published = publish(await tryOut({}), at);
    const { byDigest, unreadable } = parsePublished(formatPublished(published));
    assert.deepEqual(byDigest.get(published.digest), published);
    assert.deepEqual(unreadable, []);
  });

  it('is refused when a try failed, whatever the report calls itself', async () => {
    const failed = await tryOut({ step: '[set, unit, maybe]' });
    await throwsFault(() => publish(failed, at), 'contract-broken');
    await throwsFault(() => publish({ ...failed, result: 'passed' }, at), 'contract-broken');
    await throwsFault(
      () => publish({ ...failed, result: 'passed', tries: [] }, at),
      'contract-broken',
    );
  });

  it('makes nothing of lines that are torn or say something else, and tells which', async () => {
    const line = formatPublished(publish(await tryOut({}), at));
    const other = line.replace(/[0-9a-f]{64}/, 'b'.repeat(64));
    const text = [
      line.slice(0, 40),
      'null',
      '[]',
      other.replace('"passed"', '"failed"').trim(),
      other.replace('2026', '20x6').trim(),
      line.trim(),
      '',
    ].join('\n');
    const { byDigest, unreadable } = parsePublished(text);
    assert.equal(byDigest.size, 1);
    assert.deepEqual(unreadable, [1, 2, 3, 4, 5]);
  });
});
