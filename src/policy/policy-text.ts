/**
 * Policy files as text in, policies with their ids and lines out.
 *
 * Cedar's own parser cuts a file into its policies and reads the annotations; only lines are
 * counted here. A policy without `@id` and `@why` is refused: a decision could not name it.
 */
import type { DetailedError } from '@cedar-policy/cedar-wasm/nodejs';
import { REFUSALS, type Refusal } from '#model';
import { cedarModule } from './cedar-module.ts';
import type { Problem } from './faults.ts';

export type PolicyFile = { readonly path: string; readonly text: string };

export type PolicyRule = {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  /** One sentence for people. */
  readonly why: string;
  readonly code: Refusal | null;
  readonly file: string;
  readonly line: number;
  readonly text: string;
};

const ANNOTATIONS = ['id', 'why', 'code'];
const ID = /^[a-z0-9][a-z0-9.-]{0,63}$/;
/** What the program itself puts in the place of a policy's id. */
const OWN_IDS = /^(default-deny$|built-in)/;
const WHY_CHARS = 300;
const FILE_CHARS = 256 * 1024;

export function readPolicies(
  files: readonly PolicyFile[],
  problems: Problem[],
): readonly PolicyRule[] {
  const rules = new Map<string, PolicyRule>();
  for (const file of files) {
    for (const rule of readFile(file, problems)) {
      const first = rules.get(rule.id);
      if (first === undefined) rules.set(rule.id, rule);
      else
        problems.push({
          file: rule.file,
          line: rule.line,
          message: `duplicate @id ${JSON.stringify(rule.id)}: first given in ${first.file}:${first.line}`,
        });
    }
  }
  return [...rules.values()];
}

function readFile(file: PolicyFile, problems: Problem[]): PolicyRule[] {
  const say = (line: number, message: string): void => {
    problems.push({ file: file.path, line, message });
  };
  if (file.text.length > FILE_CHARS) {
    say(1, `the file is longer than ${FILE_CHARS} characters`);
    return [];
  }
  const { policySetTextToParts, policyToJson } = cedarModule();
  const parts = policySetTextToParts(file.text);
  if (parts.type !== 'success') {
    for (const error of parts.errors) say(lineAt(file.text, error), describe(error));
    return [];
  }
  if (parts.policy_templates.length > 0)
    say(1, 'templates (?principal, ?resource) are not accepted: write each policy out');
  const rules: PolicyRule[] = [];
  for (const { text, line } of located(file.text, parts.policies)) {
    const json = policyToJson(text);
    if (json.type !== 'success') {
      for (const error of json.errors) say(line + lineAt(text, error) - 1, describe(error));
      continue;
    }
    const { effect, annotations = {} } = json.json;
    const before = problems.length;
    for (const name of Object.keys(annotations))
      if (!ANNOTATIONS.includes(name))
        say(line, `unknown annotation @${name}: accepted are @id, @why and @code`);
    const { id = '', why = '', code } = annotations;
    if (!ID.test(id) || OWN_IDS.test(id))
      say(line, 'a policy needs @id("name") of lower-case letters, digits, dots and dashes');
    if (why.trim() === '' || why.length > WHY_CHARS || /[\p{C}\p{Zl}\p{Zp}]/u.test(why))
      say(
        line,
        `a policy needs @why("one sentence for people") of at most ${WHY_CHARS} characters`,
      );
    const refusal = REFUSALS.find((each) => each === code);
    if (code !== undefined && refusal === undefined)
      say(line, `@code ${JSON.stringify(code.slice(0, 64))} is no refusal code`);
    if (code !== undefined && effect === 'permit') say(line, '@code is for forbid only');
    if (problems.length === before)
      rules.push({ id, effect, why, code: refusal ?? null, file: file.path, line, text });
  }
  return rules;
}

/**
 * Each policy with its line, in the order of the file. Cedar gives them sorted by the names
 * policy0, policy1, policy10, …; what stands in a comment is not looked at.
 */
function located(
  text: string,
  parts: readonly string[],
): readonly { readonly text: string; readonly line: number }[] {
  const order = parts
    .map((_, i) => ({ i, name: `policy${i}` }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ i }, place) => ({ i, part: parts[place] ?? '' }))
    .toSorted((a, b) => a.i - b.i)
    .map(({ part }) => part);
  const bare = withoutComments(text);
  let from = 0;
  return order.map((part) => {
    const found = bare.indexOf(withoutComments(part), from);
    const at = found < 0 ? from : found;
    from = at + part.length;
    return { text: part, line: lineOf(text, at) };
  });
}

/** The same text, of the same length, with blanks in the place of comments. */
function withoutComments(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|\/\/[^\r\n]*/gs, (token) =>
    token.startsWith('"') ? token : ' '.repeat(token.length),
  );
}

function lineOf(text: string, at: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i >= 0 && i < at; i = text.indexOf('\n', i + 1)) line++;
  return line;
}

/** Cedar counts bytes of UTF-8. */
export function lineAt(text: string, error: DetailedError): number {
  const bytes = error.sourceLocations?.[0]?.start ?? 0;
  const before = new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, bytes));
  return lineOf(text, before.length);
}

export function describe(error: DetailedError): string {
  const label = error.sourceLocations?.[0]?.label;
  return [error.message, label, error.help]
    .filter((each) => each != null && each !== '')
    .join('; ');
}
