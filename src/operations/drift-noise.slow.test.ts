/**
 * A month of 20 hosts through the store, the engine and the records as an observation takes them:
 * noise of all sorts opens nothing, and what was planted is found, with the right bounds.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Instant, instant, LATEST, shift } from '#base/time';
import { baselineFacts, blessBaseline } from '#drift';
import { isTrusted, parseInventory } from '#inventory';
import { BASELINE_SOURCE, type Declaration, type Finding, SSH_SOURCE, type Target } from '#model';
import { openMemoryStore, type Store } from '#store';
import {
  type Chance,
  DAY,
  HOUR,
  KINDS,
  MINUTE,
  NoisyHost,
  type Plant,
  type Seen,
} from '#test/noisy-host';
import { SEED } from '#test/seed';
import { readCoverage } from './coverage.ts';
import { DeclaredFacts, DRIFT_RULES, recordedFindings } from './drift-state.ts';
import type { Asking, RecordPowers } from './operation.ts';
import { type DriftTold, recordOne, recordWithDrift, statement } from './record-with-drift.ts';

const DAYS = Number(process.env['HOLDFAST_NOISE_DAYS'] ?? 30);
const HOSTS = Number(process.env['HOLDFAST_NOISE_HOSTS'] ?? 20);
/** Hours between two looks, on the mean. */
const EVERY = Number(process.env['HOLDFAST_NOISE_HOURS'] ?? 10);
const BEGIN = instant('2026-03-01T00:00:00Z');
const END = shift(BEGIN, DAYS * DAY);

type Look = { readonly at: Instant; readonly recordedAt: Instant; readonly seen: Seen };

describe('a month of noise on twenty hosts', () => {
  it('opens nothing, and what is planted is found with the right bounds', {
    timeout: 600_000,
  }, async () => {
    const chance = chanceOf(SEED);
    const plants = plantAll(chance);
    assert.ok(plants.length >= HOSTS * 3);
    const fleet = parseInventory(
      `version: 1\ntargets:\n${Array.from({ length: HOSTS }, (_, i) => `  host:h${i}:\n    hostType: debian\n    staleAfter: ${EVERY * 3}h\n`).join('')}`,
      'fleet.yaml',
    );
    const found: Finding[] = [];
    const wrong: string[] = [];
    let looksInAll = 0;
    for (let i = 0; i < HOSTS; i++) {
      await using store = openMemoryStore();
      const target = fleet.byId.get(`host:h${i}`) as Target;
      const mine = plants.filter(({ host }) => host === i);
      const host = new NoisyHost(`h${i}`, mine, BEGIN, DAYS, chance);
      const looks = looksOf(host, chance);
      looksInAll += looks.length;
      const world = new World(store, target, fleet);
      const opened = new Map<string, Finding>();
      const everOpened = new Set<string>();
      await world.record({ at: BEGIN, recordedAt: BEGIN, seen: quiet(host) });
      await world.bless();
      for (const look of looks.toSorted((a, b) => a.recordedAt - b.recordedAt)) {
        const told = await world.record(look);
        const isLate = look.recordedAt - look.at > MINUTE;
        if (!isLate && told.opened.length + told.resolved.length === 0) continue;
        for (const id of told.opened) everOpened.add(id);
        for (const finding of world.findings()) {
          const { id, status } = finding;
          if (!everOpened.has(id)) continue;
          if (status !== 'open' && !told.resolved.includes(id)) continue;
          opened.set(id, finding);
          const planted = mine.find((plant) => isOf(plant, finding));
          if (planted === undefined) wrong.push(telling(finding));
        }
      }
      for (const plant of mine) {
        const its = [...opened.values()].filter((finding) => isOf(plant, finding));
        if (its.length === 0) wrong.push(`not found: ${JSON.stringify(plant)}`);
        for (const finding of its) {
          found.push(finding);
          const problem = boundsProblem(plant, finding, looks, host);
          if (problem !== undefined) wrong.push(`${problem}: ${telling(finding)}`);
        }
      }
    }
    assert.deepEqual([...new Set(wrong)].slice(0, 20), []);
    assert.ok(looksInAll >= (HOSTS * DAYS * 24) / EVERY, `${looksInAll} looks`);
    assert.deepEqual(
      new Set(found.map(({ kind }) => kind)),
      new Set(['changed', 'missing', 'unexpected', 'unknown']),
    );
    assert.deepEqual(new Set(found.map(({ declared }) => declared)), new Set(['blessed', 'cis']));
  });
});

