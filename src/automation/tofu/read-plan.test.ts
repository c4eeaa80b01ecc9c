import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { attributeProblem, entityProblem } from '#model';
import { fieldsOf, resourceEntity } from '../fields.ts';
import { readPlan } from './read-plan.ts';
import { aChange, aPlan, aRefresh } from './samples.ts';

const RUNS = Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 150);

function read(more: Readonly<Record<string, Json>>): ReturnType<typeof readPlan> {
  return readPlan(JSON.stringify(aPlan(more)), 'key');
}

describe('a plan as it is told', () => {
  it('is read, or is a fault, whatever stands in it', () => {
    const places = (value: unknown, at: readonly string[] = []): (readonly string[])[] =>
      typeof value !== 'object' || value === null
        ? [at]
        : [at, ...Object.entries(value).flatMap(([name, each]) => places(each, [...at, name]))];
    const whole = {
      ...aPlan(),
      ...(aRefresh([aChange('a.b', { actions: ['update'] })]) as object),
    };
    fc.assert(
      fc.property(fc.constantFrom(...places(whole)), fc.jsonValue(), (at, put) => {
        const plan = structuredClone(whole) as Record<string, unknown>;
        let inner: Record<string, unknown> = plan;
        for (const name of at.slice(0, -1)) inner = inner[name] as Record<string, unknown>;
        const last = at.at(-1);
        if (last !== undefined) inner[last] = put;
        const text = JSON.stringify(last === undefined ? put : plan);
        try {
          for (const { address, fields } of readPlan(text, 'key').resources) {
            assert.equal(entityProblem(resourceEntity('edge', address)), undefined);
            for (const { attribute } of fields)
              assert.equal(attributeProblem(attribute), undefined);
          }
        } catch (thrown) {
          assert.ok(thrown instanceof Fault && thrown.code !== 'internal', String(thrown));
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('takes what nobody knows for the worst', () => {
    for (const [actions, action] of [
      [['delete', 'create'], 'replace'],
      [['create', 'delete'], 'replace'],
      [['forget'], 'delete'],
      [['explode'], 'replace'],
      ['create', 'replace'],
    ] as const) {
      const { changes } = read({
        resource_changes: [aChange('a.b', { actions: actions as Json })],
      });
      assert.equal(changes[0]?.action, action, JSON.stringify(actions));
    }
  });

  it('takes an action of a provider that it starts for something that destroys', () => {
    const address = 'action.aws_lambda_invoke.purge';
    const plain = read({ resource_changes: [aChange('a.b', { actions: ['update'] })] });
    const more = { action_invocations: [{ address, type: 'aws_lambda_invoke' }] };
    const seen = read({ resource_changes: [aChange('a.b', { actions: ['update'] })], ...more });
    assert.deepEqual(
      seen.changes.map(({ address: of, action }) => [of, action]),
      [
        ['a.b', 'update'],
        [address, 'replace'],
      ],
    );
    assert.notEqual(seen.basis, plain.basis);
    for (const odd of [{ action_invocations: {} }, { action_invocations: [1] }])
      assert.throws(() => read(odd as never), { code: 'plan-unreadable' });
  });

  it('is not whole where something of it is left for later', () => {
    for (const name of ['deferred_changes', 'deferred_action_invocations'])
      assert.throws(() => read({ [name]: [{}] }), { code: 'plan-unreadable' });
    assert.ok(read({ deferred_changes: [] }));
  });

  it('tells two numbers apart that a double cannot', () => {
    const text = (id: string): string =>
      JSON.stringify(
        aPlan({
          resource_changes: [
            aChange('a.b', { actions: ['update'], before: { id: 'ONE' }, after: { id: 'TWO' } }),
          ],
        }),
      )
        .replace('"ONE"', '9007199254740993')
        .replace('"TWO"', id);
    assert.equal(readPlan(text('9007199254740992'), 'key').changes[0]?.fields.length, 1);
    assert.equal(readPlan(text('9007199254740993'), 'key').changes[0]?.fields.length, 0);
  });

  it('takes a list of which a part is not known for not known', () => {
    const { changes } = read({
      resource_changes: [
        aChange('a.b', {
          actions: ['update'],
          before: { ips: ['1', '2'], name: 'a' },
          after: { ips: ['1'], name: 'a' },
          after_unknown: { ips: [false, true] },
        }),
      ],
    });
    assert.deepEqual(changes[0]?.fields, [
      { attribute: 'ips', before: ['1', '2'], after: null, isKnown: false },
    ]);
  });

  it('names fields so that no two are one', () => {
    const value = { 'a.b': 1, a: { b: 2 }, 'a%2Eb': 3, '*': 4, '': 5, 'x\u202e': 6, ' y ': 7 };
    const names = fieldsOf(value).map(({ attribute }) => attribute);
    assert.equal(new Set(names).size, names.length, names.join('\n'));
    for (const name of names) assert.equal(attributeProblem(name), undefined, name);
    const long = ['a', 'b'].map(
      (end) => fieldsOf({ [`${'n'.repeat(300)}${end}`]: 1 })[0]?.attribute,
    );
    assert.notEqual(long[0], long[1]);
    assert.ok((long[0]?.length ?? 999) <= 128);
  });
});
