import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import { throwsFault } from '#test/throws-fault';
import { NO_HASH, type PartDocument, RECEIPT_RESULTS } from './document-values.ts';
import {
  changeDocument,
  configDocument,
  hostPolicyDocument,
  identityDocument,
  liftDocument,
  partCore,
  partDocument,
  receiptDocument,
  runDocument,
  standingDocument,
} from './documents.ts';
import type { DocumentForm } from './form.ts';
import {
  aChange,
  aConfig,
  aHostPolicy,
  aLift,
  anIdentity,
  aPart,
  aReceipt,
  aRun,
  aStanding,
} from './samples.ts';

const rich = aPart({
  args: ['/usr/bin/printf', '', 'ü %\n\t"\'\\', { file: 1 }, '\u{1F512}'],
  stdin: sha256('input'),
  files: [{ path: '/etc/a b', sha256: sha256('a') }],
  conditions: [
    { kind: 'file-absent', path: '/run/x' },
    { kind: 'file-sha256', path: '/etc/y', sha256: sha256('y') },
  ],
});

// biome-ignore format: a table
const DOCUMENTS: readonly (readonly [name: string, form: DocumentForm<unknown>, good: unknown, code: string])[] = [
  ['change', changeDocument as DocumentForm<unknown>, aChange(), 'bad-order'],
  ['run', runDocument as DocumentForm<unknown>, aRun(), 'bad-order'],
  ['part', partDocument as DocumentForm<unknown>, aPart(), 'bad-part'],
  ['rich part', partDocument as DocumentForm<unknown>, rich, 'bad-part'],
  ['standing', standingDocument as DocumentForm<unknown>, aStanding(), 'bad-order'],
  ['config', configDocument as DocumentForm<unknown>, aConfig(), 'bad-order'],
  ['lift', liftDocument as DocumentForm<unknown>, aLift(), 'bad-order'],
  ['receipt', receiptDocument as DocumentForm<unknown>, aReceipt(), 'bad-receipt'],
  ['identity', identityDocument as DocumentForm<unknown>, anIdentity(), 'bad-identity'],
  ['host policy', hostPolicyDocument as DocumentForm<unknown>, aHostPolicy(), 'policy-broken'],
];

const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
const hashes = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((b) => Buffer.from(b).toString('hex'));
const ids = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((b) => Buffer.from(b).toString('hex'));
const numbers = fc.integer({ min: 0, max: 999_999_999_999_999 });
const texts = fc.string({ unit: 'binary' }).filter((t) => !t.includes('\0'));
const paths = texts.map((t) => `/${t}`);
const tokens = fc.stringMatching(/^[A-Za-z0-9._:@/][A-Za-z0-9._:@/-]{0,127}$/);

const anyPart: fc.Arbitrary<PartDocument> = record({
  target: ids,
  epoch: numbers,
  action: tokens,
  catalogue: hashes,
  runAs: tokens,
  args: fc.array(texts, { minLength: 1, maxLength: 8 }),
  stdin: fc.option(hashes),
  files: fc.array(record({ path: paths, sha256: hashes }), { maxLength: 4 }),
  conditions: fc.array(
    fc.oneof(
      record({ kind: fc.constant('file-absent' as const), path: paths }),
      record({ kind: fc.constant('file-sha256' as const), path: paths, sha256: hashes }),
    ),
    { maxLength: 4 },
  ),
  step: fc
    .tuple(fc.integer({ min: 1, max: 99 }), fc.nat(99))
    .map(([number, n]) => ({ number, of: number + n })),
  direction: fc.constantFrom('forward', 'inverse'),
  timeout: fc.integer({ min: 1, max: 86_400 }),
  atomic: fc.boolean(),
  nonce: ids,
});