/** It began after the last look that saw it as declared, and not after the first that did not. */
function boundsProblem(
  plant: Plant,
  finding: Finding,
  looks: readonly Look[],
  host: NoisyHost,
): string | undefined {
  const kind = plant.entity.slice(0, plant.entity.indexOf(':'));
  const whole = [...looks, { at: BEGIN, seen: quiet(host) }]
    .filter(({ seen }) => seen.complete.includes(kind))
    .map(({ at }) => at)
    .toSorted((a, b) => a - b);
  const lastGood = whole.findLast((at) => at < plant.from);
  const covering =
    plant.kind === 'unknown'
      ? looks.filter(({ seen }) => seen.shortfalls.some((each) => each.kind === kind))
      : looks.filter(({ seen }) => showing(plant, seen));
  const firstBad = covering
    .map(({ at }) => at)
    .filter((at) => at >= plant.from && (plant.until === null || at < plant.until))
    .toSorted((a, b) => a - b)[0];
  if (finding.notBefore !== null && finding.notBefore >= plant.from) return 'notBefore is too late';
  if (finding.firstSeen < plant.from) return 'firstSeen is too early';
  if (finding.firstSeen !== firstBad) return `firstSeen is not the first look ${firstBad}`;
  // A look in part may have seen the very thing since.
  if (finding.notBefore === null || finding.notBefore < (lastGood ?? 0))
    return `notBefore is earlier than the last look ${lastGood}`;
  return undefined;
}

function showing(plant: Plant, seen: Seen): boolean {
  const kind = plant.entity.slice(0, plant.entity.indexOf(':'));
  if (plant.kind === 'missing') return seen.complete.includes(kind);
  return seen.facts.some(
    ({ entity, attribute }) =>
      entity === plant.entity && (plant.attribute === '*' || attribute === plant.attribute),
  );
}

function isOf(plant: Plant, finding: Finding): boolean {
  if (plant.kind === 'unknown') return finding.kind === 'unknown';
  return finding.entity === plant.entity && finding.kind === plant.kind;
}

function telling(finding: Finding): string {
  const { target, baseline, entity, attribute, kind, firstSeen, lastSeen, notBefore } = finding;
  const times = [notBefore, firstSeen, lastSeen].map((at) => (at === null ? '-' : at - BEGIN));
  return `${target} ${baseline} ${kind} ${entity} ${attribute} ${JSON.stringify(finding.observed)} ${times.join(' ')}`;
}

/** As it was when it was blessed: before any noise. */
function quiet(host: NoisyHost): Seen {
  const calm = new NoisyHost(host.name, [], shift(BEGIN, DAY), 0, () => 0.5);
  return calm.look(BEGIN);
}

/** Looks every few hours, sooner after one that fell short; some reach us late, and clocks jump. */
function looksOf(host: NoisyHost, chance: Chance): readonly Look[] {
  const looks: Look[] = [];
  let tries = 0;
  // Late enough that a clock which jumps back does not reach behind the blessing.
  let at = shift(BEGIN, 40 * MINUTE);
  while (at < END) {
    const seen = host.look(at);
    const isLate = chance() < 0.02;
    const jumps = chance() < 0.01;
    const recordedAt = shift(at, isLate ? Math.floor((1 + 6 * chance()) * HOUR) : 1_000);
    looks.push({ at, recordedAt: jumps ? shift(recordedAt, -30 * MINUTE) : recordedAt, seen });
    tries = seen.shortfalls.length > 0 ? tries + 1 : 0;
    const soon = tries === 1 || tries === 2 || chance() < 0.05;
    at = shift(
      at,
      Math.floor(soon ? (6 + 4 * chance()) * MINUTE : EVERY * (0.5 + chance()) * HOUR),
    );
  }
  return looks;
}

function plantAll(chance: Chance): readonly Plant[] {
  const plants: Plant[] = [];
  const add = (
    host: number,
    kind: Plant['kind'],
    entity: string,
    attribute: string,
    value: Plant['value'],
    lasts: number | null,
    from = shift(BEGIN, Math.floor(DAY + chance() * (DAYS - 5) * DAY)),
  ): void => {
    plants.push({
      host,
      kind,
      entity: entity.replace(':', `:h${host}/`),
      attribute,
      value,
      from,
      until: lasts === null ? null : shift(from, lasts),
    });
  };
  for (let host = 0; host < HOSTS; host++) {
    // Security is told of one look; what flaps must last.
    add(host, 'unexpected', 'user:eve', '*', { uid: 1666, shell: '/bin/sh' }, 30 * HOUR);
    add(host, 'changed', 'service:app.service', 'state.active', 'failed', 40 * HOUR);
    const third = host % 4;
    if (third === 0) add(host, 'missing', 'package:curl', '*', null, null);
    if (third === 1) add(host, 'changed', 'file:/etc/ssh/sshd_config', 'mode', '0644', null);
    if (third === 2) add(host, 'changed', 'package:openssl', 'version', '3.0.9-1', 36 * HOUR);
    if (third === 3)
      add(host, 'changed', 'kernel_parameter:net.ipv4.ip_forward', 'value', '1', null);
    if (host % 5 === 1)
      add(host, 'unexpected', 'port:tcp/0.0.0.0:4444', '*', { port: 4444 }, 30 * HOUR);
    if (host % 5 === 2) add(host, 'missing', 'sshd_setting:allowusers', '*', null, null);
    if (host % 5 === 3) add(host, 'changed', 'container:web', 'image', 'web:2', null);
    if (host % 5 === 4) add(host, 'changed', 'group:adm', 'members', ['ada', 'eve'], null);
    // Of a host that answers nobody nothing else is found: what passes again has passed by then.
    const passed = plants.map((each) => (each.host === host ? (each.until ?? BEGIN) : BEGIN));
    if (host % 5 === 0)
      add(host, 'unknown', 'service:*', '*', null, 30 * HOUR, instantAfter(passed));
  }
  return plants;
}

