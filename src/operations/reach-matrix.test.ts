/**
 * Every operation that there is, asked by callers of limited reach about what is not theirs: refused, or answered with
 * nothing of it, and nothing of it changed. Inputs are made from the schemas of the operations, so a new one is
 * tried without anybody naming it here.
 *
 * `reach-matrix.golden.txt` lists the narrowing operations of which this cannot prove that it would notice a leak,
 * since even the owner is shown nothing foreign in this world. It may only shrink.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import * as z from 'zod/v4';
import { CAPABILITIES, type Capability, type ReachPart, reachOf } from '#access';
import { sha256 } from '#base/digest';
import { asFault, type Fault } from '#base/fault';
import { canonicalJson, type Json } from '#base/json';
import { FACT_TYPES } from '#model';
import { type Caller, OPERATIONS, type Operation } from '#operations';
import { ASSISTANT, aWorld, OPERATOR, type TestWorld } from '#test/world';

const FLEET = `version: 1
scopes: [acme/paris, acme/oslo]
targets:
  host:paris-1: &one
    scope: acme/paris
    hostType: debian
    tags: [own]
    sources: [{name: probe, trusted: true}]
  host:paris-2:
    scope: acme/paris
    hostType: debian
    tags: [other, FOREIGN-tag-2]
    owner: FOREIGN-owner-2
    sources: [{name: probe, trusted: true}]
  host:oslo-1:
    scope: acme/oslo
    hostType: debian
    tags: [other, FOREIGN-tag-1]
    owner: FOREIGN-owner-1
    sources: [{name: probe, trusted: true}]
`.replace(' &one', '');

const OWN = 'host:paris-1';
/** By caller: what is not theirs. */
const OSLO = 'host:oslo-1';
const PARIS = 'host:paris-2';
const SCOPE_OF: Readonly<Record<string, string>> = {
  [OWN]: 'acme/paris',
  [PARIS]: 'acme/paris',
  [OSLO]: 'acme/oslo',
};

/** What a caller could know of somebody else's. */
type Things = {
  readonly target: string;
  readonly scope: string;
  readonly finding: string;
  readonly baseline: string;
  readonly waiver: string;
  readonly change: string;
  readonly stop: string;
  readonly lease: string;
  readonly entity: string;
};

const NOWHERE: Things = {
  target: 'host:nowhere-1',
  scope: 'acme/nowhere',
  finding: 'finding_0000000000000000',
  baseline: 'baseline_000000000000000000000000',
  waiver: 'waiver_000000000000000000000000',
  change: 'chg_000000000000000000000000',
  stop: 'stop_000000000000000000000000',
  lease: 'lease_000000000000000000000000',
  entity: 'package:nowhere-1/openssl',
};

async function seeded(): Promise<{
  readonly world: TestWorld;
  readonly things: ReadonlyMap<string, Things>;
}> {
  const world = await aWorld();
  world.fleet(FLEET);
  const things = new Map<string, Things>();
  for (const target of [OWN, PARIS, OSLO]) {
    const short = target.slice('host:'.length);
    const word = target === OWN ? 'own' : 'FOREIGN';
    const saw = (version: string, at: string): Promise<unknown> =>
      world.ask('ingest_observation', {
        source: 'probe',
        target,
        observedAt: at,
        complete: ['package'],
        facts: [
          { entity: `package:${short}/openssl`, attribute: 'version', value: version },
          { entity: `package:${short}/${word}-only`, attribute: 'version', value: `${word}-2` },
        ],
      });
    await saw(`${word}-1`, '2026-03-01T11:57:00Z');
    const blessed = await world.value('baseline_bless', { target, name: `base-${short}` });
    await saw(`${word}-changed`, '2026-03-01T11:59:00Z');
    const waiver = await world.value('waiver_add', {
      target,
      entity: `package:${short}/nothing`,
      reason: `${word} waiver`,
      until: '2026-06-01T00:00:00Z',
    });
    const scan = await world.value('drift_scan', { target });
    const change = `chg_${sha256(target).slice(0, 24)}`;
    await world.store.write(({ changes }) => {
      changes.propose(
        {
          id: change,
          action: 'service.restart',
          principal: 'operator:ada@local',
          session: 'cli',
          idempotencyKey: null,
          createdAt: 1_772_000_000_000_000 as never,
          targets: [{ id: target, scope: SCOPE_OF[target] ?? '' }],
          body: {
            requester: { principal: 'operator:ada@local', onBehalfOf: null, session: 'cli' },
            proposal: {
              action: 'service.restart',
              targets: [target],
              arguments: {},
              reason: `${word} reason`,
              dryRun: false,
              idempotencyKey: null,
            },
            undoes: null,
          },
        },
        {},
      );
    });
    const { stop } = await world.value('emergency_stop', {
      subject: 'target',
      name: target,
      reason: `${word} stop`,
    });
    const { lease } = await world.value('lease_issue', {
      label: `${word} lease`,
      profile: 'observer',
      targets: [target],
    });
    const assistant = { ...ASSISTANT, principal: `assistant:${word}` };
    await world.ask('query_facts', { target }, { caller: assistant });
    things.set(target, {
      target,
      scope: SCOPE_OF[target] ?? '',
      finding: scan.findings[0].id,
      baseline: blessed.baseline.id,
      waiver: waiver.waiver.id,
      change,
      stop: stop.id,
      lease: lease.id,
      entity: `package:${short}/openssl`,
    });
  }
  return { world, things };
}

