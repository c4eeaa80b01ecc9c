/** What a planned question asks on the wire, and which rows it means. */
import { type Filter, type History, KEYS } from './history-generator.ts';
import { contains, like, type Row } from './history-rows.ts';
import { kindOf, type Run } from './reference-facts.ts';

const REGISTERED = ['service', 'package'] as const;
export const SOURCES = ['probe', 'other'] as const;

/** Names that no other history on the same server uses. */
export type Names = {
  readonly targets: readonly [string, string];
  readonly kinds: readonly [string, string];
  readonly prefix: string;
};

export function namesOf(history: History, name: string): Names {
  return history.isRegistered
    ? { targets: [`host:${name}-1`, `host:${name}-2`], kinds: REGISTERED, prefix: `${name}-` }
    : {
        targets: ['host:web-1', 'host:web-2'],
        kinds: [`k${name}`, `k${name}x`],
        prefix: `${name}-`,
      };
}

export function filterInput(names: Names, filter: Filter): Row {
  const { targets, kinds, prefix } = names;
  const { target, source, attribute, text } = filter;
  const more = {
    ...(target === undefined ? {} : { target: targets[target] }),
    ...(source === undefined ? {} : { source: SOURCES[source] }),
    ...(attribute === undefined ? {} : { attribute }),
    ...(text === undefined ? {} : { text }),
  };
  switch (filter.shape) {
    case 'all':
      return { ...more, entity: `*:${prefix}*` };
    case 'kind':
      return { ...more, kind: kinds[filter.kind], entity: `*${prefix}*` };
    case 'entity':
      return { ...more, entity: entityOf(names, filter.kind, filter.key) };
    case 'prefix':
      return { ...more, entity: `${entityOf(names, filter.kind, 0)}*` };
    case 'suffix':
      return { ...more, entity: `*:${prefix}*${KEYS[filter.key] as string}` };
    case 'text':
      return { ...more, text: entityOf(names, filter.kind, filter.key).toUpperCase() };
  }
}

export function matches(names: Names, filter: Filter, run: Run): boolean {
  const { target, source, attribute, text } = filter;
  if (target !== undefined && names.targets[target] !== run.target) return false;
  if (source !== undefined && SOURCES[source] !== run.source) return false;
  if (attribute !== undefined && !like(run.attribute, attribute)) return false;
  if (text !== undefined && filter.shape !== 'text' && !contains(run, text)) return false;
  const asked = filterInput(names, { shape: filter.shape, kind: filter.kind, key: filter.key }) as {
    entity?: string;
    kind?: string;
    text?: string;
  };
  if (asked.entity !== undefined && !like(run.entity, asked.entity)) return false;
  if (asked.kind !== undefined && kindOf(run.entity) !== asked.kind) return false;
  return asked.text === undefined || contains(run, asked.text);
}

export function entityOf(names: Names, kind: number, key: number): string {
  return `${names.kinds[kind] as string}:${names.prefix}${KEYS[key] as string}`;
}
