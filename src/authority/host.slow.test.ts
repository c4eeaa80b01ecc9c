/**
 * The judge here and the script on the host, on the same orders: whatever one says, the other says too.
 *
 * 1. Every trial by itself: the code the contract names.
 * 2. `HOLDFAST_TRIALS` (60) pairs of trials at once: the same verdict, and the same code, except that of two
 *    faults of one signature, or of host files, either may be named.
 * 3. As many with one byte of what was sent, or of a host file, changed: the same verdict. Of revocations a host
 *    takes whatever ssh-keygen reads; the judge only what is written here, so there it may refuse more.
 *
 * A run is repeated with `HOLDFAST_SEED`.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { askHost } from '#test/host-directory';
import { TRIALS } from '#test/host-trial-cases';
import { aDraft, build, type Draft, PRESENT, type Trial } from '#test/host-trials';
import { chance, SEED } from '#test/seed';
import { judgeOrder } from './judge.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdfast-host-'));
const file = join(directory, 'managed');
writeFileSync(file, PRESENT.content);
after(() => rmSync(directory, { recursive: true }));

const numRuns = Number(process.env.HOLDFAST_TRIALS ?? 24);
/** The script itself takes a second a trial: half of them, another half each time; all where more is asked for. */
const isAsked = (): boolean => process.env.HOLDFAST_TRIALS !== undefined || chance() < 0.5;
const seconds = (): number => Math.floor(Date.now() / 1000);
const host = join(directory, 'host');

function judged({ view, request }: Trial): string {
  const judgement = judgeOrder(view, request);
  return judgement.verdict === 'ok' ? 'ok' : judgement.code;
}

describe('the script on the host', () => {
  for (const { says, verbs, code, change } of TRIALS) {
    it(`judges as the judge does: ${says}`, () => {
      for (const verb of verbs) {
        const draft = aDraft(verb, seconds());
        change(draft, file);
        const trial = build(draft, file);
        assert.equal(judged(trial), code);
        if (isAsked()) assert.equal(askHost(trial, host), code, verb);
      }
    });
  }

  it(`judges two changes at once as the judge does (seed ${SEED})`, () => {
    const pairs = fc
      .tuple(fc.constantFrom(...TRIALS), fc.constantFrom(...TRIALS), fc.nat())
      .map(([a, b, n]) => ({ a, b, verbs: a.verbs.filter((verb) => b.verbs.includes(verb)), n }))
      .filter(({ verbs }) => verbs.length > 0);
    fc.assert(
      fc.property(pairs, ({ a, b, verbs, n }) => {
        const draft = aDraft(verbs[n % verbs.length] as Draft['verb'], seconds());
        a.change(draft, file);
        b.change(draft, file);
        const trial = build(draft, file);
        const [here, there] = [judged(trial), askHost(trial, host)];
        const says = `${draft.verb}: ${a.says}, ${b.says}`;
        assert.equal(here === 'ok', there === 'ok', `${says}: ${here}, ${there}`);
        assert.equal(kindOf(there), kindOf(here), `${says}: ${here}, ${there}`);
      }),
      { numRuns, seed: SEED, endOnFailure: true },
    );
  });

  it(`judges one byte changed as the judge does (seed ${SEED})`, () => {
    const good = TRIALS.filter(({ code }) => code === 'ok');
    const bytes = fc.record({
      trial: fc.constantFrom(...good),
      n: fc.nat(),
      item: fc.nat(),
      at: fc.nat(),
      byte: fc.integer({ min: 0, max: 255 }),
    });
    fc.assert(
      fc.property(bytes, ({ trial, n, item, at, byte }) => {
        const draft = aDraft(trial.verbs[n % trial.verbs.length] as Draft['verb'], seconds());
        trial.change(draft, file);
        const { trial: other, says } = withByte(build(draft, file), item, at, byte);
        const [here, there] = [judged(other), askHost(other, host)];
        const what = `${draft.verb}: ${trial.says}, ${says}: ${here}, ${there}`;
        if (says.includes('of revocations') && here === 'revocations-broken') return;
        assert.equal(here === 'ok', there === 'ok', what);
      }),
      { numRuns, seed: SEED, endOnFailure: true },
    );
  });
});

/** Faults that may stand in one signature, or in one set of files, have no order among themselves. */
function kindOf(code: string): string {
  if (/^(signers|revocations|policy)-broken$/.test(code)) return 'files';
  const signature =
    /^(two-signatures|trailing-bytes|bad-signature|unknown-signer|signer-revoked|no-presence|no-verification|foreign-origin|cross-origin)$/;
  return signature.test(code) ? 'signature' : code;
}

function withByte(
  { view, request }: Trial,
  item: number,
  at: number,
  byte: number,
): { trial: Trial; says: string } {
  const texts: Record<string, string | Uint8Array | null> = {
    ...view.files,
    ...('part' in request ? { part: request.part, standing: request.standing } : {}),
    order: request.order,
    signature: request.signatures[0] ?? null,
    config: view.config,
  };
  const names = Object.keys(texts).filter((name) => texts[name] !== null);
  const name = names[item % names.length] ?? '';
  const bytes = Buffer.from(texts[name] as string | Uint8Array);
  const where = at % bytes.length;
  // ASCII for texts: what is no UTF-8 reaches the judge only as replacement characters.
  bytes[where] = name === 'revocations' ? byte : byte % 128;
  const changed = name === 'revocations' ? bytes : bytes.toString('latin1');
  const says = `byte ${where} of ${name} ${byte}`;
  switch (name) {
    case 'signers':
    case 'revocations':
    case 'hostPolicy':
      return {
        says,
        trial: { view: { ...view, files: { ...view.files, [name]: changed } }, request },
      };
    case 'config':
      return { says, trial: { view: { ...view, config: String(changed) }, request } };
    case 'signature': {
      const signatures = [String(changed), ...request.signatures.slice(1)];
      return { says, trial: { view, request: { ...request, signatures } } };
    }
    default:
      return {
        says,
        trial: { view, request: { ...request, [name]: changed } as Trial['request'] },
      };
  }
}
