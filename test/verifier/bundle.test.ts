/**
 * Bundles. Method: make one that holds; bend one thing at one layer, signing everything above it again
 * as somebody who holds the log's key could; the finding must carry the code that says so.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { verifyBundle } from '#evidence';
import { mulberry } from '#test/simulated-files';
import {
  type BundleOptions,
  checkBundle,
  parseSigners,
  parseVerifierKey,
} from '../../verifier/holdfast-verifier.mjs';
import { type Any, dsse, KEYS, LOG, makeBundle, SIGNERS, T0, WITNESS } from './made-bundle.ts';
import { hostKey } from './parse.ts';
import { armor, sshsig } from './ssh-keys.ts';
import { SHAPES, swap, TAMPERS } from './tampers.ts';

const FLIPS = Number(process.env['HOLDFAST_FLIPS'] ?? 150);

const OPTIONS: Partial<BundleOptions> = {
  signers: parseSigners(SIGNERS),
  logKeys: [parseVerifierKey(LOG.vkey)],
  witnesses: [parseVerifierKey(WITNESS.vkey)],
  hostKeys: [
    hostKey('host:web-1', KEYS['host:web-1'].line),
    hostKey('host:web-2', KEYS['host:web-2'].line),
  ],
};

const check = (bundle: Buffer, over: Partial<BundleOptions> = {}) =>
  checkBundle(bundle, { ...OPTIONS, ...over });
const codesOf = (report: ReturnType<typeof check>): string[] =>
  report.findings.map(({ code, detail }) => detail ?? code);

describe('the standalone verifier, on a bundle', () => {
  it('holds when everything is as it must be', () => {
    for (const [what, bend] of Object.entries(SHAPES)) {
      const report = check(makeBundle(bend));
      assert.deepEqual(report.findings, [], what);
      assert.deepEqual(
        report.undecided.map(({ code }) => code),
        ['timestamp-authority', 'revocations'],
        what,
      );
      assert.deepEqual(
        [report.verdict, report.exitCode],
        ['holds as far as it could be decided', 0],
        what,
      );
    }
  });

  it(`finds each of ${TAMPERS.length} tamperings, by its code`, () => {
    assert.ok(TAMPERS.length >= 60, String(TAMPERS.length));
    const missed: string[] = [];
    for (const [what, code, bend] of TAMPERS) {
      const report = check(makeBundle(bend));
      if (!codesOf(report).includes(code) || report.exitCode !== 8)
        missed.push(
          `${what}: ${code} is not among ${codesOf(report).join(', ')} (${report.exitCode})`,
        );
    }
    assert.deepEqual(missed, []);
  });

  it('lets no flipped byte pass, wherever it is', () => {
    const good = makeBundle();
    const random = mulberry(5);
    for (let i = 0; i < FLIPS; i += 1) {
      const bent = Buffer.from(good);
      const at = Math.floor(random() * bent.length);
      bent[at] = (bent[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      assert.equal(check(bent).exitCode, 8, `byte ${at}`);
    }
  });

  it('lets whoever holds the log key change only what the log alone vouches for', () => {
    // Not plan, authority, receipts or events: words of a check, the output list, and when exactly within its window someone signed.
    const free =
      /^predicate\.(verification\.\d+\.says|outputs\.\d+\.(sha256|length|media|sealed)|(orders|config)\.\d+\.signatures\.\d+\.at)$/;
    const good = Buffer.from(JSON.parse(makeBundle().toString()).payload, 'base64');
    const random = mulberry(6);
    let tried = 0;
    for (let i = 0; i < FLIPS; i += 1) {
      const bent = Buffer.from(good);
      const at = Math.floor(random() * bent.length);
      bent[at] = (bent[at] ?? 0) ^ (1 << Math.floor(random() * 7));
      let changed: string[];
      try {
        changed = differences(JSON.parse(good.toString()), JSON.parse(bent.toString()));
      } catch {
        changed = ['not JSON'];
      }
      const report = check(Buffer.from(JSON.stringify(dsse(bent))));
      if (report.exitCode === 8) tried += 1;
      else
        assert.ok(
          changed.every((path) => free.test(path)),
          `byte ${at}: ${changed.join()} passed`,
        );
    }
    assert.ok(tried > FLIPS / 2, String(tried));
  });

  it('says what it cannot decide, and is undecided when that matters', () => {
    const bundle = makeBundle();
    const open = (over: Partial<BundleOptions>): [string[], number] => {
      const report = check(bundle, over);
      return [report.undecided.map(({ code }) => code), report.exitCode];
    };
    assert.deepEqual(open({ logKeys: [] }), [['log-key', 'timestamp-authority', 'revocations'], 0]);
    assert.deepEqual(open({ witnesses: [] }), [
      ['witness', 'timestamp-authority', 'revocations'],
      0,
    ]);
    assert.deepEqual(open({ hostKeys: [] }), [
      ['host-keys', 'host-keys', 'timestamp-authority', 'revocations'],
      9,
    ]);
    assert.equal(open({ hostKeys: [hostKey('host:web-1', KEYS['host:web-1'].line)] })[1], 9);
    const withoutControlPlane = parseSigners(SIGNERS.replace(/control-plane.*\n/, ''));
    const run = check(makeBundle({ standing: true }), { signers: withoutControlPlane });
    assert.equal(run.undecided[0]?.code, 'control-plane-key');
    assert.equal(run.exitCode, 9);
    assert.equal(check(bundle, { signers: [] }).exitCode, 8);
  });

  it('keeps to what a line of the signers allows', () => {
    const bundle = makeBundle();
    const stamp = (seconds: number): string =>
      new Date(seconds * 1000).toISOString().replace(/[-:T]|\.\d+/g, '');
    const asked = (from: string, to: string): readonly string[] =>
      codesOf(check(bundle, { signers: parseSigners(swap(from, to)(SIGNERS)) }));
    assert.deepEqual(asked('alice namespaces="holdfast-change@1,', 'alice namespaces="'), [
      'unknown-signer',
      'quorum-not-met',
    ]);
    assert.deepEqual(
      asked('alice namespaces', `alice valid-before="${stamp(T0 + 20)}",namespaces`),
      ['signer-expired', 'quorum-not-met'],
    );
    assert.deepEqual(
      asked('alice namespaces', `alice valid-after="${stamp(T0 + 21)}",namespaces`),
      ['signer-expired', 'quorum-not-met'],
    );
    assert.deepEqual(
      asked(
        'alice namespaces',
        `alice valid-after="${stamp(T0)}",valid-before="${stamp(T0 + 21)}",namespaces`,
      ),
      [],
    );
    for (const line of [
      '* ssh-ed25519 AAAA',
      'alice no-such-option ssh-ed25519 AAAA',
      'alice ssh-ed25519',
      `alice valid-before="20300101" ${KEYS.alice.line}`,
    ])
      assert.throws(() => parseSigners(line), line);
  });

  it('takes no signature of a revoked key, and no envelope that says a thing twice', () => {
    const bundle = makeBundle();
    const revoked = check(bundle, { isRevoked: () => true });
    assert.ok(codesOf(revoked).includes('signer-revoked'));
    assert.equal(revoked.exitCode, 8);
    const none = check(bundle, { isRevoked: () => false });
    assert.deepEqual(
      [none.undecided.map(({ code }) => code), none.exitCode],
      [['timestamp-authority'], 0],
    );
    const twice = Buffer.from(bundle.toString().replace('{', '{"payloadType":"text/plain",'));
    assert.deepEqual(codesOf(check(twice)), ['envelope-form']);
  });

  it('takes an SSHSIG apart to its last byte', () => {
    const text = 'x';
    const good = sshsig(KEYS.alice, 'holdfast-change@1', text);
    const raw = Buffer.from(good.split('\n').slice(1, -2).join(''), 'base64');
    for (let at = 0; at < raw.length; at += 1) {
      const bent = Buffer.from(raw);
      bent[at] = (bent[at] ?? 0) ^ 1;
      const report = check(
        makeBundle({ thenOrder: (o) => (o.signatures[0].armored = armor(bent)) }),
      );
      assert.equal(report.exitCode, 8, `byte ${at}`);
      if (at % 16 !== 0) at += 7;
    }
  });
});

/** Paths at which two documents differ. */
function differences(a: Any, b: Any, path: string[] = []): string[] {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null)
    return a === b ? [] : [path.join('.')];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
    differences(a[key], b[key], [...path, key]),
  );
}

describe('the bundle of a rollout', () => {
  it('holds with an intent for each batch', async () => {
    const bundle = makeBundle({
      sayPlan: (p: Any) => {
        p.rollout = { batches: [['host:web-2'], ['host:web-1']], waitSeconds: 60, maxFailures: 0 };
      },
      events: [4, 5, 6],
      sayEvent: (e: Any) => {
        if (e.seq === 5) e.kind = 'change.intent';
      },
    });
    assert.deepEqual(codesOf(check(bundle)), []);
    // So does the program's own.
    const { problems } = await verifyBundle(bundle.toString(), { logKeys: [LOG.vkey] });
    assert.deepEqual(problems, []);
  });
});
