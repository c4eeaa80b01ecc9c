/** One YAML baseline read strictly. Whatever cannot be an expectation is refused with its place: nothing is passed over. */
import { sha256 } from '#base/digest';
import type { Json } from '#base/json';
import { didYouMean, show } from '#base/nearest';
import {
  attributeProblem,
  entityProblem,
  isKind,
  isVolatile,
  KINDS,
  kindSpec,
  SEVERITIES,
} from '#model';
import { readYaml, type Value } from '#strict-yaml';
import type { ContentFile } from '../compile.ts';
import { declarationsFile } from '../faults.ts';
import { readSelector } from '../selector.ts';
import { mustBeVersionOne } from '../settings.ts';
import {
  type BaselineFile,
  type Closing,
  type Item,
  VARIABLE_TYPES,
  type Variable,
  type VariableCase,
  type VariableType,
} from './baseline-file.ts';
import { placeOf, type Reading, readTests } from './read-tests.ts';
import { isOfType, usesOf, VARIABLE_NAME } from './variables.ts';

export const MOST_ITEMS = 5_000;
const MOST_VARIABLES = 500;
const MOST_EXTENDS = 20;
const PATH = /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*){0,8}\.ya?ml$/;
const FILE_KEYS = ['version', 'for', 'extends', 'variables', 'expect', 'closed'] as const;
const WORDS = [
  'title',
  'severity',
  'owner',
  'rationale',
  'remediation',
  'reference',
  'where',
  'source',
] as const;
/** Kinds whose entity is the target itself. */
const SELF = new Set(['host', 'cluster', 'target', 'stack']);

export type ReadBaseline = BaselineFile & { readonly uses: Reading['uses'] };

/** Reads the file, or throws `invalid-declarations` with every problem and its place. */
export function readBaselineFile({ file, text }: ContentFile): ReadBaseline {
  return readYaml(text, declarationsFile(file, 'baselines'), (yaml, root) => {
    const reading: Reading = { yaml, file, uses: [] };
    const given = yaml.record(root, 'a baseline', FILE_KEYS, ['version']);
    mustBeVersionOne(yaml, given.version);
    const extended = yaml.list(given.extends, 'extends');
    if (extended.length > MOST_EXTENDS)
      yaml.problem(
        given.extends?.at ?? 0,
        `extends has more than ${MOST_EXTENDS} files: join some`,
      );
    return {
      file,
      for: given.for === undefined ? null : readSelector(yaml, given.for),
      extends: extended.slice(0, MOST_EXTENDS).flatMap((value) => {
        const path = yaml.textThat(value, 'a file', PATH, 'web/base.yaml');
        return path === null ? [] : [{ file: path, place: placeOf(reading, value.at) }];
      }),
      variables: readVariables(reading, given.variables),
      items: readExpectations(reading, given.expect),
      closed: yaml
        .list(given.closed, 'closed')
        .flatMap((value) => readClosing(reading, value) ?? []),
      digest: sha256(text),
      uses: reading.uses,
    };
  });
}

function readVariables(reading: Reading, value: Value | undefined): readonly Variable[] {
  const { yaml } = reading;
  const pairs = yaml.pairs(value, 'variables');
  if (pairs.length > MOST_VARIABLES)
    yaml.problem(value?.at ?? 0, `variables has more than ${MOST_VARIABLES} names: take some out`);
  return pairs.slice(0, MOST_VARIABLES).flatMap(({ key, at, value: given }) => {
    if (!VARIABLE_NAME.test(key)) {
      yaml.problem(at, `variable ${show(key)} is not in its form: write it like ntp_servers`);
      return [];
    }
    const place = placeOf(reading, at);
    if (!yaml.isMapping(given)) {
      const plain = readPlain(reading, given, `variable ${key}`);
      if (plain === undefined) return [];
      const type = VARIABLE_TYPES.find((each) => isOfType(plain, each));
      if (type !== undefined)
        return [{ name: key, type, place, value: plain, tags: [], targets: [] }];
      yaml.problem(given.at, `variable ${key} has no value: give a text, number, flag or list`);
      return [];
    }
    const record = yaml.record(
      given,
      `variable ${key}`,
      ['type', 'value', 'tags', 'targets'],
      ['type'],
    );
    const type = yaml.oneOf(record.type, 'type', VARIABLE_TYPES);
    if (type === null) return [];
    const cases = (what: 'tags' | 'targets'): readonly VariableCase[] =>
      yaml.pairs(record[what], what).flatMap(({ key: name, at: nameAt, value: child }) => {
        const problem = what === 'targets' ? entityProblem(name) : undefined;
        if (problem !== undefined) yaml.problem(nameAt, `target ${show(name)} ${problem}`);
        const read = readTyped(reading, child, `variable ${key}`, type);
        return read === undefined
          ? []
          : [{ key: name, value: read, place: placeOf(reading, nameAt) }];
      });
    const plain = record.value && readTyped(reading, record.value, `variable ${key}`, type);
    return [
      { name: key, type, place, value: plain, tags: cases('tags'), targets: cases('targets') },
    ];
  });
}

