import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadPolicies } from './load.ts';
import type { PolicyFile } from './policy-text.ts';
import { aQuestion, aTarget, shippedFiles } from './samples.ts';
import { DEFAULT_SETTINGS, type Settings } from './settings.ts';

const open: Settings = { ...DEFAULT_SETTINGS, mode: 'open' };
const engine = loadPolicies(shippedFiles(), open);
const withPolicy = (text: string): readonly PolicyFile[] => [
  ...shippedFiles(),
  { path: 'own.cedar', text },
];

describe('the policy engine', () => {
  it('names the policies that decided, and why', () => {
    assert.deepEqual(engine.decide(aQuestion({ caller: { ceiling: 'T0' } })), {
      verdict: 'deny',
      because: 'above-ceiling',
      says: 'the ceiling of this session does not go up to the tier of this action',
      policies: ['ceiling'],
    });
    assert.deepEqual(engine.decide(aQuestion({ caller: { capabilities: [] } })), {
      verdict: 'deny',
      because: 'not-permitted',
      says: 'no rule permits this',
      policies: ['default-deny'],
    });
    assert.deepEqual(engine.decide(aQuestion()).policies, [
      'needs-standing',
      'propose-with-capability',
    ]);
  });

  it('decides every target, and the worst answer wins with its reasons', () => {
    const targets = ['production', 'test', 'lab'].map((environment, i) =>
      aTarget({ id: `host:web-${i}`, environment: environment as 'test' }),
    );
    assert.deepEqual(
      engine.decide(aQuestion({ targets, action: { environments: ['lab', 'test'] } })),
      {
        verdict: 'deny',
        because: 'policy-denied',
        says: 'host:web-0: the action is not meant for the environment of this target',
        policies: ['environment'],
      },
    );
    assert.equal(engine.decide(aQuestion({ targets })).says.includes('host:'), false);
  });

  it('answers a look that was asked before as it did, and another one for itself', () => {
    const look = (capabilities: readonly string[], environment: 'lab' | 'test'): string =>
      engine.decide(
        aQuestion({
          action: { tier: 'T0', sideEffect: 'none' },
          caller: { capabilities },
          targets: [aTarget({ environment })],
        }),
      ).verdict;
    const held = aQuestion().caller.capabilities;
    for (let i = 0; i < 2; i += 1) {
      assert.equal(look(held, 'lab'), 'allow');
      assert.equal(look([], 'lab'), 'deny');
      assert.equal(look(held, 'test'), 'allow');
    }
  });

  it('refuses a question that names no target', () => {
    assert.equal(engine.decide(aQuestion({ targets: [] })).because, 'unknown-target');
  });

  it('lets the settings lower the mode and the ceilings, and never raise them', () => {
    const t2 = { tier: 'T2' } as const;
    const low = loadPolicies(shippedFiles(), {
      ...open,
      mode: 'guarded',
      ceilings: new Map([['observer', 'T1']]),
    });
    const because = (question: Parameters<typeof aQuestion>[0]): string =>
      low.decide(aQuestion(question)).because;
    assert.equal(because({ action: { tier: 'T3' } }), 'above-mode');
    assert.equal(because({ action: t2, caller: { profile: 'observer' } }), 'above-ceiling');
    assert.equal(because({ action: t2, caller: { profile: 'operator' } }), 'policy');
    assert.equal(because({ action: t2, mode: 'readonly' }), 'above-mode');
    assert.equal(because({ action: t2, caller: { ceiling: 'T1' } }), 'above-ceiling');
  });

  it('takes whoever asks over an MCP surface for an assistant', () => {
    const standing = { id: 'nightly', evenTainted: true };
    const ask = (surface: 'cli' | 'mcp-stdio' | 'mcp-http'): string =>
      engine.decide(
        aQuestion({ standing, inWindow: true, caller: { surface }, action: { tier: 'T2' } }),
      ).verdict;
    assert.deepEqual(
      [ask('cli'), ask('mcp-stdio'), ask('mcp-http')],
      ['allow', 'needs-approval', 'needs-approval'],
    );
  });
});

