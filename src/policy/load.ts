/** Policies, schema and settings in, an engine out; or every problem with its file and line. */
import { digestOf, sha256 } from '#base/digest';
import { Cedar, validatePolicies } from './cedar.ts';
import { CedarPolicyEngine, type Prepared, type Vocabulary } from './engine.ts';
import { invalidPolicy, type Problem } from './faults.ts';
import { type PolicyFile, readPolicies } from './policy-text.ts';
import { PROBE } from './probe.ts';
import type { Settings } from './settings.ts';

/** What comes with the program, under `policy/shipped`; an operator's own directory takes its place. */
export const SHIPPED_FILES = [
  'holdfast.cedarschema',
  'look.cedar',
  'propose.cedar',
  'act.cedar',
] as const;

/** Beside them: what `testPolicies` asks of the shipped set. */
export const SHIPPED_CASES = 'cases.yaml';

/**
 * What is shipped was validated and tried when it was committed (tests do, and hold these digests to the files),
 * so a start does not pay for it again.
 */
export const SHIPPED_CONTENT =
  'sha256:0e340c28d94ba4c772722f417b5dd83dbb031e8a0db317dce511206ec1aa90af';

export const SHIPPED_SCHEMA =
  'sha256:c40ffe13d9ab1b54c96c82b49ba7e64b0a3e9a2864a81e7b282fe72818481528';

/** SHA-256 over the texts, whatever they are called where they lie. */
export function contentOf(files: readonly PolicyFile[]): string {
  return digestOf(files.map(({ text }) => sha256(text)).toSorted());
}

const SCHEMA = '.cedarschema';
const POLICIES = '.cedar';

/**
 * Reads and validates a whole set, or throws `invalid-policy`: nothing of it is in force then, and
 * whoever asks is refused with `policy-unavailable`.
 */
export function loadPolicies(
  files: readonly PolicyFile[],
  settings: Settings,
  vocabulary: Vocabulary = { profiles: [], capabilities: [] },
): CedarPolicyEngine {
  const problems: Problem[] = [];
  const policies = files.filter(({ path }) => path.endsWith(POLICIES));
  const [schema, another] = files.filter(({ path }) => path.endsWith(SCHEMA));
  for (const { path } of files)
    if (!path.endsWith(POLICIES) && !path.endsWith(SCHEMA))
      problems.push({ file: path, line: 1, message: `is neither ${POLICIES} nor ${SCHEMA}` });
  if (another !== undefined)
    problems.push({ file: another.path, line: 1, message: 'is a second schema: keep one' });
  const isShipped =
    problems.length === 0 &&
    schema !== undefined &&
    contentOf([schema]) === SHIPPED_SCHEMA &&
    contentOf(files) === SHIPPED_CONTENT;
  const rules = isShipped ? [] : readPolicies(policies, problems);
  if (schema === undefined)
    problems.push({ file: 'holdfast.cedarschema', line: 1, message: 'is missing' });
  else if (!isShipped && rules.length === 0 && problems.length === 0)
    problems.push({ file: schema.path, line: 1, message: 'there is no policy beside it' });
  else if (!isShipped && problems.length === 0) validatePolicies(rules, schema, problems);
  if (problems.length > 0 || schema === undefined) throw invalidPolicy('the policies', problems);

  const text = digestOf(
    files.map(({ path, text: content }) => `${path} ${sha256(content)}`).toSorted(),
  );
  const prepare = (): Prepared => {
    const read = isShipped ? readPolicies(policies, []) : rules;
    return {
      rules: new Map(read.map((rule) => [rule.id, rule])),
      cedar: new Cedar(text, read, schema.text),
    };
  };
  const engine = new CedarPolicyEngine(
    digestOf({ policies: text, settings: settings.digest }),
    prepare,
    { mode: settings.mode, ceilings: settings.ceilings },
    vocabulary,
    isShipped,
  );
  // Such a set would deny everything: better said now.
  if (
    !isShipped &&
    (engine.decide(PROBE).because === 'policy-unavailable' ||
      engine.decideLook(PROBE.caller, PROBE.action.capability).because === 'policy-unavailable')
  )
    throw invalidPolicy('the policies', [
      {
        file: schema.path,
        line: 1,
        message:
          'an ordinary question cannot be decided: the schema is not that of this version, or a rule fails at run time',
      },
    ]);
  return engine;
}