describe('a document', () => {
  for (const [name, form, good, code] of DOCUMENTS) {
    it(`has one form: ${name}`, () => {
      const text = form.format(good);
      assert.deepEqual(form.parse(text), good);
      assert.equal(form.format(form.parse(text)), text);
    });

    it(`is refused, or is another one, when one byte is another: ${name}`, () => {
      const text = form.format(good);
      for (let at = 0; at < text.length; at++) {
        for (const byte of ['\n', ' ', '0', '1', 'a', 'Z', '%', '\x7f', '']) {
          if (byte === text[at]) continue;
          const other = text.slice(0, at) + byte + text.slice(at + 1);
          const value = parsed(form, other, code);
          if (value === undefined) continue;
          assert.notDeepEqual(value, good, JSON.stringify(other));
          assert.equal(form.format(value), other);
        }
      }
    });

    it(`is refused, or is another one, when a line is missing, doubled or moved: ${name}`, () => {
      const lines = form.format(good).split('\n').slice(0, -1);
      lines.forEach((line, at) => {
        const without = lines.toSpliced(at, 1);
        for (const other of [
          without,
          lines.toSpliced(at, 0, line),
          without.toSpliced(at - 1, 0, line),
        ]) {
          const text = other.map((each) => `${each}\n`).join('');
          if (text === form.format(good)) continue;
          // Two arguments in another order are another document; nothing is the same one.
          assert.notDeepEqual(parsed(form, text, code), good, text);
        }
      });
    });
  }

  it('is read back equal whatever a part holds', () => {
    fc.assert(
      fc.property(anyPart, (part) => {
        const text = partDocument.format(part);
        assert.match(text, /^[\x20-\x7e\n]*$/);
        assert.deepEqual(partDocument.parse(text), part);
      }),
      { numRuns: 300 },
    );
  });

  it('is read back equal whatever a receipt or a standing approval holds', () => {
    const output = record({ sha256: hashes, length: numbers });
    const receipts = record({
      target: ids,
      epoch: numbers,
      number: numbers.filter((n) => n > 0),
      previous: hashes,
      order: hashes,
      part: hashes,
      nonce: ids,
      started: numbers,
      ended: numbers,
      result: fc.constantFrom(...RECEIPT_RESULTS),
      status: numbers,
      stdout: output,
      stderr: output,
    });
    fc.assert(
      fc.property(receipts, (receipt) => {
        assert.deepEqual(receiptDocument.parse(receiptDocument.format(receipt)), receipt);
      }),
    );
    fc.assert(
      fc.property(fc.uniqueArray(hashes, { minLength: 1, maxLength: 9 }), (cores) => {
        const standing = aStanding({ cores: cores.sort() });
        assert.deepEqual(standingDocument.parse(standingDocument.format(standing)), standing);
      }),
    );
  });

  it('says in which line the fault is', async () => {
    const text = changeDocument.format(aChange()).replace('tier T2', 'tier T4');
    const fault = await throwsFault(() => changeDocument.parse(text), 'bad-order');
    assert.equal(fault.facts.line, 5);
  });

  const refused: readonly (readonly [string, () => unknown])[] = [
    ['a number that is not whole', () => changeDocument.format(aChange({ quorum: 1.5 }))],
    ['a number below zero', () => changeDocument.format(aChange({ quorum: -1 }))],
    ['a number too large', () => changeDocument.format(aChange({ quorum: 1e15 }))],
    ['no number', () => changeDocument.format(aChange({ quorum: Number.NaN }))],
    ['a digest with capitals', () => changeDocument.format(aChange({ plan: 'A'.repeat(64) }))],
    [
      'a digest with its prefix',
      () => changeDocument.format(aChange({ plan: `sha256:${NO_HASH}` })),
    ],
    ['a token with a space', () => changeDocument.format(aChange({ change: 'a b' }))],
    ['a token with a dash first', () => changeDocument.format(aChange({ change: '-rf' }))],
    ['a token with a line feed', () => changeDocument.format(aChange({ change: 'a\nend' }))],
    ['no parts', () => changeDocument.format(aChange({ parts: [] }))],
    ['513 parts', () => changeDocument.format(aChange({ parts: Array(513).fill(NO_HASH) }))],
    [
      'cores out of order',
      () => standingDocument.format(aStanding({ cores: [sha256('a'), NO_HASH] })),
    ],
    ['a core twice', () => standingDocument.format(aStanding({ cores: [NO_HASH, NO_HASH] }))],
    [
      'consent for 91 days',
      () => standingDocument.format(aStanding({ expires: aStanding().issued + 91 * 86_400 })),
    ],
    ['a window of no length', () => standingDocument.format(aStanding({ window: '10:00-10:00' }))],
    [
      'a window past midnight as 24',
      () => standingDocument.format(aStanding({ window: '22:00-24:00' })),
    ],
  ];
  for (const [what, act] of refused) {
    it(`is not written with ${what}`, () => throwsFault(act, 'bad-order').then(() => undefined));
  }

  const refusedParts: readonly (readonly [string, Partial<PartDocument>])[] = [
    ['a NUL', { args: ['a\0b'] }],
    ['half a character', { args: ['\ud800'] }],
    ['a file that is not there', { args: [{ file: 1 }] }],
    ['file 0', { args: [{ file: 0 }], files: [{ path: '/x', sha256: NO_HASH }] }],
    ['a path that is not absolute', { files: [{ path: 'x', sha256: NO_HASH }] }],
    ['a step past the last', { step: { number: 2, of: 1 } }],
    ['no time limit', { timeout: 0 }],
    ['more than a document holds', { args: Array(256).fill('x'.repeat(300)) }],
  ];
  for (const [what, over] of refusedParts) {
    it(`is not written with ${what}`, () =>
      throwsFault(() => partDocument.format(aPart(over)), 'bad-part').then(() => undefined));
  }

  it('has a core that the nonce does not change and everything else does', () => {
    const core = (over: Partial<PartDocument>): string =>
      partCore(partDocument.format(aPart(over)));
    assert.equal(core({ nonce: '00'.repeat(16) }), core({}));
    const others = [{ epoch: 2 }, { atomic: true }, { args: ['x'] }, { timeout: 31 }];
    assert.equal(new Set([core({}), ...others.map(core)]).size, 5);
    const text = partDocument.format(aPart());
    assert.equal(core({}), sha256(text.slice(0, text.indexOf('nonce '))));
  });
});

function parsed(form: DocumentForm<unknown>, text: string, code: string): unknown {
  try {
    return form.parse(text);
  } catch (thrown) {
    assert.ok(thrown instanceof Fault, String(thrown));
    assert.equal(thrown.code, code);
    assert.ok(Number(thrown.facts.line) >= 1);
    return undefined;
  }
}
