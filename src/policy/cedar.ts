/**
 * Cedar, closed on every side. A forbid that fails at run time is skipped by Cedar and the answer
 * may then be "allow"; so an answer counts only when it is a success without a single error, with
 * the request checked against the schema. Everything else is `undefined`, and the caller denies.
 */
import type { Context, Entities, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import { cedarModule } from './cedar-module.ts';
import type { Problem } from './faults.ts';
import { describe, lineAt, type PolicyFile, type PolicyRule } from './policy-text.ts';

const CALLERS = ['Operator', 'Assistant', 'Service'];

export type CedarRequest = {
  readonly principal: TypeAndId;
  readonly action: 'propose' | 'act' | 'look';
  readonly resource: TypeAndId;
  readonly context: Context;
  readonly entities: Entities;
};

/** Empty reasons and not permitted: no rule spoke, which is Cedar's default deny. */
export type CedarAnswer = { readonly permitted: boolean; readonly reasons: readonly string[] };

/** Strict validation; warnings count, since a rule that can never apply is a rule somebody relies on. */
export function validatePolicies(
  rules: readonly PolicyRule[],
  schema: PolicyFile,
  problems: Problem[],
): void {
  const answer = cedarModule().validate({
    validationSettings: { mode: 'strict' },
    schema: schema.text,
    policies: { staticPolicies: staticPolicies(rules) },
  });
  if (answer.type !== 'success') {
    for (const error of answer.errors)
      problems.push({
        file: schema.path,
        line: lineAt(schema.text, error),
        message: describe(error),
      });
    return;
  }
  for (const { policyId, error } of [...answer.validationErrors, ...answer.validationWarnings]) {
    const rule = rules.find(({ id }) => id === policyId);
    problems.push({
      file: rule?.file ?? schema.path,
      line: (rule?.line ?? 1) + lineAt(rule?.text ?? '', error) - 1,
      message: `${policyId}: ${describe(error).replace(/^for policy `[^`]*`, /, '')}`,
    });
  }
  for (const error of answer.otherWarnings)
    problems.push({ file: schema.path, line: 1, message: describe(error) });
  for (const { id, file, line, text } of rules)
    if (namesCaller(text) && speaksOfLooks(text, schema.text))
      problems.push({
        file,
        line,
        message: `${id} names one caller, and a look is decided without a name: say action in [Action::"propose", Action::"act"], and take the lease away from whoever may not look`,
      });
}

/** What cannot be told counts as yes. */
function speaksOfLooks(policy: string, schema: string): boolean {
  const answer = cedarModule().getValidRequestEnvsPolicy(policy, schema);
  return answer.type !== 'success' || answer.actions.some((action) => action.includes('"look"'));
}

function namesCaller(policy: string): boolean {
  const answer = cedarModule().policyToJson(policy);
  const search = (value: unknown): boolean => {
    if (typeof value !== 'object' || value === null) return false;
    const { type, id } = value as { readonly type?: unknown; readonly id?: unknown };
    return (
      (typeof id === 'string' && CALLERS.includes(String(type))) ||
      Object.values(value).some(search)
    );
  };
  return answer.type !== 'success' || search(answer.json);
}

export class Cedar {
  readonly #name: string;

  /** `name` is the digest of rules and schema: Cedar keeps parsed sets by name, for the whole process. */
  constructor(name: string, rules: readonly PolicyRule[], schema: string) {
    this.#name = name;
    const { preparsePolicySet, preparseSchema } = cedarModule();
    const ready =
      preparseSchema(name, schema).type === 'success' &&
      preparsePolicySet(name, { staticPolicies: staticPolicies(rules) }).type === 'success';
    if (!ready) throw new TypeError('validated policies could not be prepared');
  }

  ask(request: CedarRequest): CedarAnswer | undefined {
    try {
      const answer = cedarModule().statefulIsAuthorized({
        principal: request.principal,
        action: { type: 'Action', id: request.action },
        resource: request.resource,
        context: request.context,
        entities: request.entities,
        preparsedSchemaName: this.#name,
        preparsedPolicySetId: this.#name,
        validateRequest: true,
      });
      if (answer.type !== 'success') return undefined;
      const { decision, diagnostics } = answer.response;
      if (diagnostics.errors.length > 0) return undefined;
      return { permitted: decision === 'allow', reasons: diagnostics.reason.toSorted() };
    } catch {
      return undefined;
    }
  }
}

/** A prototype-less record: an id like `__proto__` could never hide a policy. */
function staticPolicies(rules: readonly PolicyRule[]): Record<string, string> {
  const record: Record<string, string> = Object.create(null);
  for (const { id, text } of rules) record[id] = text;
  return record;
}
