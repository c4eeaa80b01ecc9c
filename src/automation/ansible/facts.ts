/**
 * A report as facts: what each task found, what differs field by field, and the playbook as a whole. Everything
 * a target said goes through redaction and is bounded; of what content hides, only that it differs is told.
 */
import { digestOf, sha256 } from '#base/digest';
import type { Json } from '#base/json';
import { LIMITS } from '#base/limits';
import { keyOf } from '#model';
import { clean, isSecretName } from '#redaction';
import type { ToolFact } from '../tool-look.ts';
import type { DiffSide, Report, TaskDiff, TaskSeen } from './report.ts';

/** `none`: no play is for this host. `refused`: no check was made, or it came to nothing. */
export const PLAYBOOK_STATES = [
  'ok',
  'changed',
  'failed',
  'unreachable',
  'none',
  'refused',
] as const;
export type PlaybookState = (typeof PLAYBOOK_STATES)[number];

export type PlaybookPlace = {
  readonly target: string;
  /** `<root>/<playbook>`. */
  readonly playbook: string;
};

const DIFF_CHARS = 16_384;
const DIFF_LINES = 200;
const FIELDS = 40;
const VALUE_CHARS = 1_000;
const NAME_CHARS = 160;

export function playbookEntity({ target, playbook }: PlaybookPlace): string {
  return `playbook:${keyOf(target)}/${playbook}`;
}

/** Every entity of a task of the playbook begins so. */
export function taskPrefix({ target, playbook }: PlaybookPlace): string {
  return `task:${keyOf(target)}/${playbook}/`;
}

export function stateOf({ counts, tasks }: Report): PlaybookState {
  if (counts === null) return 'none';
  const has = (state: TaskSeen['state']): boolean => tasks.some((task) => task.state === state);
  if (counts.unreachable > 0 || has('unreachable')) return 'unreachable';
  if (counts.failures > 0 || has('failed')) return 'failed';
  return counts.changed > 0 ? 'changed' : 'ok';
}

export function taskFacts(place: PlaybookPlace, tasks: readonly TaskSeen[]): readonly ToolFact[] {
  const taken = new Map<string, number>();
  return tasks.flatMap((task) => {
    const base = `${taskPrefix(place)}${plain(`${task.at} ${task.name}`)}`.slice(
      0,
      LIMITS.entityChars - 12,
    );
    const count = (taken.get(base) ?? 0) + 1;
    taken.set(base, count);
    const entity = count === 1 ? base.trimEnd() : `${base.trimEnd()} (${count})`;
    const fact = (attribute: string, value: Json): ToolFact => ({ entity, attribute, value });
    const fields = task.diffs.flatMap((diff, index) =>
      fieldsOf(diff, task.diffs.length === 1 ? '' : `${index + 1}.`),
    );
    const kept = fields.slice(0, FIELDS);
    const diff = task.isHidden ? null : diffText(task);
    return [
      fact('state', task.state),
      fact('playbook', place.playbook),
      fact('name', plain(task.name)),
      fact('at', plain(task.at)),
      fact('module', plain(task.module)),
      fact('hidden', task.isHidden),
      fact('diff', diff === '' ? null : diff),
      fact('message', task.message === '' ? null : clean(task.message, { maxChars: 500 }).text),
      fact('wants', Object.fromEntries(kept.map(({ name, after }) => [name, after]))),
      ...kept.map(({ name, before }) => fact(`is.${name}`, before)),
    ];
  });
}

/** Over all that a check found, so that a plan rests on this and not only on how much it was. */
export function foundDigest({ tasks }: Report): string {
  return digestOf(
    tasks.map(({ at, name, state, isHidden, diffs }) => [
      at,
      name,
      state,
      isHidden,
      ...diffs.map(({ before, after }) => [sideJson(before), sideJson(after)]),
    ]),
  );
}

type Field = { readonly name: string; readonly before: Json; readonly after: Json };

function fieldsOf({ before, after }: TaskDiff, prefix: string): readonly Field[] {
  if (typeof before === 'string' && typeof after === 'string')
    return before === after
      ? []
      : [{ name: `${prefix}content`, before: hashed(before), after: hashed(after) }];
  const [was, will] = [asMap(before), asMap(after)];
  return [...new Set([...was.keys(), ...will.keys()])].toSorted().flatMap((key) => {
    const [left, right] = [was.get(key), will.get(key)];
    if (left === right) return [];
    const shown = (value: string | undefined): Json => {
      if (value === undefined) return null;
      return isSecretName(key) ? hashed(value) : clean(value, { maxChars: VALUE_CHARS }).text;
    };
    const name = `${prefix}${plain(key).slice(0, 60).replaceAll(/\s+/g, '_')}`;
    return [{ name, before: shown(left), after: shown(right) }];
  });
}

/** Long, or secret: that it differs can be told without saying what it is. */
function hashed(text: string): string {
  return `sha256:${sha256(text)}`;
}

function asMap(side: DiffSide): ReadonlyMap<string, string> {
  return typeof side === 'string' ? new Map(side === '' ? [] : [['content', side]]) : side;
}

function sideJson(side: DiffSide): Json {
  return typeof side === 'string' ? side : Object.fromEntries(side);
}

/** Lines that would go and come, for people; redacted as one text, so that no secret stands across a cut. */
function diffText({ diffs, isCut }: TaskSeen): string {
  const lines: string[] = [];
  for (const { title, before, after } of diffs) {
    const [was, will] = [linesOf(before), linesOf(after)];
    if (was.join('\n') === will.join('\n')) continue;
    if (title !== '') lines.push(`@ ${title}`);
    let head = 0;
    while (head < was.length && head < will.length && was[head] === will[head]) head++;
    let tail = 0;
    const most = Math.min(was.length, will.length) - head;
    while (tail < most && was[was.length - 1 - tail] === will[will.length - 1 - tail]) tail++;
    lines.push(...was.slice(head, was.length - tail).map((line) => `- ${line}`));
    lines.push(...will.slice(head, will.length - tail).map((line) => `+ ${line}`));
  }
  const shown = lines.slice(0, DIFF_LINES);
  if (isCut || shown.length < lines.length) shown.push('(there is more)');
  return clean(shown.join('\n'), { maxChars: DIFF_CHARS }).text;
}

function linesOf(side: DiffSide): readonly string[] {
  if (typeof side === 'string') return side === '' ? [] : side.replace(/\n$/, '').split('\n');
  return [...side].map(([key, value]) => `${key}: ${value}`).toSorted();
}

/** Fit for a name: one line, and nothing that a question could take for a wildcard. */
function plain(text: string): string {
  return clean(text, { maxChars: NAME_CHARS })
    .text.replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replaceAll('*', '_')
    .trim();
}