/** By the name of a member of an input, what it holds of somebody else. */
function valuesOf(name: string, things: Things): readonly Json[] | undefined {
  const { target, scope, finding, baseline, waiver, change, stop, lease, entity } = things;
  const known: Readonly<Record<string, readonly Json[]>> = {
    target: [target],
    targets: [[target]],
    ids: [[target]],
    scope: [scope],
    finding: [finding],
    findings: [[finding]],
    baseline: [baseline],
    waiver: [waiver],
    changeId: [change],
    changes: [[change]],
    changeIds: [[change]],
    stopId: [stop],
    leaseId: [lease],
    standingId: ['std_000000000000000000000000'],
    declaration: [baseline, 'git:site'],
    entity: [entity, '*'],
    entities: [[entity]],
    name: [target, scope, 'base-oslo-1'],
    action: ['service.restart'],
    source: ['probe'],
    attribute: ['version', '*'],
    kind: ['package'],
    argv: [['uptime']],
    line: ['uptime'],
    principal: ['operator:ada@local'],
    from: [{ asOf: '2026-03-01T09:00:00Z' }, '2026-03-01T09:00:00Z'],
    to: [{}, '2026-03-01T12:00:00Z'],
    reason: ['because'],
    label: ['mine'],
    profile: ['observer'],
    facts: [[{ entity, attribute: 'version', value: 'planted' }]],
    cursor: [JSON.stringify([entity, 'version', target, 'probe', scope])],
  };
  return known[name];
}

const TIMES = /^(since|until|at|asOf|knownAt|observedAt|before|after|from|to|validAt)$/;

type Schema = { readonly [key: string]: unknown };

function anyOf(schema: Schema, name: string): Json {
  if (Array.isArray(schema['enum'])) return schema['enum'][0] as Json;
  if (schema['const'] !== undefined) return schema['const'] as Json;
  const [first] = (schema['anyOf'] ?? schema['oneOf'] ?? []) as Schema[];
  if (first !== undefined) return anyOf(first, name);
  switch (schema['type']) {
    case 'string':
      return TIMES.test(name)
        ? '2026-03-01T11:30:00Z'
        : 'x'.repeat(Math.max(1, Number(schema['minLength'] ?? 1)));
    case 'number':
    case 'integer':
      return Math.max(1, Number(schema['minimum'] ?? 1));
    case 'boolean':
      return true;
    case 'array':
      return [anyOf((schema['items'] ?? {}) as Schema, name)];
    case 'object': {
      const properties = (schema['properties'] ?? {}) as Record<string, Schema>;
      const required = (schema['required'] ?? []) as string[];
      return Object.fromEntries(required.map((key) => [key, anyOf(properties[key] ?? {}, key)]));
    }
    default:
      return 'x';
  }
}

const schemas = new Map<z.ZodType, Schema>();

