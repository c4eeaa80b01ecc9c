/**
 * What an operator would want pointed out about a machine, from its facts alone and without a
 * baseline. Pure: the same facts at the same moment say the same.
 */

import type { Json } from '#base/json';
import { type Instant, tryParseInstant } from '#base/time';
import { keyOf, kindOf, type Severity } from '#model';

export type Oddity = {
  readonly severity: Severity;
  readonly entity: string;
  readonly says: string;
};
type Seen = { readonly entity: string; readonly attribute: string; readonly value: Json };
type Attributes = ReadonlyMap<string, Json>;

const DAY = 86_400_000_000;
const CERTIFICATE_DAYS = 21;
const FULL_PERCENT = 90;

export function oddities(facts: Iterable<Seen>, now: Instant): readonly Oddity[] {
  const entities = new Map<string, Map<string, Json>>();
  for (const { entity, attribute, value } of facts) {
    const attributes = entities.get(entity) ?? new Map<string, Json>();
    attributes.set(attribute, value);
    entities.set(entity, attributes);
  }
  const found: Oddity[] = [];
  for (const [entity, attributes] of entities) {
    for (const [severity, says] of RULES[kindOf(entity)]?.(nameOf(entity), attributes, now) ?? []) {
      found.push({ severity, entity, says });
    }
  }
  const rank = { critical: 0, warning: 1, info: 2 } as const;
  return found.toSorted(
    (a, b) => rank[a.severity] - rank[b.severity] || (a.entity < b.entity ? -1 : 1),
  );
}

type Rule = (
  name: string,
  of: Attributes,
  now: Instant,
) => readonly (readonly [Severity, string])[];

const RULES: Readonly<Record<string, Rule>> = {
  user: (name, of) => [
    ...(of.get('uid') === 0 && name !== 'root'
      ? [['critical', `account ${name} has user id 0`] as const]
      : []),
    ...(of.get('password.state') === 'empty'
      ? [['critical', `account ${name} has no password`] as const]
      : []),
  ],
  service: failed,
  unit: failed,
  timer: failed,
  certificate: (name, of, now) => {
    const ends = of.get('notAfter');
    const at = typeof ends === 'string' ? tryParseInstant(ends) : undefined;
    if (at === undefined || of.get('isCa') === true) return [];
    const days = Math.floor((at - now) / DAY);
    if (days < 0) return [['critical', `certificate ${name} expired ${-days} days ago`]];
    return days < CERTIFICATE_DAYS
      ? [['warning', `certificate ${name} expires in ${days} days`]]
      : [];
  },
  filesystem: (name, of) => {
    const size = of.get('sizeBytes');
    const free = of.get('availableBytes');
    if (typeof size !== 'number' || typeof free !== 'number' || size === 0) return [];
    const used = Math.round(((size - free) / size) * 100);
    return used >= FULL_PERCENT ? [['warning', `filesystem ${name} is ${used} % full`]] : [];
  },
  sshd_setting: (name, of) => {
    const value = textOf(of.get('value')).toLowerCase();
    const setting = name.toLowerCase();
    if (setting === 'permitrootlogin' && value === 'yes')
      return [['critical', 'sshd lets root sign in with a password']];
    if (setting === 'permitemptypasswords' && value === 'yes')
      return [['critical', 'sshd accepts empty passwords']];
    if (setting === 'passwordauthentication' && value === 'yes')
      return [['info', 'sshd accepts passwords']];
    return [];
  },
  sudo_rule: (name, of) =>
    of.get('noPassword') === true
      ? [['info', `sudo asks ${textOf(of.get('who')) || name} for no password`]]
      : [],
  file: (name, of) => {
    const mode = of.get('mode');
    const writable = typeof mode === 'string' && /[2367]$/.test(mode) && of.get('type') === 'file';
    return writable ? [['critical', `everyone may write ${name}`]] : [];
  },
  time_sync: (_name, of) =>
    of.get('synchronized') === false ? [['warning', 'the clock is not synchronised']] : [],
};

function failed(name: string, of: Attributes): readonly (readonly [Severity, string])[] {
  return of.get('state.failed') === true ? [['warning', `${name} failed`]] : [];
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function nameOf(entity: string): string {
  const key = keyOf(entity);
  return key.slice(key.indexOf('/') + 1);
}
