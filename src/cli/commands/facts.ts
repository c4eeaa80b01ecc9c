import { Fault } from '#base/fault';
import { parseJson } from '#base/json';
import { LIMITS } from '#base/limits';
import { renderAnything } from '../render/anything.ts';
import { renderComparison, renderFacts, renderHistory, renderReceipt } from '../render/facts.ts';
import { readAll } from './reading.ts';
import {
  AS_OF,
  type CommandSpec,
  CURSOR,
  given,
  KIND,
  KNOWN_AT,
  LIMIT,
  moments,
  SCOPE,
  SOURCE,
  TARGET,
  TYPE,
} from './spec.ts';

export const query: CommandSpec = {
  usage: 'query [entity]',
  summary: 'show what is true, or was: facts with their age and how well they are known',
  more: 'ENTITY is kind:key; * is any run of characters.',
  examples: [
    "query 'user:*'",
    "query 'package:*/openssl' --json",
    "query --kind port --target web-1 --as-of '2h ago'",
  ],
  options: [
    KIND,
    TARGET,
    SOURCE,
    { flags: '--attribute <attribute>', about: 'this attribute; * is any run of characters' },
    { flags: '--text <text>', about: 'part of entity, attribute or value, any case' },
    TYPE,
    AS_OF,
    KNOWN_AT,
    LIMIT,
    CURSOR,
    SCOPE,
  ],
  async run(desk, [entity], options) {
    await desk.answer(
      'query_facts',
      {
        ...(entity === undefined ? {} : { entity }),
        ...given(options, 'kind', 'target', 'source', 'attribute', 'text', 'type'),
        ...moments(desk, options, 'asOf', 'knownAt'),
        ...given(options, 'limit', 'cursor', 'scope'),
      },
      renderFacts,
    );
  },
};

export const history: CommandSpec = {
  usage: 'history <entity> [attribute]',
  summary: 'show every version of a fact: when it was true, when it was recorded, by whom',
  examples: ['history port:web-1/tcp/0.0.0.0/22', 'history user:web-1/alice shell --json'],
  options: [TARGET, SOURCE, TYPE, LIMIT, CURSOR, SCOPE],
  async run(desk, [entity, attribute], options) {
    await desk.answer(
      'fact_history',
      {
        entity: entity ?? '',
        ...(attribute === undefined ? {} : { attribute }),
        ...given(options, 'target', 'source', 'type', 'limit', 'cursor', 'scope'),
      },
      renderHistory,
    );
  },
};

export const diff: CommandSpec = {
  usage: 'diff [entity]',
  summary: 'show what changed between two moments, or between two beliefs about one',
  examples: [
    'diff --from yesterday --to now',
    "diff --from '2h ago' --kind package",
    'diff --from 2026-01-31 --from-known-at 2026-01-31 --to 2026-01-31',
  ],
  options: [
    { flags: '--from <time>', about: 'the earlier moment', mandatory: true },
    { flags: '--to <time>', about: 'the later moment; default now' },
    { flags: '--from-known-at <time>', about: 'the earlier one as believed then' },
    { flags: '--to-known-at <time>', about: 'the later one as believed then' },
    KIND,
    TARGET,
    LIMIT,
    CURSOR,
    SCOPE,
  ],
  async run(desk, [entity], options) {
    const { from, to, fromKnownAt, toKnownAt } = moments(
      desk,
      options,
      'from',
      'to',
      'fromKnownAt',
      'toKnownAt',
    );
    await desk.answer(
      'compare_facts',
      {
        from: {
          ...(from === undefined ? {} : { asOf: from }),
          ...(fromKnownAt === undefined ? {} : { knownAt: fromKnownAt }),
        },
        to: {
          ...(to === undefined ? {} : { asOf: to }),
          ...(toKnownAt === undefined ? {} : { knownAt: toKnownAt }),
        },
        ...(entity === undefined ? {} : { entity }),
        ...given(options, 'kind', 'target', 'limit', 'cursor', 'scope'),
      },
      renderComparison,
    );
  },
};

export const ingest: CommandSpec = {
  usage: 'ingest <file>',
  summary: 'record what another tool observed, from a JSON file or - for standard input',
  more: `The JSON is {source, target, observedAt, complete?, facts: [{entity, attribute, value, validFrom?, validTo?}], reason?, idempotencyKey?}.
Source and target must be declared first: holdfast target add host:x --source probe`,
  examples: ['ingest observation.json', 'ingest - --json < observation.json'],
  async run(desk, [file = '-']) {
    const bytes = await readAll(desk.io, file, LIMITS.requestBytes);
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (cause) {
      throw new Fault('invalid', 'invalid-json', `not UTF-8: ${file}`, { cause });
    }
    await desk.answer('ingest_observation', parseJson(text, file), renderReceipt);
  },
};

export const describe: CommandSpec = {
  usage: 'describe [section]',
  summary: 'show which targets exist, what may be asked, and in which words',
  argumentChoices: ['overview', 'kinds', 'vocabulary', 'coverage'],
  examples: ['describe', 'describe kinds --kind port', 'describe coverage --json'],
  options: [{ flags: '--kind <kind>', about: 'with kinds: one kind in full' }, SCOPE],
  async run(desk, [section], options) {
    await desk.answer(
      'describe_system',
      { ...(section === undefined ? {} : { section }), ...given(options, 'kind', 'scope') },
      renderAnything,
    );
  },
};
