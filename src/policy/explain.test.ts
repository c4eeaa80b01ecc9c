import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { canonicalJson, type Json } from '#base/json';
import { throwsFault } from '#test/throws-fault';
import { testPolicies } from './cases.ts';
import { explain, replay } from './explain.ts';
import { loadPolicies, SHIPPED_CASES } from './load.ts';
import type { PolicyQuestion } from './protocol.ts';
import { aQuestion, aTarget, shippedFiles } from './samples.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const engine = loadPolicies(shippedFiles(), { ...DEFAULT_SETTINGS, mode: 'open' });
const forbidden = loadPolicies(
  [
    ...shippedFiles(),
    {
      path: 'policy/own.cedar',
      text: '// ours\n@id("no-shop") @why("the shop is the shop team\'s")\nforbid (principal, action == Action::"propose", resource) when { resource has owner && resource.owner == "shop" };',
    },
  ],
  DEFAULT_SETTINGS,
);
const shop = aQuestion({ targets: [aTarget({ owner: 'shop' })] });

describe('the shipped cases', () => {
  const text = readFileSync(new URL(`shipped/${SHIPPED_CASES}`, import.meta.url), 'utf8');
  const file = { path: SHIPPED_CASES, text };

  it('get the answers they expect, whatever the mode of the settings', () => {
    const results = testPolicies(shippedFiles(), DEFAULT_SETTINGS, file);
    assert.ok(results.length >= 15);
    assert.deepEqual(
      results.filter(({ differs }) => differs !== null),
      [],
    );
  });

  it('name every shipped policy that decides about targets', () => {
    const unnamed = [...engine.rules.keys()].filter((id) => !text.includes(id));
    assert.deepEqual(unnamed, ['look-with-capability']);
  });

  it('say what differs, and where the case stands', () => {
    const results = testPolicies(shippedFiles(), DEFAULT_SETTINGS, {
      path: 'policy/cases.yaml',
      text: `version: 1
cases:
  - name: wrong verdict
    expect: { verdict: allow }
  - name: wrong reason
    expect: { verdict: needs-approval, because: tainted }
  - name: wrong policy
    expect: { verdict: needs-approval, policies: [tainted] }
`,
    });
    assert.deepEqual(
      results.map(({ line, differs }) => `${line}: ${differs}`),
      [
        '3: expected allow, got needs-approval, because policy, by needs-standing, propose-with-capability',
        '5: expected because tainted, got needs-approval, because policy, by needs-standing, propose-with-capability',
        '7: expected tainted to speak, got needs-approval, because policy, by needs-standing, propose-with-capability',
      ],
    );
  });

  it('are refused with their line when they cannot be read', async () => {
    const problemsOf = async (cases: string): Promise<string> => {
      const fault = await throwsFault(
        () => testPolicies(shippedFiles(), DEFAULT_SETTINGS, { path: 'c.yaml', text: cases }),
        'invalid-policy',
      );
      return (fault.facts.problems as readonly string[])[0] ?? '';
    };
    assert.match(
      await problemsOf('version: 1\ncases:\n  - nam: x'),
      /^c.yaml:3: unknown key "nam"/,
    );
    assert.match(
      await problemsOf('version: 1\ncases:\n  - name: x\n'),
      /^c.yaml:3: cases\[0\] needs name and expect/,
    );
    assert.match(await problemsOf('cases: []'), /version is missing/);
  });
});

describe('an explanation', () => {
  it('says what was asked, who spoke and where, and what would change it', () => {
    assert.deepEqual(explain(forbidden, shop), [
      'asked: service.reload@1 (T1) on host:web-1',
      'by: operator:ana, decided as operator, profile operator, over cli',
      'known: mode open; ceiling T3; clean session; no standing approval; no window open',
      "answer: deny, because policy-denied: the shop is the shop team's",
      'host:web-1: deny',
      '  may it be proposed: no',
      "    no-shop (forbid): the shop is the shop team's [policy/own.cedar:2]",
      '  may it run without an approval: was not asked, or could not be answered',
      '  whatever the policies say, at most needs-approval: nothing a person signed covers this without an approval [built-in-standing]',
      'what would change it:',
      '  no one thing alone: another rule, or several things',
    ]);
  });

  it('tries each thing that could be otherwise', () => {
    const tail = (question: PolicyQuestion): readonly string[] => {
      const lines = explain(forbidden, question);
      return lines.slice(lines.indexOf('what would change it:') + 1).map((line) => line.trim());
    };
    assert.deepEqual(tail(aQuestion()), [
      'inside a standing approval: allow',
      'with the signature of an operator',
    ]);
    assert.deepEqual(tail(aQuestion({ action: { tier: 'T3' } })), [
      'in the mode open: needs-approval',
    ]);
    assert.deepEqual(tail(aQuestion({ frozen: true })), ['without the freeze: needs-approval']);
    assert.deepEqual(tail(aQuestion({ caller: { capabilities: [] } })), [
      'with the capability of the action: needs-approval',
    ]);
    assert.deepEqual(
      tail(aQuestion({ caller: { tainted: true }, standing: { id: 'a', evenTainted: false } })),
      [
        'from a clean session, for a plan without the words of a target: allow',
        'inside a standing approval that says evenTainted: allow',
        'with the signature of an operator',
      ],
    );
  });
});

describe('a question', () => {
  it('is plain JSON, and is decided the same when it comes back', () => {
    const text = canonicalJson(shop as unknown as Json);
    assert.deepEqual(JSON.parse(text), shop);
    assert.deepEqual(forbidden.decide(JSON.parse(text) as PolicyQuestion), forbidden.decide(shop));
  });

  it('that was decided otherwise in the past is found', () => {
    const past = [
      { change: 'change-1', question: aQuestion(), decision: engine.decide(aQuestion()) },
      { change: 'change-2', question: shop, decision: engine.decide(shop) },
    ];
    assert.deepEqual(replay(engine, past), []);
    assert.deepEqual(
      replay(forbidden, past).map(({ change, before, after }) => [
        change,
        before.verdict,
        after.verdict,
        after.policies,
      ]),
      [['change-2', 'needs-approval', 'deny', ['no-shop']]],
    );
  });
});
