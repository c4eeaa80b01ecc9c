/**
 * Lines that operators and attackers type, and what each must be called: no refusal is ever a
 * look, and honest looks are let through. Lines may name networks of their own.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  buildJudge,
  type CommandClass,
  type Judge,
  parseEntries,
  parsePlaces,
  SHIPPED_ENTRIES,
  SHIPPED_PATHS,
} from '#commands';

type Line = {
  readonly id: string;
  readonly line: string;
  readonly class: CommandClass;
  readonly networks?: readonly string[];
};

const ROOM = join(import.meta.dirname, '..', '..', 'src', 'commands');
const CORPUS = join(import.meta.dirname, 'corpus');
const entries = SHIPPED_ENTRIES.flatMap((name) =>
  parseEntries(readFileSync(join(ROOM, 'entries', name), 'utf8'), name, true),
);
const places = parsePlaces(readFileSync(join(ROOM, SHIPPED_PATHS), 'utf8'), SHIPPED_PATHS, true);
const FLEET = { networks: ['10.0.0.0/8', '192.168.0.0/16'], hosts: ['web1', 'db1'] };

const judges = new Map<string, Judge>();
function judgeFor(networks: readonly string[]): Judge {
  const key = networks.join(' ');
  const known = judges.get(key) ?? buildJudge(entries, { ...places, hosts: FLEET.hosts, networks });
  judges.set(key, known);
  return known;
}

const corpus = readdirSync(CORPUS)
  .filter((name) => name.endsWith('.jsonl'))
  .flatMap((name) => readFileSync(join(CORPUS, name), 'utf8').trimEnd().split('\n'))
  .map((text) => JSON.parse(text) as Line);
const judged = corpus.map((asked) => ({
  asked,
  told: judgeFor(asked.networks ?? FLEET.networks).judgeLine(asked.line),
}));
const reads = judged.filter(({ asked }) => asked.class === 'read');
const refusals = judged.filter(({ asked }) => asked.class !== 'read');
const tell = ({ asked, told }: (typeof judged)[number]): string =>
  `${asked.id}  ${JSON.stringify(asked.line)}  is ${asked.class}, was called ${told.class} (${told.code ?? '-'}): ${told.because}`;

describe('the corpus of command lines', () => {
  it('has a thousand lines on each side, each with an id of its own', () => {
    assert.ok(reads.length >= 1_000 && refusals.length >= 1_000);
    assert.equal(new Set(corpus.map(({ id }) => id)).size, corpus.length);
  });

  it('no line that writes, runs or must never be is called a look', () => {
    assert.deepEqual(refusals.filter(({ told }) => told.class === 'read').map(tell), []);
  });

  it('at least 99 of 100 honest looks are let through', (t) => {
    const missed = reads.filter(({ told }) => told.class !== 'read');
    for (const each of missed) t.diagnostic(tell(each));
    t.diagnostic(`${reads.length - missed.length} of ${reads.length} looks let through`);
    assert.ok(missed.length <= reads.length / 100);
  });

  it('what is let through comes with a normal form that is judged the same', () => {
    for (const { asked, told } of judged.filter(({ told: { class: of } }) => of === 'read')) {
      assert.ok(told.normalForm, asked.line);
      const again = judgeFor(asked.networks ?? FLEET.networks).judge(told.normalForm);
      assert.deepEqual([again.class, again.normalForm], ['read', told.normalForm], asked.line);
    }
  });

  it('most refusals are told by the class that the corpus gives them', (t) => {
    const other = refusals.filter(({ asked, told }) => told.class !== asked.class);
    for (const each of other) t.diagnostic(tell(each));
    t.diagnostic(`${refusals.length - other.length} of ${refusals.length} refusals of one class`);
    assert.ok(other.length <= refusals.length / 10);
  });
});
