/**
 * Arguments of a caller, held to the action's types and to what trusted sources report.
 *
 * What comes out has a value for every argument that is not optional, in the action's own order, and
 * nothing else.
 */
import type { Json, JsonObject } from '#base/json';
import { didYouMean, nearest, show } from '#base/nearest';
import type { ArgumentSpec, ArgumentValue, Contract } from './action.ts';
import { catalogueFault } from './faults.ts';
import { kindOfValue, valueProblem } from './grammar.ts';

/**
 * Names of the entities of one kind that trusted sources report now, on every target of the change,
 * without the target's name: `nginx.service`, `/etc/passwd`.
 */
export type KnownNames = (kind: string) => ReadonlySet<string>;

export type ParsedArguments = Readonly<Record<string, ArgumentValue>>;

const CANDIDATES = 5;
const SHOWN_PROBLEMS = 20;

/** Reads arguments, or throws `invalid-arguments` or `untyped-value`, saying what is expected. */
export function parseArguments(
  action: Pick<Contract, 'id' | 'arguments'>,
  given: JsonObject,
  known: KnownNames,
): ParsedArguments {
  const names = action.arguments.map((spec) => spec.name);
  const problems: string[] = Object.keys(given)
    .filter((name) => !names.includes(name))
    .map(
      (name) =>
        `${show(name)} is no argument of ${action.id}${didYouMean(name, names) || (names.length === 0 ? ': it has none' : `: it has ${names.join(', ')}`)}`,
    );
  const parsed: Record<string, ArgumentValue> = {};
  for (const spec of action.arguments) {
    const value = listed(spec, Object.hasOwn(given, spec.name) ? given[spec.name] : spec.fallback);
    if (value === null || value === undefined) {
      if (spec.optional === true) continue;
      problems.push(`${spec.name} is missing: ${spec.summary}`);
      continue;
    }
    const problem = valueProblem(spec, value);
    if (problem === undefined) parsed[spec.name] = value as ArgumentValue;
    else problems.push(`${spec.name} ${shown(spec, value)} ${problem}`);
  }
  if (problems.length > 0) {
    const told = problems.slice(0, SHOWN_PROBLEMS);
    throw catalogueFault(
      'invalid-arguments',
      `arguments are not valid: ${action.id}: ${told.join('; ')}. Correct them and propose again`,
      { facts: { action: action.id, problems: told } },
    );
  }
  for (const spec of action.arguments) refuseUnknown(action.id, spec, parsed[spec.name], known);
  return parsed;
}

/** Choices may be given as a list; a plan has them as one text. */
function listed(spec: ArgumentSpec, value: Json | undefined): Json | undefined {
  return spec.type === 'choices' && Array.isArray(value) ? value.join(',') : value;
}

/** A value that was copied from anywhere becomes an argument only as something that is known. */
function refuseUnknown(
  action: string,
  spec: ArgumentSpec,
  value: ArgumentValue | undefined,
  known: KnownNames,
): void {
  if (!spec.known || value === undefined) return;
  const text = String(value);
  const kind = kindOfValue(spec.type, text);
  if (kind === undefined) return;
  const names = known(kind);
  if (names.has(text)) return;
  // Near names come from a target: only those that could be meant are shown.
  const fit = [...names].filter((name) => valueProblem(spec, name) === undefined);
  const candidates = nearest(text, fit, CANDIDATES);
  throw catalogueFault(
    'untyped-value',
    `no trusted source reports this ${kind}: ${show(text)} for ${spec.name} of ${action}. ${candidates.length === 0 ? 'Look at what is there with query_facts' : `Near are ${candidates.join(', ')}`}`,
    { facts: { action, argument: spec.name, kind, candidates } },
  );
}

function shown(spec: ArgumentSpec, value: unknown): string {
  if (spec.secret || spec.type === 'text') return '(not shown)';
  return typeof value === 'string' ? show(value) : show(JSON.stringify(value) ?? typeof value);
}

/** Whether every value is one of a closed set: an enum, a number, or an entity that is known. */
export function hasClosedArguments(action: Pick<Contract, 'arguments'>): boolean {
  return action.arguments.every(
    ({ type, known }) =>
      known || type === 'enum' || type === 'choices' || type === 'number' || type === 'boolean',
  );
}