function instantAfter(moments: readonly Instant[]): Instant {
  return shift(BEGIN, Math.max(...moments) - BEGIN + HOUR);
}

const ALWAYS = { asOf: LATEST, knownAt: LATEST };

class World {
  readonly #store: Store;
  readonly #target: Target;
  readonly #asking: Asking;
  readonly #declared: DeclaredFacts;
  #now = BEGIN;
  #count = 0;

  constructor(store: Store, target: Target, inventory: Asking['inventory']) {
    this.#store = store;
    this.#target = target;
    this.#asking = { inventory, caller: { principal: 'service:holdfast' } } as unknown as Asking;
    const declarations = [hardening(target)];
    this.#declared = new DeclaredFacts({
      declarations: () => declarations,
      rules: () => [],
      isSigned: () => false,
    });
  }

  async record({ recordedAt, seen }: Look): Promise<DriftTold> {
    return this.#write(recordedAt, (powers) => {
      const observation = {
        ...seen,
        scope: this.#target.scope,
        target: this.#target.id,
        source: SSH_SOURCE,
        type: 'observed' as const,
        actor: 'service:holdfast',
        reason: null,
        sha256: '0'.repeat(64),
      };
      return recordWithDrift([observation], this.#target, powers, this.#asking).drift;
    });
  }

  async bless(): Promise<void> {
    await this.#write(shift(BEGIN, MINUTE), (powers) => {
      const at = powers.moment();
      const { scope, id } = this.#target;
      const filter = { scopes: [scope], target: id, type: 'observed' as const };
      const { inventory } = this.#asking;
      const request = {
        id: 'baseline_1',
        name: 'good',
        scope,
        target: id,
        blessedAt: at.asOf,
        knownAt: at.knownAt,
        blessedBy: 'ada',
        reason: 'fresh',
      };
      const baseline = blessBaseline(request, {
        facts: powers.facts.each(filter, at),
        coverage: readCoverage(powers.facts, filter, at, inventory),
        isTrusted: (source, kind) => isTrusted(inventory, id, source, kind),
        rules: DRIFT_RULES,
      });
      const facts = baselineFacts(baseline);
      recordOne(
        statement(this.#target, BASELINE_SOURCE, 'known_good', facts, powers, this.#asking),
        powers,
      );
    });
  }

  findings(): readonly Finding[] {
    return recordedFindings(this.#store.read, this.#target, ALWAYS);
  }

  async #write<T>(now: Instant, act: (powers: RecordPowers) => T): Promise<T> {
    this.#now = now;
    return this.#store.write((transaction) => {
      const last = (): number => transaction.reader.lastRecordedAt() ?? 0;
      return act({
        transaction,
        facts: transaction.reader,
        declared: this.#declared,
        recordedAt: () => Math.max(this.#now, last() + 1) as Instant,
        newId: (prefix) => `${prefix}_${(this.#count += 1)}`,
        moment: () => ({ asOf: this.#now, knownAt: Math.max(this.#now, last()) as Instant }),
      });
    });
  }
}

/** Another source of "should", with the tests that a baseline has not. */
function hardening(target: Target): Declaration {
  const name = target.id.slice('host:'.length);
  const because = (id: string): Declaration['expectations'][number]['because'] => ({
    id,
    title: id,
    rationale: null,
    remediation: null,
    reference: null,
    at: null,
  });
  const common = { where: [], source: null, severity: null } as const;
  return {
    id: 'cis:small',
    kind: 'cis',
    name: 'small',
    scope: target.scope,
    target: target.id,
    expectations: [
      {
        ...common,
        entity: `sshd_setting:${name}/permitrootlogin`,
        attribute: 'value',
        test: { op: 'one-of', values: ['no', 'prohibit-password'] },
        because: because('ssh'),
      },
      {
        ...common,
        entity: 'user:*',
        attribute: '*',
        test: { op: 'absent' },
        where: [{ attribute: 'uid', test: { op: 'at-least', value: 1_500 } }],
        because: because('users'),
      },
      {
        ...common,
        entity: `package:${name}/openssl`,
        attribute: 'version',
        test: { op: 'version-at-least', version: '3.0.11-1~deb12u1' },
        because: because('openssl'),
      },
      {
        ...common,
        entity: 'service:*',
        attribute: 'state.active',
        test: { op: 'equals', value: 'active' },
        because: because('services'),
      },
    ],
    closed: [],
    needs: KINDS.filter((kind) => kind === 'service').map((kind) => ({ kind, source: null })),
    since: null,
    digest: 'sha256:0',
  };
}

/** Mulberry32. */
function chanceOf(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