function readTyped(
  reading: Reading,
  value: Value,
  what: string,
  type: VariableType,
): Json | undefined {
  const read = readPlain(reading, value, what);
  if (read === undefined || isOfType(read, type)) return read;
  if (typeof read === 'string' && usesOf(read).names.length > 0) return read;
  reading.yaml.problem(value.at, `${what} is declared a ${type}: give one, or another type`);
  return undefined;
}

function readPlain(reading: Reading, value: Value, what: string): Json | undefined {
  const read = reading.yaml.json(value, what, 2);
  if (read === undefined) return undefined;
  const used = usesOf(read);
  for (const problem of used.problems) reading.yaml.problem(value.at, `${what} ${problem}`);
  for (const name of used.names) reading.uses.push({ name, place: placeOf(reading, value.at) });
  if (Array.isArray(read) && read.some((each) => each === null || typeof each === 'object')) {
    reading.yaml.problem(value.at, `${what} must be a list of plain values: make it flat`);
    return undefined;
  }
  return read;
}

function readClosing(reading: Reading, value: Value): Closing | null {
  const { yaml } = reading;
  const place = placeOf(reading, value.at);
  if (!yaml.isMapping(value)) {
    const kind = readKind(reading, value);
    return kind === null ? null : { kind, source: null, place };
  }
  const given = yaml.record(value, 'a closed kind', ['kind', 'source'], ['kind', 'source']);
  const kind = given.kind === undefined ? null : readKind(reading, given.kind);
  const source = readSource(reading, given.source);
  return kind === null || source === null ? null : { kind, source, place };
}

function readKind({ yaml }: Reading, value: Value): string | null {
  const kind = yaml.text(value, 'a kind', 40);
  if (kind === null) return null;
  if (isKind(kind)) return kind;
  yaml.problem(value.at, `kind ${show(kind)} is no lower-case word: write it like service`);
  return null;
}

function readSource({ yaml }: Reading, value: Value | undefined): string | null {
  return yaml.textThat(value, 'source', /^[a-z][a-z0-9._-]{0,63}$/, 'collector.ssh');
}

/** What a block of `expect` says of each of its items. */
type Common = Pick<
  Item,
  'severity' | 'owner' | 'title' | 'rationale' | 'remediation' | 'reference' | 'source'
> & { readonly where: Value | undefined };

function readExpectations(reading: Reading, value: Value | undefined): readonly Item[] {
  const { yaml } = reading;
  const items: Item[] = [];
  const known = [...WORDS, ...Object.keys(KINDS), 'facts'];
  for (const block of yaml.list(value, 'expect')) {
    const given = yaml.record(block, 'a block of expect', known);
    const text = (name: (typeof WORDS)[number], most: number): string | null =>
      yaml.text(given[name], name, most);
    const common: Common = {
      severity: yaml.oneOf(given['severity'], 'severity', SEVERITIES),
      owner: text('owner', 128),
      title: text('title', 300),
      rationale: text('rationale', 2_000),
      remediation: text('remediation', 2_000),
      reference: text('reference', 500),
      source: readSource(reading, given['source']),
      where: given['where'],
    };
    const before = items.length;
    const problems = yaml.problems.length;
    for (const [kind, child] of Object.entries(given)) {
      if (child === undefined || WORDS.some((word) => word === kind)) continue;
      if (kind === 'facts') items.push(...readFacts(reading, child, common));
      else items.push(...readOfKind(reading, kind, child, common));
    }
    if (items.length === before && yaml.problems.length === problems)
      yaml.problem(block.at, 'a block of expect expects nothing: name a kind, like service');
    if (items.length > MOST_ITEMS) {
      yaml.problem(block.at, `more than ${MOST_ITEMS} expectations: use another file for the rest`);
      return [];
    }
  }
  return items;
}

function readOfKind(reading: Reading, kind: string, value: Value, common: Common): readonly Item[] {
  const { yaml } = reading;
  if (SELF.has(kind))
    return readEntity(reading, { kind, name: null, whole: false }, value, value.at, common);
  return yaml.pairs(value, kind).flatMap(({ key, at, value: child }) => {
    // With the longest name of a target before it: then it is an entity of any.
    const problem = entityProblem(`${kind}:${'x'.repeat(128)}/${key}`);
    if (problem === undefined)
      return readEntity(reading, { kind, name: key, whole: false }, child, at, common);
    yaml.problem(at, `${kind} ${show(key)} ${problem}: write it as holdfast query shows it`);
    return [];
  });
}

