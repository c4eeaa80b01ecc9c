/** Plays a history to a server over MCP and to the reference, and says where they part. */
import assert from 'node:assert/strict';
import {
  ATTRIBUTES,
  type Filter,
  type History,
  type PlannedMoment,
  type Step,
  type When,
} from './history-generator.ts';
import {
  entityOf,
  filterInput,
  matches,
  type Names,
  namesOf,
  SOURCES,
} from './history-questions.ts';
import { type Row, same, streamOf, without } from './history-rows.ts';
import { nowMicros, parse, write } from './history-times.ts';
import type { Asked, McpClient } from './mcp-client.ts';
import {
  canonical,
  kindOf,
  type Listed,
  type Micros,
  type Moment,
  ReferenceFacts,
  type Run,
  type Version,
} from './reference-facts.ts';

type Ingest = Extract<Step, { do: 'ingest' }>;

/** A fleet with the targets of these histories, each under its name. */
export function fleetFor(histories: Iterable<readonly [string, History]>): string {
  const targets = new Set(['host:web-1', 'host:web-2']);
  for (const [name, history] of histories) {
    for (const target of namesOf(history, name).targets) targets.add(target);
  }
  const sources = '    sources:\n      - name: probe\n      - name: other\n';
  return `version: 1\ntargets:\n${[...targets].map((id) => `  ${id}:\n    hostType: debian\n${sources}`).join('')}`;
}

export async function play(history: History, name: string, client: McpClient): Promise<void> {
  const player = new Player(history, namesOf(history, name), client);
  for (const [n, step] of history.steps.entries()) {
    try {
      await player.step(step);
    } catch (error) {
      throw new Error(`step ${n}, ${step.do}: ${(error as Error).message}`, { cause: error });
    }
  }
}

class Player {
  readonly #history: History;
  readonly #names: Names;
  readonly #client: McpClient;
  readonly #reference = new ReferenceFacts();
  #last: { input: Row; answer: Asked } | undefined;
  #keys = 0;

  constructor(history: History, names: Names, client: McpClient) {
    this.#history = history;
    this.#names = names;
    this.#client = client;
  }

  async step(step: Step): Promise<void> {
    switch (step.do) {
      case 'ingest':
        return this.#ingest(step);
      case 'again':
        return this.#again();
      case 'query':
        return this.#query(step);
      case 'history':
        return this.#versions(step);
      case 'compare':
        return this.#compare(step);
    }
  }