function schemaOf(input: z.ZodType): Schema {
  const made =
    schemas.get(input) ??
    (z.toJSONSchema(input, { unrepresentable: 'any', io: 'input' }) as Schema);
  schemas.set(input, made);
  return made;
}

/** Needed members alone, with each other one beside them, and all together. */
function inputsOf({ input }: Operation, things: Things): readonly Json[] {
  const whole = schemaOf(input);
  const made: Json[] = [];
  for (const schema of (whole['anyOf'] ?? whole['oneOf'] ?? [whole]) as Schema[]) {
    const properties = (schema['properties'] ?? {}) as Record<string, Schema>;
    const required = new Set((schema['required'] ?? []) as string[]);
    const members = Object.entries(properties).map(([name, of]) => {
      const values = Array.isArray(of['enum'])
        ? (of['enum'] as Json[])
        : (valuesOf(name, things) ?? [anyOf(of, name)]);
      return [
        name,
        TIMES.test(name) && of['type'] === 'string' ? [anyOf(of, name)] : values,
      ] as const;
    });
    const first = (names: readonly (readonly [string, readonly Json[]])[]): Record<string, Json> =>
      Object.fromEntries(names.map(([name, values]) => [name, values[0] ?? null]));
    const base = first(members.filter(([name]) => required.has(name)));
    made.push(base, first(members));
    for (const [name, values] of members)
      for (const value of values) made.push({ ...base, [name]: value });
    // Pairs of what names something, as subject and name do.
    const named = members.filter(([name]) =>
      ['subject', 'name', 'target', 'entity'].includes(name),
    );
    for (const [a, as] of named)
      for (const [b, bs] of named)
        if (a < b)
          for (const one of as)
            for (const other of bs) made.push({ ...base, [a]: one, [b]: other });
  }
  return [...new Map(made.map((each) => [canonicalJson(each), each])).values()];
}

/** What does not narrow is refused before its input is read: one is enough to see it. */
function askedOf(operation: Operation, things: Things): readonly Json[] {
  const all = inputsOf(operation, things);
  return operation.narrows === true ? all : all.slice(0, 1);
}

const [WHOLE] = reachOf('operator') as [ReachPart];
const person = (reach: readonly ReachPart[]): Caller => ({
  ...OPERATOR,
  principal: 'operator:eve@console',
  onBehalfOf: 'operator:eve@console',
  surface: 'console',
  session: 'session:eve',
  reach,
});
const without = (capability: Capability): readonly Capability[] =>
  CAPABILITIES.filter((each) => each !== capability);

const CALLERS: readonly {
  readonly says: string;
  readonly foreign: readonly string[];
  readonly caller: (operation: Operation) => Caller;
}[] = [
  {
    says: 'of another scope',
    foreign: [OSLO],
    caller: () => person([{ ...WHOLE, scopes: ['acme/paris'] }]),
  },
  {
    says: 'of another target',
    foreign: [OSLO],
    caller: () => person([{ ...WHOLE, targets: { ids: [OWN], tags: [] } }]),
  },
  {
    says: 'of another role: everything else everywhere, and this on one target',
    foreign: [PARIS],
    caller: ({ capability }) =>
      person([
        { ...WHOLE, capabilities: without(capability) },
        { ...WHOLE, targets: { ids: [OWN], tags: [] } },
      ]),
  },
  {
    says: 'of another tag',
    foreign: [PARIS],
    caller: () => person([{ ...WHOLE, targets: { ids: [], tags: ['own'] } }]),
  },
];

type Told = { readonly code: string; readonly text: string };

async function told(
  world: TestWorld,
  { name }: Operation,
  input: Json,
  caller: Caller,
): Promise<Told> {
  try {
    const { value } = await world.ask(name, input, { caller });
    return { code: 'answered', text: JSON.stringify(value) };
  } catch (thrown) {
    const fault: Fault = asFault(thrown);
    return { code: fault.code, text: `${fault.message} ${JSON.stringify(fault.facts)}` };
  }
}

/** Everything on record of a target. */
function recordOf(world: TestWorld, target: string): string {
  const at = { asOf: 4_000_000_000_000_000, knownAt: 4_000_000_000_000_000 } as never;
  const scopes = [SCOPE_OF[target] ?? ''];
  const facts = FACT_TYPES.flatMap((type) => [
    ...world.store.read.each({ scopes, target, type }, at),
  ]).map((fact) => ({ ...fact, confirmedAt: 0 }));
  const { changes } = world.store.changes.list({ scopes, target }, 100);
  return sha256(JSON.stringify([facts, changes]));
}

