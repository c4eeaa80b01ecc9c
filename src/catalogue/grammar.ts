/**
 * The grammar of every type of argument: strict ASCII sets with lengths.
 *
 * One promise holds for all that may stand in an argv: the text is not empty and does not begin
 * with `-`, so a value never becomes an option, whatever program reads it.
 */
import type { ArgumentSpec, ArgumentType } from './action.ts';

/** Suffixes of units, after systemd.unit(5). */
export const UNIT_SUFFIXES = [
  'service',
  'socket',
  'timer',
  'path',
  'mount',
  'automount',
  'swap',
  'target',
  'slice',
  'scope',
  'device',
] as const;

export const TEXT_CHARS = 262_144;
const PATH_CHARS = 1_024;
const SEGMENT_CHARS = 255;

// Unit names after systemd.unit(5), without a leading "-" and with "\" only as it escapes a byte.
const UNIT =
  /^(?!-)(?:[A-Za-z0-9:_.@-]|\\x[0-9a-f]{2})+\.(service|socket|timer|path|mount|automount|swap|target|slice|scope|device)$/;
const CONTAINER = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
// apt reads a "-" at the end as "remove"; an architecture follows a colon.
const PACKAGE = /^[A-Za-z0-9](?:[A-Za-z0-9+._-]{0,126}[A-Za-z0-9+._])?(?::[a-z0-9]{1,16})?$/;
const VERSION = /^[A-Za-z0-9](?:[A-Za-z0-9.+:~_-]{0,126}[A-Za-z0-9])?$/;
const ACCOUNT = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;
const NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,126}[A-Za-z0-9_])?$/;
// Below a root, and nothing that a tool could read as an option or a list.
const PLAYBOOK = /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\/){0,10}[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;
// By digest (OCI Image Specification), so that what was approved is what is installed, whatever its tag means by then.
const IMAGE =
  /^[a-z0-9](?:[a-z0-9.-]{0,100}[a-z0-9])?(?::[0-9]{1,5})?(?:\/[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?){1,8}(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?@sha256:[0-9a-f]{64}$/;
const SEGMENT = /^[A-Za-z0-9._@%+=:,~-]+$/;

/** Types that name an entity; the kind it has in the fact store. */
export function kindOfValue(type: ArgumentType, value: string): string | undefined {
  switch (type) {
    case 'unit':
      if (value.endsWith('.service')) return 'service';
      return value.endsWith('.timer') ? 'timer' : 'unit';
    case 'container':
    case 'package':
    case 'process':
    case 'certificate':
    case 'playbook':
      return type;
    case 'account':
      return 'user';
    case 'path':
      return 'file';
    case 'name':
    case 'enum':
    case 'number':
    case 'version':
    case 'image':
    case 'text':
    case 'boolean':
    case 'choices':
      return undefined;
  }
}

export function isEntityType(type: ArgumentType): boolean {
  return kindOfValue(type, '') !== undefined;
}

/** May stand in an argv word. */
export function isWordType(type: ArgumentType): boolean {
  return type !== 'text' && type !== 'boolean';
}

/** Its values begin with `/` or a digit, or were written by the author of the action. */
export function hasSafeStart(type: ArgumentType): boolean {
  return (
    type === 'path' ||
    type === 'certificate' ||
    type === 'number' ||
    type === 'process' ||
    type === 'enum' ||
    type === 'choices'
  );
}

/** Why `value` is not of this argument, or `undefined`. Says what is expected. */
export function valueProblem(
  spec: Pick<ArgumentSpec, 'type' | 'values' | 'within' | 'min' | 'max'>,
  value: unknown,
): string | undefined {
  if (spec.type === 'boolean')
    return typeof value === 'boolean' ? undefined : 'must be true or false';
  if (spec.type === 'number' || spec.type === 'process') return numberProblem(spec, value);
  if (typeof value !== 'string') return 'must be text';
  switch (spec.type) {
    case 'unit':
      return unitProblem(spec.values, value);
    case 'container':
      return CONTAINER.test(value)
        ? undefined
        : 'must be the name of a container: letters, digits, "_", "." and "-", at most 128';
    case 'package':
      return PACKAGE.test(value)
        ? undefined
        : 'must be the name of a package: letters, digits, "+", ".", "_" and "-", not "-" at an end';
    case 'account':
      return ACCOUNT.test(value)
        ? undefined
        : 'must be the name of an account: letters, digits, "_", "." and "-", at most 32';
    case 'version':
      return VERSION.test(value)
        ? undefined
        : 'must be a version: letters, digits and ".+:~_-" between two of them, at most 128';
    case 'name':
      return NAME.test(value)
        ? undefined
        : 'must be a plain name: letters, digits, "_", and "." or "-" inside, at most 128';
    case 'image':
      return IMAGE.test(value)
        ? undefined
        : 'must be a container image pinned by its digest: registry/name:tag@sha256: and 64 hex digits';
    case 'playbook':
      return PLAYBOOK.test(value)
        ? undefined
        : 'must be a path below a root, like site/site.yml: letters, digits, "_", "." and "-"';
    case 'path':
    case 'certificate':
      return pathProblem(value) ?? withinProblem(spec.within, value);
    case 'enum':
      return spec.values.includes(value) ? undefined : `must be one of ${spec.values.join(', ')}`;
    case 'choices':
      return choicesProblem(spec.values, value);
    case 'text':
      return textProblem(value, spec.max ?? TEXT_CHARS);
  }
}

function numberProblem(
  { type, min, max }: Pick<ArgumentSpec, 'type' | 'min' | 'max'>,
  value: unknown,
): string | undefined {
  const least = min ?? (type === 'process' ? 2 : 0);
  const most = max ?? (type === 'process' ? 4_194_304 : Number.MAX_SAFE_INTEGER);
  const isFit =
    typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most;
  return isFit ? undefined : `must be a whole number from ${least} to ${most}`;
}

function unitProblem(suffixes: readonly string[], value: string): string | undefined {
  const suffix = value.length <= SEGMENT_CHARS ? UNIT.exec(value)?.[1] : undefined;
  if (suffix === undefined)
    return 'must be the name of a unit with its suffix, like nginx.service, at most 255 characters';
  if (value.includes('@.')) return 'is a template: name an instance of it';
  if (suffixes.length > 0 && !suffixes.includes(suffix))
    return `must be a ${suffixes.map((each) => `.${each}`).join(' or ')}`;
  return undefined;
}

function choicesProblem(values: readonly string[], value: string): string | undefined {
  const chosen = value.split(',');
  return chosen.every((each) => values.includes(each)) && new Set(chosen).size === chosen.length
    ? undefined
    : `must be some of ${values.join(', ')}, once each, with commas between`;
}

function textProblem(value: string, most: number): string | undefined {
  if (!value.isWellFormed() || value.includes('\0'))
    return 'must be valid Unicode without a NUL character';
  return value.length <= most ? undefined : `must be at most ${most} characters`;
}

/** Absolute and normal, and nothing in it that a program could read as something else. */
export function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'must be an absolute path';
  if (path.length > PATH_CHARS) return `must be at most ${PATH_CHARS} characters`;
  return segmentsProblem(path.slice(1));
}

/** A path below something: no empty, `.` or `..` segment. */
export function segmentsProblem(path: string): string | undefined {
  for (const segment of path.split('/')) {
    if (segment === '') return 'must have no empty segment and no "/" at its end';
    if (segment === '.' || segment === '..') return 'must have no "." or ".." segment';
    if (segment.length > SEGMENT_CHARS) return `must have segments of at most ${SEGMENT_CHARS}`;
    if (!SEGMENT.test(segment)) return 'must be made of letters, digits and "._@%+=:,~-"';
  }
  return undefined;
}

/** Compared segment by segment: `/etcetera` is not in `/etc`. */
function withinProblem(within: readonly string[], path: string): string | undefined {
  if (within.length === 0 || within.some((root) => path.startsWith(`${root}/`))) return undefined;
  return `must lie in ${within.join(' or ')}`;
}
