import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { throwsFault } from '#test/throws-fault';
import { loadPolicies } from './load.ts';
import type { PolicyFile } from './policy-text.ts';
import { shippedFiles } from './samples.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const GOOD = '@id("own") @why("a rule of our own")\n';

async function problems(...own: readonly PolicyFile[]): Promise<string> {
  return problemsOf([...shippedFiles(), ...own]);
}

async function problemsOf(files: readonly PolicyFile[]): Promise<string> {
  const fault = await throwsFault(() => loadPolicies(files, DEFAULT_SETTINGS), 'invalid-policy');
  assert.equal(fault.kind, 'invalid');
  return (fault.facts.problems as readonly string[]).join('\n');
}

const own = (text: string): PolicyFile => ({ path: 'own.cedar', text });

describe('a set of policies', () => {
  it('keeps the line of every policy, whatever stands in comments and texts', () => {
    const more = Array.from(
      { length: 12 },
      (_, i) =>
        `// @id("rule-${i}") permit (principal, action, resource);\n@id("rule-${i}")\n@why("says // \\" ${i}; é")\nforbid (principal, action == Action::"act", resource) when { context.mode == "// é" };\n`,
    ).join('\n');
    const { rules } = loadPolicies([...shippedFiles(), own(`// é\n${more}`)], DEFAULT_SETTINGS);
    assert.deepEqual(
      Array.from({ length: 12 }, (_, i) => rules.get(`rule-${i}`)?.line),
      Array.from({ length: 12 }, (_, i) => 3 + 5 * i),
    );
    assert.equal(rules.get('rule-11')?.why, 'says // " 11; é');
  });

  it('has one digest for the same content, and another for any other', () => {
    const digest = (files: readonly PolicyFile[], mode: 'open' | 'guarded' = 'guarded'): string =>
      loadPolicies(files, { ...DEFAULT_SETTINGS, mode, digest: `sha256:${mode}` }).digest;
    const first = digest(shippedFiles());
    assert.match(first, /^sha256:[0-9a-f]{64}$/);
    assert.equal(digest(shippedFiles().toReversed()), first);
    assert.notEqual(digest(shippedFiles(), 'open'), first);
    assert.notEqual(digest([...shippedFiles(), own('// nothing')]), first);
  });

  it('is refused with file and line when it does not hold', async () => {
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['permit (principal, action, resource)', /^own.cedar:1: unexpected end of input/],
      [
        '\n\n// é\npermit (principal, action, resource) when { 1 + };',
        /^own.cedar:4: unexpected token/,
      ],
      [
        'permit (principal, action == Action::"act", resource);',
        /^own.cedar:1: a policy needs @id/,
      ],
      [
        '@id("own") permit (principal, action == Action::"act", resource);',
        /own.cedar:1: a policy needs @why/,
      ],
      ['@id("default-deny") @why("x") permit (principal, action, resource);', /needs @id/],
      ['@id("built-in-x") @why("x") permit (principal, action, resource);', /needs @id/],
      ['@id("__proto__") @why("x") permit (principal, action, resource);', /needs @id/],
      [
        `${GOOD}permit (principal, action, resource);\n${GOOD}permit (principal, action, resource);`,
        /^own.cedar:3: duplicate @id "own": first given in own.cedar:1/,
      ],
      [
        '@id("mode") @why("x") permit (principal, action, resource);',
        /^own.cedar:1: duplicate @id "mode": first given in propose.cedar:8/,
      ],
      [`@wy("x") ${GOOD}permit (principal, action, resource);`, /unknown annotation @wy/],
      [
        `@code("nope") ${GOOD}forbid (principal, action, resource);`,
        /@code "nope" is no refusal code/,
      ],
      [`@code("frozen") ${GOOD}permit (principal, action, resource);`, /@code is for forbid only/],
      [`${GOOD}permit (principal == ?principal, action, resource);`, /own.cedar:1: templates/],
      [
        `${GOOD}forbid (principal, action == Action::"act", resource)\nwhen { resource.enviroment == "lab" };`,
        /^own.cedar:3: own: .*enviroment.*did you mean `environment`/,
      ],
      [
        `${GOOD}forbid (principal, action == Action::"act", resource) when { resource.owner == "x" };`,
        /^own.cedar:2: own: unable to guarantee safety of access to optional attribute/,
      ],
      [`${GOOD}forbid (principal, action == Action::"restart", resource);`, /Action::"restart"/],
      [`${GOOD}forbid (principal is Human, action, resource);`, /Human/],
      [
        `${GOOD}forbid (principal, action == Action::"act", resource) when { false };`,
        /^own.cedar:1: own: .*impossible/,
      ],
      [
        `${GOOD}forbid (principal, action, resource) when { context.frozen };`,
        /^own.cedar:2: own: attribute `frozen` .* not found/,
      ],
      [
        `${GOOD}forbid (principal == Operator::"mallory", action, resource);`,
        /^own.cedar:1: own names one caller, and a look is decided without a name/,
      ],
      [
        `${GOOD}forbid (principal, action == Action::"look", resource) when { [Operator::"mallory"].contains(principal) };`,
        /own names one caller/,
      ],
      [
        `${GOOD}forbid (principal, action == Action::"act", resource) when { context.action.version * 9223372036854775807 * 2 < 0 };`,
        /an ordinary question cannot be decided/,
      ],
    ];
    for (const [text, what] of wrong) assert.match(await problems(own(text)), what, text);
  });

  it('may speak of one caller where callers have names', () => {
    const text = `${GOOD}forbid (principal == Operator::"mallory", action in [Action::"propose", Action::"act"], resource);`;
    assert.ok(loadPolicies([...shippedFiles(), own(text)], DEFAULT_SETTINGS).rules.has('own'));
  });

  it('is refused when it is not whole', async () => {
    const schema = shippedFiles().filter(({ path }) => path.endsWith('.cedarschema'));
    const policies = shippedFiles().filter(({ path }) => path.endsWith('.cedar'));
    assert.match(await problemsOf([]), /holdfast.cedarschema:1: is missing/);
    assert.match(await problemsOf(policies), /holdfast.cedarschema:1: is missing/);
    assert.match(await problemsOf(schema), /there is no policy beside it/);
    assert.match(await problemsOf([...schema, { path: 'a.cedar', text: '// empty' }]), /no policy/);
    assert.match(await problems({ path: 'b.cedarschema', text: '' }), /is a second schema/);
    assert.match(await problems({ path: 'notes.txt', text: '' }), /notes.txt:1: is neither/);
    assert.match(await problems(own('x'.repeat(300_000))), /longer than/);
    assert.match(
      await problemsOf([
        ...policies,
        { path: 's.cedarschema', text: 'entity Target in [Nowhere];' },
      ]),
      /^s.cedarschema:1: /,
    );
  });

  it('is refused when its schema says other things than are asked', async () => {
    const changed = shippedFiles().map(({ path, text }) => ({
      path,
      text: text.replace('planTainted: Bool,', 'planTainted: Bool,\n  weather: String,'),
    }));
    assert.match(await problemsOf(changed), /an ordinary question cannot be decided/);
  });
});