  async #ingest(step: Ingest): Promise<void> {
    const { targets, kinds } = this.#names;
    const target = targets[step.target] as string;
    const source = SOURCES[step.source] as string;
    const observedAt = this.#micros(step.observedAt);
    const complete = step.complete?.map((kind) => kinds[kind] as string);
    const planned = step.facts.map((fact) => ({
      entity: entityOf(this.#names, fact.kind, fact.key),
      attribute: this.#attribute(fact.attribute),
      value: fact.value,
      from: fact.validFrom,
      to: fact.validTo,
    }));
    const input = {
      target,
      source,
      observedAt: this.#text(step.observedAt),
      ...(complete === undefined ? {} : { complete }),
      facts: planned.map(({ from, to, ...fact }) => ({
        ...fact,
        ...(from === undefined ? {} : { validFrom: this.#text(from) }),
        ...(to === undefined ? {} : { validTo: this.#text(to) }),
      })),
      ...(step.reason === undefined ? {} : { reason: step.reason }),
      ...(step.key === true ? { idempotencyKey: `${this.#names.prefix}${(this.#keys += 1)}` } : {}),
    };
    const facts: Listed[] = planned.map(({ from, to, ...fact }) => ({
      ...fact,
      ...(from === undefined ? {} : { validFrom: this.#micros(from) }),
      ...(to === undefined ? {} : { validTo: this.#micros(to) }),
    }));
    const answer = await this.#client.ask('ingest_observation', input);
    const refusal = this.#reference.refusal(facts, observedAt);
    if (refusal !== undefined) {
      assert.ok(
        ['duplicate-stream', 'invalid-interval'].includes(String(answer.code)),
        JSON.stringify(answer),
      );
      return;
    }
    assert.equal(answer.code, undefined, JSON.stringify(input));
    const { observationId, recordedAt, ...counts } = answer.value as Row;
    const at = parse(recordedAt);
    const before = this.#reference.observations.at(-1)?.recordedAt ?? -Infinity;
    assert.ok(at > before, `recordedAt ${String(recordedAt)} is not after the one before`);
    const receipt = this.#reference.apply({
      id: observationId as string,
      recordedAt: at,
      target,
      source,
      observedAt,
      complete: complete ?? [],
      facts,
      reason: step.reason ?? null,
    });
    assert.deepEqual(counts, receipt, `receipt of ${JSON.stringify(input)}`);
    this.#last = { input, answer };
  }

  /** With a key nothing happens twice; without one it is an observation of its own. */
  async #again(): Promise<void> {
    const last = this.#last;
    if (last === undefined || !('idempotencyKey' in last.input)) return;
    const answer = await this.#client.ask('ingest_observation', last.input);
    assert.deepEqual(answer, last.answer, 'the same idempotencyKey');
  }

  async #query(step: Extract<Step, { do: 'query' }>): Promise<void> {
    const moment = this.#moment(step.moment);
    const input = { ...filterInput(this.#names, step.filter), ...this.#asked(step.moment) };
    const before = nowMicros();
    const { rows, coverage } = await this.#pages('query_facts', input, 'facts', step.limit);
    const after = nowMicros();
    const expected = this.#reference
      .factsAt({ ...moment, asOf: moment.asOf ?? before })
      .filter((run) => matches(this.#names, step.filter, run));
    const context = JSON.stringify(input);
    const ages = rows.map(({ ageSeconds, ...row }) => ({ ageSeconds, stream: streamOf(row) }));
    same(
      rows.map((row) => without(row, 'ageSeconds', 'scope')),
      expected.map(versionRow).map((row) => ({ ...row, supersededAt: null })),
      context,
    );
    for (const run of expected) {
      const { ageSeconds } = ages.find((each) => each.stream === streamOf(run)) as {
        ageSeconds: unknown;
      };
      const least = age(run.confirmedAt, moment.asOf ?? before);
      const most = age(run.confirmedAt, moment.asOf ?? after);
      assert.ok(
        typeof ageSeconds === 'number' && ageSeconds >= least && ageSeconds <= most,
        `ageSeconds ${String(ageSeconds)} is not ${least} to ${most} of ${streamOf(run)} in ${context}`,
      );
    }
    this.#coverage(coverage, expected, { ...moment, asOf: moment.asOf ?? before }, context);
  }

  /** Whatever an answer shows is covered, and nothing is complete that nobody listed completely. */
  #coverage(rows: readonly Row[], shown: readonly Run[], moment: Moment, context: string): void {
    const { asOf } = moment;
    const { kinds, targets } = this.#names;
    for (const row of rows) {
      if (!kinds.includes(row['kind'] as string) || !targets.includes(row['target'] as string))
        continue;
      const observations = this.#reference.observations.filter(
        (each) =>
          each.target === row['target'] &&
          each.source === row['source'] &&
          each.recordedAt <= moment.knownAt &&
          each.observedAt <= asOf &&
          (each.complete.includes(row['kind'] as string) ||
            each.facts.some((fact) => kindOf(fact.entity) === row['kind'])),
      );
      const whole = observations.filter((each) => each.complete.includes(row['kind'] as string));
      if (observations.length === 0) {
        assert.equal(row['status'], 'never', `${JSON.stringify(row)} in ${context}`);
        assert.equal(row['observedAt'], null);
        continue;
      }
      // The newest that listed the kind completely decides; where none did, the newest that listed any.
      const newest = Math.max(
        ...(whole.length > 0 ? whole : observations).map((each) => each.observedAt),
      );
      const status =
        asOf - newest > 15 * 60_000_000 ? 'stale' : whole.length > 0 ? 'complete' : 'partial';
      const where = `${JSON.stringify(row)} in ${context}`;
      assert.equal(parse(row['observedAt']), newest, where);
      assert.equal(row['status'], status, where);
      const age = Math.floor((asOf - newest) / 1_000_000);
      assert.ok(Number(row['ageSeconds']) - age <= 1 && Number(row['ageSeconds']) >= age, where);
    }
    const covered = new Set(
      rows.map((row) => JSON.stringify([row['target'], row['source'], row['kind']])),
    );
    for (const run of shown) {
      // A fact that was only seen by looking back from later has no coverage of its own moment.
      const isSeen = this.#reference.observations.some(
        (each) =>
          each.target === run.target &&
          each.source === run.source &&
          each.recordedAt <= moment.knownAt &&
          each.observedAt <= asOf &&
          each.facts.some((fact) => kindOf(fact.entity) === kindOf(run.entity)),
      );
      if (!isSeen) continue;
      const key = JSON.stringify([run.target, run.source, kindOf(run.entity)]);
      assert.ok(covered.has(key), `${key} has no coverage in ${context}`);
    }
  }

  async #versions(step: Extract<Step, { do: 'history' }>): Promise<void> {
    const { kind, key, target, source, attribute } = step.filter;
    const shape = ['kind', 'text'].includes(step.filter.shape) ? 'all' : step.filter.shape;
    const filter = trimmed({ shape, kind, key, target, source, attribute });
    const input = filterInput(this.#names, filter);
    const { rows } = await this.#pages('fact_history', input, 'versions', step.limit);
    same(
      rows.map((row) => without(row, 'scope')),
      this.#reference
        .versions()
        .filter((run) => matches(this.#names, filter, run))
        .map((run) => ({
          ...versionRow(run),
          actor: 'assistant:stdio',
          reason: run.reason,
          observationId: run.observationId,
        })),
      JSON.stringify(input),
    );
  }

  async #compare(step: Extract<Step, { do: 'compare' }>): Promise<void> {
    const { kind, key, target } = step.filter;
    const shape = step.filter.shape === 'text' ? 'all' : step.filter.shape;
    const filter = trimmed({ shape, kind, key, target });
    const input = {
      ...filterInput(this.#names, filter),
      from: this.#asked(step.from),
      to: this.#asked(step.to),
    };
    const now = nowMicros();
    const side = (planned: PlannedMoment): Map<string, Run> => {
      const moment = this.#moment(planned);
      return new Map(
        this.#reference
          .factsAt({ ...moment, asOf: moment.asOf ?? now })
          .filter((run) => matches(this.#names, filter, run))
          .map((run) => [streamOf(run), run]),
      );
    };
    const [from, to] = [side(step.from), side(step.to)];
    const expected = [...new Set([...from.keys(), ...to.keys()])].flatMap((stream) => {
      const [before, after] = [from.get(stream), to.get(stream)];
      if (before && after && canonical(before.value) === canonical(after.value)) return [];
      const { entity, attribute, target: of, source } = (before ?? after) as Run;
      const list = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
      return [
        {
          list,
          entity,
          attribute,
          target: of,
          source,
          ...(before === undefined ? {} : { before: before.value }),
          ...(after === undefined ? {} : { after: after.value }),
        },
      ];
    });
    const rows: Row[] = [];
    for await (const page of this.#each('compare_facts', input, step.limit)) {
      for (const list of ['added', 'removed', 'changed']) {
        for (const row of page[list] as Row[]) rows.push({ list, ...without(row, 'scope') });
      }
    }
    same(rows, expected, JSON.stringify(input));
  }

  async #pages(
    tool: string,
    input: Row,
    list: string,
    limit?: number,
  ): Promise<{ rows: Row[]; coverage: Row[] }> {
    const rows: Row[] = [];
    const coverage: Row[] = [];
    for await (const page of this.#each(tool, input, limit)) {
      rows.push(...(page[list] as Row[]));
      coverage.push(...((page['coverage'] as Row[] | undefined) ?? []));
    }
    return { rows, coverage };
  }

  async *#each(tool: string, input: Row, limit?: number): AsyncGenerator<Row> {
    let cursor: unknown = null;
    do {
      const answer = await this.#client.ask(tool, {
        ...input,
        ...(limit === undefined ? {} : { limit }),
        ...(cursor === null ? {} : { cursor }),
      });
      assert.equal(answer.code, undefined, `${tool} ${JSON.stringify(input)}`);
      yield answer.value as Row;
      cursor = (answer.value as Row)['nextCursor'];
    } while (cursor !== null);
  }

  #attribute(attribute: number): string {
    const name = ATTRIBUTES[attribute] as string;
    return this.#history.isRegistered ? `x.${name}` : name;
  }

  #moment(planned: PlannedMoment): AskedMoment {
    return {
      asOf: planned.asOf === undefined ? undefined : this.#micros(planned.asOf),
      knownAt: planned.knownAt === undefined ? Infinity : this.#micros(planned.knownAt),
    };
  }

  #asked(planned: PlannedMoment): Row {
    return {
      ...(planned.asOf === undefined ? {} : { asOf: this.#text(planned.asOf) }),
      ...(planned.knownAt === undefined ? {} : { knownAt: this.#text(planned.knownAt) }),
    };
  }

  #micros(when: When): Micros {
    const plus = when.plusMicros ?? 0;
    if (typeof when.at === 'number') {
      const moment = parse(this.#history.origin) + when.at * this.#history.stepMicros + plus;
      return Math.min(Math.max(moment, parse('1900-01-01T00:00:00Z')), LAST);
    }
    const { observations } = this.#reference;
    const chosen = observations[when.at.recorded % Math.max(observations.length, 1)];
    return (chosen?.recordedAt ?? parse('2026-01-01T00:00:00Z')) + plus;
  }

  #text(when: When): string {
    return write(this.#micros(when), when.style);
  }
}

type AskedMoment = { readonly asOf: Micros | undefined; readonly knownAt: Micros };

const LAST = parse('2199-12-31T23:59:59.999999Z');

function trimmed(filter: { readonly [K in keyof Filter]: Filter[K] | undefined }): Filter {
  return Object.fromEntries(
    Object.entries(filter).filter(([, value]) => value !== undefined),
  ) as unknown as Filter;
}

function age(confirmedAt: Micros, asOf: Micros): number {
  return Math.floor((asOf - confirmedAt) / 1_000_000);
}

function versionRow(run: Version): Row {
  const { target, source, entity, attribute, value } = run;
  return {
    entity,
    attribute,
    value,
    type: 'observed',
    target,
    source,
    validFrom: write(run.validFrom, 6),
    validTo: run.validTo === null ? null : write(run.validTo, 6),
    recordedAt: write(run.recordedAt, 6),
    supersededAt: run.supersededAt === null ? null : write(run.supersededAt, 6),
  };
}