describe('what policies cannot open', () => {
  const standing = { id: 'nightly', evenTainted: false };
  const wide = loadPolicies(
    [
      ...shippedFiles().filter(({ path }) => !path.endsWith('.cedar')),
      {
        path: 'wide.cedar',
        text: '@id("all") @why("anything goes") permit (principal, action, resource);',
      },
    ],
    open,
  );

  it('is asked of every answer, however wide the policies are', () => {
    const decided = (question: Parameters<typeof aQuestion>[0]): unknown => {
      const { verdict, because, policies } = wide.decide(aQuestion(question));
      return `${verdict} ${because} ${policies.join()}`;
    };
    const assistant = { kind: 'assistant', surface: 'mcp-http' } as const;
    assert.equal(decided({ action: { tier: 'T0' } }), 'allow policy all');
    assert.equal(decided({ mode: 'readonly' }), 'deny above-mode built-in-mode');
    assert.equal(decided({ caller: { ceiling: 'T0' } }), 'deny above-ceiling built-in-ceiling');
    assert.equal(decided({}), 'needs-approval policy built-in-standing');
    assert.equal(decided({ standing }), 'allow policy all');
    assert.equal(
      decided({ standing, planTainted: true }),
      'needs-approval tainted built-in-tainted',
    );
    assert.equal(decided({ standing, caller: assistant }), 'allow policy all');
    assert.equal(
      decided({ standing, inWindow: true, action: { tier: 'T2' }, caller: assistant }),
      'needs-approval policy built-in-assistant',
    );
    assert.equal(
      decided({ standing, action: { tier: 'T3' } }),
      'needs-approval policy built-in-t3',
    );
    assert.equal(
      decided({ action: { tier: 'T3' }, targets: [aTarget(), aTarget({ id: 'host:web-2' })] }),
      'deny one-target-only built-in-one-target',
    );
  });
});

describe('what cannot be decided', () => {
  it('is denied when a rule fails at run time, although Cedar would allow it', () => {
    const failing = loadPolicies(
      withPolicy(
        '@id("overflow") @why("adds") forbid (principal, action == Action::"act", resource) when { context.action.version * 4611686018427387904 < 0 };',
      ),
      open,
    );
    const t0 = { action: { tier: 'T0', version: 2 } } as const;
    assert.equal(engine.decide(aQuestion(t0)).verdict, 'allow');
    assert.equal(failing.decide(aQuestion(t0)).because, 'policy-unavailable');
  });

  it('is denied when the question is not one', () => {
    const broken: unknown[] = [
      undefined,
      {},
      { ...aQuestion(), mode: 'wide-open' },
      { ...aQuestion(), inWindow: 'yes' },
      { ...aQuestion(), targets: [{}] },
      aQuestion({ action: { tier: 'T9' as 'T1' } }),
      aQuestion({ action: { version: 1.5 } }),
      aQuestion({ caller: { kind: 'root' as 'operator' } }),
      aQuestion({ caller: { ceiling: 'none' as 'T0' } }),
      aQuestion({ targets: [aTarget({ tags: 'web' as unknown as string[] })] }),
      aQuestion({ targets: [aTarget(), aTarget({ environment: null as unknown as 'lab' })] }),
    ];
    for (const question of broken) {
      const decision = engine.decide(question as ReturnType<typeof aQuestion>);
      assert.deepEqual(
        [decision.verdict, decision.because],
        ['deny', 'policy-unavailable'],
        JSON.stringify(question),
      );
    }
  });
});

describe('a look', () => {
  const compiled = loadPolicies(
    withPolicy(
      '@id("no-events-for-assistants") @why("assistants do not read the log") forbid (principal is Assistant, action == Action::"look", resource) when { context.capability == "events.read" };',
    ),
    open,
    { profiles: ['observer', 'operator'], capabilities: ['facts.read', 'events.read'] },
  );
  const caller = { kind: 'assistant', profile: 'observer' } as const;

  it('is decided by the capability and by the rules about looking', () => {
    const ask = (capabilities: readonly string[], capability: string): string =>
      compiled.decideLook({ ...caller, capabilities }, capability).policies.join();
    assert.equal(ask(['facts.read'], 'facts.read'), 'look-with-capability');
    assert.equal(ask(['facts.read'], 'events.read'), 'no-events-for-assistants');
    assert.equal(ask([], 'facts.read'), 'default-deny');
    assert.equal(ask(['events.read'], 'events.read'), 'no-events-for-assistants');
  });

  it('is decided in the same way when it was not compiled', () => {
    for (const held of [true, false])
      for (const capability of ['facts.read', 'events.read', 'x'])
        for (const kind of ['operator', 'assistant', 'service', 'root'] as const) {
          const who = { kind, profile: 'operator', capabilities: held ? [capability] : [] };
          const apart = { ...who, profile: 'nobody listed' };
          assert.deepEqual(
            compiled.decideLook(who as typeof who & { kind: 'operator' }, capability),
            compiled.decideLook(apart as typeof who & { kind: 'operator' }, capability),
          );
        }
  });
});