type Named = Pick<Item, 'kind' | 'name' | 'whole'>;

function readEntity(
  reading: Reading,
  named: Named,
  value: Value,
  at: number,
  common: Common,
): readonly Item[] {
  const { yaml } = reading;
  const place = placeOf(reading, at);
  const where = readWhere(reading, named.kind, common.where);
  if (yaml.isMapping(value))
    return yaml.pairs(value, 'attributes').flatMap(({ key, at: keyAt, value: child }) => {
      if (!mayExpect(reading, named.kind, key, keyAt)) return [];
      const tests = readTests(reading, child, key, { kind: named.kind, attribute: key });
      if (tests === null) return [];
      return [
        { ...named, ...common, where, attribute: key, tests, place: placeOf(reading, keyAt) },
      ];
    });
  const word = yaml.oneOf(value, 'what is expected of it', ['present', 'absent', 'any']);
  if (word === null) return [];
  const tests = word === 'any' ? [] : [{ op: word, value: null, place }];
  return [{ ...named, ...common, where, attribute: '*', tests, place }];
}

function readWhere(reading: Reading, kind: string, value: Value | undefined): Item['where'] {
  return reading.yaml.pairs(value, 'where').flatMap(({ key, at, value: child }) => {
    if (!mayExpect(reading, kind, key, at)) return [];
    const tests = readTests(reading, child, key, { kind, attribute: key });
    if (tests?.length === 0)
      reading.yaml.problem(at, 'where says any of an attribute: leave it out');
    return tests === null ? [] : [{ attribute: key, tests }];
  });
}

/** A misspelt attribute would be missing on every host, and one that moves is never compared. */
function mayExpect({ yaml }: Reading, kind: string, attribute: string, at: number): boolean {
  const problem = attributeProblem(attribute);
  const known = Object.keys(kindSpec(kind)?.attributes ?? {});
  if (problem !== undefined) yaml.problem(at, `attribute ${show(attribute)} ${problem}`);
  else if (isVolatile(kind, attribute))
    yaml.problem(at, `${kind} ${attribute} moves by itself and is never compared: leave it out`);
  else if (known.length > 0 && !known.includes(attribute)) {
    const near = didYouMean(attribute, known) || `: known are ${known.slice(0, 20).join(', ')}`;
    yaml.problem(at, `${kind} has no attribute ${show(attribute)}${near}`);
  } else return true;
  return false;
}

const FACT_KEYS = ['entity', 'kind', 'name', 'attribute', 'is'] as const;

function readFacts(reading: Reading, value: Value, common: Common): readonly Item[] {
  const { yaml } = reading;
  return yaml.list(value, 'facts').flatMap((each): readonly Item[] => {
    const before = yaml.problems.length;
    const given = yaml.record(each, 'a fact', FACT_KEYS, ['is']);
    const entity = yaml.text(given.entity, 'entity', 512);
    const kind = given.kind === undefined ? null : readKind(reading, given.kind);
    const name = yaml.text(given.name, 'name', 300);
    const attribute = yaml.text(given.attribute, 'attribute', 128);
    if ((given.entity === undefined) === (given.kind === undefined))
      yaml.problem(
        each.at,
        'a fact is about an entity, or about a kind and a name: give one of them',
      );
    if (given.entity !== undefined && given.name !== undefined)
      yaml.problem(each.at, 'a fact has an entity and a name: leave the name out');
    const full = entity ?? `${kind}:${'x'.repeat(128)}${name === null ? '' : `/${name}`}`;
    const problem = yaml.problems.length > before ? undefined : entityProblem(full);
    if (problem !== undefined)
      yaml.problem(each.at, `entity ${show(entity ?? name ?? '')} ${problem}`);
    if (yaml.problems.length > before || given.is === undefined) return [];
    const named: Named =
      entity === null
        ? { kind: kind ?? '', name, whole: false }
        : { kind: entity.slice(0, entity.indexOf(':')), name: entity, whole: true };
    if (attribute === null) return readEntity(reading, named, given.is, each.at, common);
    if (attributeProblem(attribute) !== undefined || isVolatile(named.kind, attribute)) {
      mayExpect(reading, named.kind, attribute, each.at);
      return [];
    }
    const tests = readTests(reading, given.is, attribute, { kind: named.kind, attribute });
    const where = readWhere(reading, named.kind, common.where);
    return tests === null
      ? []
      : [{ ...named, ...common, where, attribute, tests, place: placeOf(reading, each.at) }];
  });
}
