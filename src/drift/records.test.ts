import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instant } from '#base/time';
import type { Baseline } from '#model';
import { throwsFault } from '#test/throws-fault';
import { reconcileFindings } from './reconcile.ts';
import {
  baselineFacts,
  baselineFromFacts,
  findingFacts,
  findingFromFacts,
  groupRecords,
  type RecordedFact,
  type RecordFact,
  reconciledFacts,
  waiverFacts,
  waiverFromFacts,
} from './records.ts';
import { aFinding, asDifference, aWaiver, LIFE, later, local, noon, web } from './samples.ts';

const tomorrow = instant('2026-03-02T12:00:00Z');
const aBaseline: Baseline = {
  id: 'baseline_1',
  name: 'good',
  scope: 'main/main',
  target: web,
  covers: [{ source: local, kind: 'user' }],
  kinds: ['user'],
  leftOut: [{ source: local, kind: 'package', status: 'partial', reason: null }],
  passedOver: ['service load'],
  blessedAt: noon,
  knownAt: later,
  amended: [
    {
      entity: 'user:web-1/ada',
      attribute: '*',
      at: noon,
      knownAt: later,
      by: 'operator:ada',
      reason: 'she left',
    },
  ],
  digest: 'sha256:00',
  facts: 3,
  blessedBy: 'ada',
  reason: 'after the release',
  signature: 'unsigned',
  status: 'active',
};

/** A store as far as records need one: the newest value of each attribute, and when it was confirmed. */
class Book {
  readonly #facts = new Map<string, RecordedFact>();

  record(facts: readonly RecordFact[], confirmedAt: typeof noon): readonly RecordFact[] {
    const changed = facts.filter((fact) => {
      const key = `${fact.entity} ${fact.attribute}`;
      const before = this.#facts.get(key);
      this.#facts.set(key, { ...fact, scope: 'main/main', target: web, confirmedAt });
      return JSON.stringify(before?.value) !== JSON.stringify(fact.value);
    });
    return changed;
  }

  facts(): RecordedFact[] {
    return [...this.#facts.values()];
  }
}

function reconcile(book: Book, findings: readonly ReturnType<typeof aFinding>[]): RecordFact[] {
  const previous = groupRecords(book.facts()).map(findingFromFacts);
  const current = { findings: findings.map(asDifference), unsure: [] };
  const exceptions = { waivers: [], ignores: [] };
  return reconciledFacts(
    reconcileFindings({
      ...LIFE,
      previous,
      current,
      exceptions,
      now: tomorrow,
    }),
  );
}

describe('a record', () => {
  it('of a finding, a baseline or a waiver comes back as it was', () => {
    const book = (facts: readonly RecordFact[]): RecordedFact[] => {
      const one = new Book();
      one.record(facts, later);
      return one.facts();
    };
    assert.deepEqual(findingFromFacts(book(findingFacts(aFinding()))), aFinding());
    assert.deepEqual(baselineFromFacts(book(baselineFacts(aBaseline))), aBaseline);
    assert.deepEqual(waiverFromFacts(book(waiverFacts(aWaiver()))), aWaiver());
  });

  it('that is incomplete, mixed or strange is refused', async () => {
    const book = new Book();
    book.record(findingFacts(aFinding()), later);
    const facts = book.facts();
    const broken = (change: (fact: RecordedFact) => RecordedFact): RecordedFact[] =>
      facts.map((fact) => (fact.attribute === 'severity' ? change(fact) : fact));
    for (const bad of [
      [],
      facts.slice(1),
      broken((fact) => ({ ...fact, value: 'fatal' })),
      broken((fact) => ({ ...fact, value: 3 })),
      broken((fact) => ({ ...fact, entity: 'finding:other' })),
    ]) {
      await throwsFault(() => findingFromFacts(bad), 'unreadable-record');
    }
  });
});

describe('a finding in the records', () => {
  it('that is merely seen again changes no attribute, and was last seen then', () => {
    const book = new Book();
    book.record(reconcile(book, [aFinding()]), later);
    const again = aFinding({ firstSeen: tomorrow, lastSeen: tomorrow });
    assert.deepEqual(book.record(reconcile(book, [again]), tomorrow), []);
    assert.deepEqual(groupRecords(book.facts()).map(findingFromFacts), [
      aFinding({ lastSeen: tomorrow }),
    ]);
  });

  it('that no newer look has seen is not written at all', () => {
    const book = new Book();
    book.record(reconcile(book, [aFinding()]), later);
    assert.deepEqual(reconcile(book, [aFinding()]), []);
  });

  it('that is resolved keeps the moment it was last seen', () => {
    const book = new Book();
    book.record(reconcile(book, [aFinding()]), later);
    book.record(reconcile(book, []), tomorrow);
    assert.deepEqual(groupRecords(book.facts()).map(findingFromFacts), [
      aFinding({ status: 'resolved', lastSeen: later }),
    ]);
  });
});
