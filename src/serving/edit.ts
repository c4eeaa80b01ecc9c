/**
 * Changes to `server.yaml` as text: only the named parts are written anew, everything else and every comment stays, and
 * what comes out has been read again.
 */
import { isMap, isScalar, type Node, parseDocument } from 'yaml';
import { canonicalJson, type Json } from '#base/json';
import { servingFault } from './faults.ts';
import { readServer } from './read-settings.ts';
import type { ServerSettings } from './settings.ts';

/** `null` takes a part out. */
export type ServerEdit = Readonly<
  Partial<Record<'url' | 'listen' | 'expose' | 'hosts' | 'tls' | 'proxy', Json>>
>;

const NEW_FILE = `# How this service is reached, and what it may reach. Sign what you changed: holdfast config sign\nversion: 1\n`;

/** `text` is `null` where there is no file yet. Throws `invalid-server`. */
export function editServer(text: string | null, edit: ServerEdit, file = 'server.yaml'): string {
  const before = text ?? NEW_FILE;
  const old = readServer(before, file);
  const { contents } = parseDocument(before, { version: '1.2', schema: 'core', merge: false });
  if (!isMap(contents) || contents.flow === true)
    throw servingFault(
      'invalid-server',
      'server.yaml is laid out in a way that cannot be edited for you: put each part on a line of its own',
    );
  let made = before;
  const parts = contents.items.map((pair) => {
    const key = pair.key as Node;
    const value = pair.value as Node | null;
    return {
      name: isScalar(key) ? String(key.value) : '',
      from: key.range?.[0] ?? 0,
      // Of a value in lines of its own the last line end counts as part of it.
      to: before.slice(0, value?.range?.[1] ?? key.range?.[1] ?? 0).trimEnd().length,
    };
  });
  const fresh: string[] = [];
  // From the end, so that what comes before stays where it is.
  for (const [name, value] of Object.entries(edit) as [string, Json][]) {
    if (value !== null && !parts.some((part) => part.name === name))
      fresh.push(lineOf(name, value));
  }
  for (const { name, from, to } of parts.toSorted((a, b) => b.from - a.from)) {
    if (!Object.hasOwn(edit, name)) continue;
    const value = (edit as Record<string, Json>)[name] as Json;
    if (value === null) made = cutLine(made, from, to);
    else made = `${made.slice(0, from)}${lineOf(name, value)}${made.slice(to)}`;
  }
  if (fresh.length > 0)
    made = `${made}${made === '' || made.endsWith('\n') ? '' : '\n'}${fresh.join('\n')}\n`;
  const now = readServer(made, file);
  const untouched = (settings: ServerSettings): string => {
    const {
      url: _u,
      isDefaultUrl: _d,
      listen: _l,
      expose: _e,
      hosts: _h,
      tls: _t,
      proxy: _p,
      ...rest
    } = settings;
    return canonicalJson(rest as unknown as Json);
  };
  if (untouched(now) !== untouched(old))
    throw servingFault(
      'invalid-server',
      'server.yaml is laid out in a way that cannot be edited for you: edit it by hand',
    );
  return made;
}

/** A value with the rest of its line, when nothing else is on it. */
function cutLine(text: string, from: number, to: number): string {
  const end = /^[ \t]*(?:#[^\n]*)?\n?/.exec(text.slice(to))?.[0].length ?? 0;
  return text.slice(0, from) + text.slice(to + end);
}

function lineOf(name: string, value: Json): string {
  return `${name}: ${flow(value)}`;
}

function flow(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((each: Json) => flow(each)).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, each]) => `${key}: ${flow(each as Json)}`)
      .join(', ')}}`;
  const text = String(value);
  return typeof value !== 'string' ||
    /^[A-Za-z][A-Za-z0-9./_-]*$/.test(text) ||
    /^https:\/\/[a-z0-9.:-]+$/.test(text)
    ? text
    : JSON.stringify(text);
}