const byName = (a: string, b: string): number => (a < b ? -1 : 1);
const GOLDEN = new Map(
  readFileSync(new URL('reach-matrix.golden.txt', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(': ', 2) as [string, string]),
);

describe('every operation, asked about what is not the caller’s', async () => {
  const { world, things } = await seeded();

  for (const { says, foreign, caller } of CALLERS) {
    it(`answers nothing ${says}, and changes nothing of it`, async () => {
      const leaks: string[] = [];
      const records = new Map(foreign.map((target) => [target, recordOf(world, target)]));
      const marks = foreign.includes(PARIS) ? /FOREIGN/ : /FOREIGN-(owner|tag)-1|oslo-1\/FOREIGN/;
      for (const operation of OPERATIONS) {
        const asker = caller(operation);
        for (const target of foreign) {
          const about = things.get(target) as Things;
          for (const input of askedOf(operation, about)) {
            const answer = await told(world, operation, input, asker);
            const asked = JSON.stringify(input);
            const where = `${operation.name} ${asked}: ${answer.code}`;
            if (marks.test(answer.text)) leaks.push(`${where} tells ${answer.text.slice(0, 300)}`);
            for (const name of [target, about.finding, about.change, about.waiver, about.lease])
              if (answer.text.includes(name) && !asked.includes(name))
                leaks.push(`${where} names ${name}`);
            if (operation.narrows !== true && answer.code !== 'beyond-reach')
              leaks.push(`${where} was let through`);
          }
          const record = recordOf(world, target);
          if (record !== records.get(target)) leaks.push(`${operation.name} changed ${target}`);
          records.set(target, record);
        }
      }
      assert.deepEqual(leaks, []);
    });
  }

  it('is told the same of what is another’s as of what is nowhere', async () => {
    const told_: string[] = [];
    const asker = person([{ ...WHOLE, targets: { ids: [OWN], tags: [] } }]);
    for (const operation of OPERATIONS) {
      const foreign = askedOf(operation, things.get(PARIS) as Things);
      const nowhere = askedOf(operation, { ...NOWHERE, scope: 'acme/paris' });
      for (const [i, input] of foreign.entries()) {
        const other = nowhere[i];
        if (other === undefined) continue;
        const there = await told(world, operation, input, asker);
        const none = await told(world, operation, other, asker);
        if (there.code !== none.code)
          told_.push(`${operation.name} ${JSON.stringify(input)}: ${there.code}, not ${none.code}`);
      }
    }
    assert.deepEqual(told_, []);
  });

  it('refuses whoever lacks the capability, whatever else they hold', async () => {
    for (const operation of OPERATIONS) {
      const caller = person([{ ...WHOLE, capabilities: without(operation.capability) }]);
      for (const input of inputsOf(operation, things.get(OWN) as Things).slice(0, 1)) {
        const { code } = await told(world, operation, input, caller);
        assert.equal(code, 'not-permitted', operation.name);
      }
    }
  });

  it('would be noticed: the owner, asking the same, is shown what is not here', async () => {
    const unproved: string[] = [];
    const asker = person([{ ...WHOLE, targets: { ids: [OWN], tags: [] } }]);
    for (const operation of OPERATIONS) {
      if (operation.narrows !== true) continue;
      const about = things.get(OSLO) as Things;
      let isNoticed = false;
      for (const input of askedOf(operation, about)) {
        const theirs = await told(world, operation, input, asker);
        const owners = await told(world, operation, input, OPERATOR);
        const asked = JSON.stringify(input);
        isNoticed ||= /FOREIGN/.test(owners.text) || owners.code !== theirs.code;
        isNoticed ||= owners.text.includes(about.target) && !asked.includes(about.target);
        if (isNoticed) break;
      }
      if (!isNoticed) unproved.push(operation.name);
    }
    assert.deepEqual(unproved.toSorted(byName), [...GOLDEN.keys()].toSorted(byName));
  });
});
