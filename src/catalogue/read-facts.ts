/** Facts that an action relies on before, and looks for afterwards. */

import { didYouMean, show } from '#base/nearest';
import { attributeSpec, KINDS, kindSpec } from '#model';
import {
  ARGUMENT_TYPES,
  type ArgumentType,
  type Contract,
  type FactRef,
  type FactTest,
  type FactTestValue,
  type Verification,
} from './action.ts';
import { readProbes } from './read-step.ts';
import { readTemplate } from './read-template.ts';
import type { Entry, Reader, Value } from './reader.ts';
import type { Names } from './template.ts';

type Growing = Names & { readonly bound: Map<string, ArgumentType> };
const REF_KEYS = ['fact', 'attribute', 'as', 'type', 'why'] as const;
const TEST_KEYS = ['fact', 'attribute', 'equals', 'differs', 'absent', 'present', 'why'] as const;
const REQUIRE_KEYS = [...TEST_KEYS, 'as', 'type'] as const;
const BOUND_NAME = /^[a-z][A-Za-z0-9]{0,39}$/;
const NOTHING_BOUND: ReadonlyMap<string, ArgumentType> = new Map();

export function readBinds(
  reader: Reader,
  value: Entry | undefined,
  names: Growing,
): Contract['binds'] {
  if (value === undefined) return [];
  return reader.list(value, 'binds').flatMap((item) => {
    const record = reader.record(item, 'a bound fact', REF_KEYS);
    const ref = readRef(reader, item, record, { ...names, bound: NOTHING_BOUND });
    const as = readAs(reader, record, names);
    const why = readWhy(reader, item, record.why);
    return ref === undefined ? [] : [{ ...ref, as, why }];
  });
}

export function readRequires(
  reader: Reader,
  value: Entry | undefined,
  names: Growing,
): readonly FactTest[] {
  if (value === undefined) return [];
  const fixed = { ...names, bound: NOTHING_BOUND };
  return reader.list(value, 'requires').flatMap((item) => {
    const record = reader.record(item, 'a required fact', REQUIRE_KEYS);
    const test = readTest(reader, item, record, fixed);
    const as = readAs(reader, record, names);
    const why = readWhy(reader, item, record.why);
    return test === undefined ? [] : [{ ...test, as, why }];
  });
}

export function readVerification(
  reader: Reader,
  value: Entry | undefined,
  names: Names,
): Verification {
  if (value === undefined) return { facts: [], probes: [] };
  const record = reader.record(value, 'verify', ['facts', 'probes']);
  const facts = record.facts === undefined ? [] : reader.list(record.facts, 'facts');
  return {
    facts: facts.flatMap((item) => {
      const keys = reader.record(item, 'a fact to see', TEST_KEYS);
      const test = readTest(reader, item, keys, names);
      const why = keys.why === undefined ? '' : (reader.text(keys.why, 'why', 200) ?? '');
      return test === undefined ? [] : [{ ...test, as: null, why }];
    }),
    probes: readProbes(reader, record.probes, names),
  };
}

type RefKeys = { readonly [K in 'fact' | 'attribute' | 'as' | 'type']?: Entry };
type TestKeys = { readonly [K in (typeof TEST_KEYS)[number]]?: Entry };

function readRef(
  reader: Reader,
  item: Value,
  record: RefKeys,
  names: Names,
): Pick<FactRef, 'entity' | 'attribute'> | undefined {
  const entity = readTemplate(reader, record.fact, 'fact', item, names, 400);
  const attribute = record.attribute && reader.text(record.attribute, 'attribute', 128);
  if (record.attribute === undefined) reader.problem(item.at, 'attribute is missing');
  if (entity === undefined || attribute === undefined) return undefined;
  const at = record.fact?.at ?? item.at;
  const [first] = entity;
  const kind =
    first !== undefined && 'literal' in first
      ? /^([a-z][a-z0-9_.-]{0,39}):/.exec(first.literal)?.[1]
      : undefined;
  if (kind === undefined || entity.length < 2) {
    reader.problem(at, 'fact must be kind:key with the target in it, like service:{@host}/{unit}');
    return undefined;
  }
  if (kindSpec(kind) === undefined)
    reader.problem(at, `kind ${show(kind)} is not known${didYouMean(kind, Object.keys(KINDS))}`);
  else if (attributeSpec(kind, attribute) === undefined)
    reader.problem(
      record.attribute?.at ?? at,
      `attribute ${show(attribute)} of ${kind} is not known${didYouMean(attribute, Object.keys(kindSpec(kind)?.attributes ?? {}))}`,
    );
  return { entity, attribute };
}

function readAs(reader: Reader, record: RefKeys, names: Growing): FactRef['as'] {
  if (record.as === undefined) {
    if (record.type !== undefined) reader.problem(record.type.nameAt, 'type needs as, the name');
    return null;
  }
  const name = reader.textThat(record.as, 'as', 40, (text) => {
    if (!BOUND_NAME.test(text)) return 'must be letters and digits, like previous';
    return names.arguments.has(text) || names.bound.has(text) ? 'is taken' : undefined;
  });
  const type =
    (record.type && reader.oneOf(record.type, 'type', ARGUMENT_TYPES)) ?? ('text' as const);
  if (name === undefined) return null;
  names.bound.set(name, type);
  return { name, type };
}

function readTest(
  reader: Reader,
  item: Value,
  record: TestKeys & RefKeys,
  names: Names,
): Pick<FactTest, 'entity' | 'attribute' | 'test' | 'value'> | undefined {
  const ref = readRef(reader, item, record, names);
  const given = (['equals', 'differs', 'absent', 'present'] as const).filter(
    (key) => record[key] !== undefined,
  );
  const [test] = given;
  const entry = test && record[test];
  if (test === undefined || entry === undefined || given.length > 1) {
    reader.problem(item.at, 'a fact is tested by exactly one of equals, differs, absent, present');
    return undefined;
  }
  if (test === 'absent' || test === 'present') {
    if (reader.flag(entry, test) === false)
      reader.problem(entry.at, `${test} is true or left out: say the other one instead`);
    return ref && { ...ref, test, value: null };
  }
  const value = readValue(reader, entry, test, names);
  return ref === undefined || value === undefined ? undefined : { ...ref, test, value };
}

function readValue(
  reader: Reader,
  entry: Entry,
  what: string,
  names: Names,
): FactTestValue | undefined {
  const scalar = (entry.node as { value?: unknown } | null)?.value;
  if (typeof scalar === 'boolean') return reader.flag(entry, what);
  if (typeof scalar === 'number') return reader.number(entry, what);
  return readTemplate(reader, entry, what, entry, names, 400);
}

function readWhy(reader: Reader, item: Value, entry: Entry | undefined): string {
  if (entry === undefined) reader.problem(item.at, 'why is missing: say why the plan rests on it');
  return (entry && reader.text(entry, 'why', 200)) ?? '';
}
