/**
 * `operators.yaml`: which person an operator is, and by which accounts the same person asks for changes. Four eyes
 * stand on it, so anything that is not understood is refused, and whoever is not in it is nobody known.
 */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, stringify } from 'yaml';
import { tryParseInstant } from '#base/time';
import { authorityFault } from './faults.ts';
import { isOperatorId, RECOVERY } from './signers.ts';

export type Operator = {
  readonly id: string;
  readonly name: string;
  /** Principals of the surfaces, as events name them: `root@local`. */
  readonly accounts: readonly string[];
  /** RFC 3339. */
  readonly since: string;
};
export type Operators = readonly Operator[];

const MAX_BYTES = 1_048_576;
const KEYS = ['id', 'name', 'accounts', 'since'] as const;

export function formatOperators(operators: Operators): string {
  const text = stringify({ version: 1, operators }, { lineWidth: 0 });
  // What cannot be read back was never a registry.
  parseOperators(text);
  return text;
}

/** Reads the registry, or throws `invalid-operators` with every problem as `file:line:column: …`. */
export function parseOperators(text: string, file = 'operators.yaml'): Operators {
  const lines = new LineCounter();
  const problems: string[] = [];
  const problem = (at: number, says: string): void => {
    const { line, col } = lines.linePos(at);
    problems.push(`${file}:${line}:${col}: ${says}`);
  };
  const operators =
    Buffer.byteLength(text) > MAX_BYTES
      ? [problem(0, `the file is larger than ${MAX_BYTES} bytes`)]
      : readAll(text, lines, problem);
  if (problems.length > 0) {
    throw authorityFault(
      'invalid-operators',
      `operators cannot be used: ${problems.slice(0, 20).join('; ')}. Mend the file; until then nothing is approved where four eyes are asked for`,
      { facts: { problems: problems.slice(0, 20) } },
    );
  }
  return operators.flatMap((operator) => operator ?? []);
}

/**
 * Whether an operator is the person by whom, or on whose behalf, something was asked.
 * `unknown`: one of the two is not in the registry; where four eyes are asked for, that refuses.
 */
export function samePerson(
  operators: Operators,
  operator: string,
  principal: string,
): 'same' | 'different' | 'unknown' {
  const approver = operators.find(({ id }) => id === operator);
  const asker = operators.find(
    ({ id, accounts }) => id === principal || accounts.includes(principal),
  );
  if (approver === undefined || asker === undefined) return 'unknown';
  return approver.id === asker.id ? 'same' : 'different';
}

type Problem = (at: number, says: string) => void;

function readAll(text: string, lines: LineCounter, problem: Problem): (Operator | undefined)[] {
  const document = parseDocument(text, {
    strict: true,
    version: '1.2',
    schema: 'core',
    merge: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  for (const error of [...document.errors, ...document.warnings]) {
    problem(error.pos[0], error.message);
  }
  const top = fields(document.contents, ['version', 'operators'], 0, problem);
  if (top === undefined) return [];
  if (scalarOf(top.get('version')) !== 1) problem(atOf(top.get('version')), 'version must be 1');
  const list = top.get('operators');
  if (!isSeq<Node>(list)) {
    problem(atOf(list), 'operators must be a list');
    return [];
  }
  const seen = new Map<string, string>();
  return list.items.map((node) => readOne(node, seen, problem));
}

function readOne(node: Node, seen: Map<string, string>, problem: Problem): Operator | undefined {
  const found = fields(node, KEYS, atOf(node), problem);
  if (found === undefined) return undefined;
  const say = (key: (typeof KEYS)[number], says: string): void => {
    problem(atOf(found.get(key) ?? node), `${key} ${says}`);
  };
  const once = (what: string, key: 'id' | 'accounts'): void => {
    if (seen.has(what)) say(key, `is one person's alone: ${JSON.stringify(what)} stands twice`);
    seen.set(what, what);
  };
  const id = scalarOf(found.get('id'));
  const name = scalarOf(found.get('name'));
  const since = scalarOf(found.get('since'));
  const accounts = listOf(found.get('accounts'));
  if (typeof id !== 'string' || !isOperatorId(id) || id === RECOVERY) {
    say('id', 'must be an operator id of the signers, and not the recovery key');
    return undefined;
  }
  once(id, 'id');
  if (typeof name !== 'string' || !/^[^\p{C}]{1,128}$/u.test(name)) say('name', 'must be a name');
  if (typeof since !== 'string' || tryParseInstant(since) === undefined) {
    say('since', 'must be an RFC 3339 time like "2026-01-31T09:30:00Z"');
  }
  const isList = accounts?.every((each) => typeof each === 'string' && /^[!-~]{1,128}$/.test(each));
  if (accounts === undefined || isList !== true) {
    say('accounts', 'must be a list of principals like root@local');
    return undefined;
  }
  const words = accounts.map(String);
  for (const account of words) once(account, 'accounts');
  return { id, name: String(name), accounts: words, since: String(since) };
}

/** The values of a map that has exactly these keys, each once. */
function fields(
  node: unknown,
  keys: readonly string[],
  at: number,
  problem: Problem,
): Map<string, Node> | undefined {
  if (!isMap<Node, Node>(node)) {
    problem(at, `here must stand a map of ${keys.join(', ')}`);
    return undefined;
  }
  const found = new Map<string, Node>();
  for (const { key, value } of node.items) {
    const word = String(scalarOf(key));
    if (!keys.includes(word)) problem(atOf(key), `${JSON.stringify(word)} is not known here`);
    if (value !== null) found.set(word, value);
  }
  for (const key of keys) if (!found.has(key)) problem(atOf(node), `${key} is missing`);
  return found;
}

function scalarOf(node: unknown): unknown {
  return isScalar(node) ? node.value : undefined;
}

function listOf(node: unknown): unknown[] | undefined {
  return isSeq(node) ? node.items.map(scalarOf) : undefined;
}

function atOf(node: unknown): number {
  const range = (node as Node | null | undefined)?.range;
  return range?.[0] ?? 0;
}
