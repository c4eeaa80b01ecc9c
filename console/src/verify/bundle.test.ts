/**
 * What runs in a browser against what auditors run: word for word one report, for bundles that hold and for every one
 * that was bent. A few are drawn each time; HOLDFAST_ALL_TAMPERS=1 tries all.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { describe, it } from 'node:test';
import { lent } from '#test/lent-verifier';
import { chance } from '#test/seed';
import {
  dsse,
  KEYS,
  LOG,
  makeBundle,
  SIGNERS,
  WITNESS,
} from '../../../test/verifier/made-bundle.ts';
import { hostKey } from '../../../test/verifier/parse.ts';
import { SHAPES, TAMPERS } from '../../../test/verifier/tampers.ts';
import {
  checkBundle,
  parseSigners,
  parseVerifierKey,
} from '../../../verifier/holdfast-verifier.mjs';
import type { Believed } from './bundle.ts';
import { LINE_OF } from './proof-lines.ts';

const { checkInBrowser } = await lent(() => import('./bundle.ts'));

const ALL = process.env['HOLDFAST_ALL_TAMPERS'] === '1';
const FLIPS = ALL ? 1_000 : 6;

const HOSTS = ['host:web-1', 'host:web-2'] as const;
const BELIEVED: Believed = {
  logKeys: [LOG.vkey],
  witnesses: [WITNESS.vkey],
  signers: SIGNERS,
  hostKeys: HOSTS.map((target) => ({ target, line: KEYS[target].line })),
};

/** Both readings, which have to be one. */
async function check(file: Buffer, over: Partial<Believed> = {}) {
  const { logKeys, witnesses, signers, hostKeys } = { ...BELIEVED, ...over };
  const { verdict, findings, undecided, notes, more, facts } = checkBundle(file, {
    logKeys: logKeys.map((vkey) => parseVerifierKey(vkey)),
    witnesses: witnesses.map((vkey) => parseVerifierKey(vkey)),
    signers: parseSigners(signers),
    hostKeys: hostKeys.map(({ target, line }) => hostKey(target, line)),
  });
  const inBrowser = await checkInBrowser(file, { ...BELIEVED, ...over });
  for (const { code } of [...findings, ...undecided]) assert.ok(LINE_OF[code], code);
  assert.deepEqual(inBrowser, { verdict, findings, undecided, notes, more, facts });
  return inBrowser;
}

describe('a bundle, checked in a browser', () => {
  it('holds when everything is as it must be', async () => {
    for (const [what, bend] of Object.entries(SHAPES)) {
      const { findings, undecided } = await check(makeBundle(bend));
      assert.deepEqual(findings, [], what);
      assert.deepEqual(
        undecided.map(({ code }) => code),
        ['timestamp-authority', 'revocations'],
        what,
      );
    }
  });

  it('does not hold when it was bent, and says where', async () => {
    for (const [what, code, bend] of TAMPERS) {
      if (!ALL && chance() > 0.05) continue;
      const { verdict, findings } = await check(makeBundle(bend));
      assert.equal(verdict, 'does not hold', what);
      assert.ok(
        findings.some((one) => (one.detail ?? one.code) === code),
        what,
      );
    }
  });

  it('lets no flipped bit pass, under the envelope or inside', async () => {
    const good = makeBundle();
    const payload = Buffer.from(JSON.parse(good.toString()).payload, 'base64');
    const flipped = (bytes: Buffer): Buffer => {
      const bent = Buffer.from(bytes);
      const at = Math.floor(chance() * bent.length);
      bent[at] = (bent[at] ?? 0) ^ (1 << Math.floor(chance() * 7));
      return bent;
    };
    for (let i = 0; i < FLIPS; i++) {
      assert.equal((await check(flipped(good))).verdict, 'does not hold');
      await check(Buffer.from(JSON.stringify(dsse(flipped(payload)))));
    }
  });

  it('has a line on the page for each code that is documented', () => {
    const page = readFileSync(new URL('../../../docs/bundle.md', import.meta.url), 'utf8');
    const codes = page
      .split('\n')
      .flatMap((row) => row.match(/^\| (`[a-z-]+`(?:, )?)+ /)?.[0].match(/[a-z-]+/g) ?? []);
    assert.ok(codes.length > 40, String(codes.length));
    assert.deepEqual(
      codes.filter((code) => LINE_OF[code] === undefined),
      [],
    );
  });

  it('decides nothing for lack of a key', async () => {
    const bundle = makeBundle();
    for (const over of [{ logKeys: [] }, { witnesses: [] }, { hostKeys: [] }]) {
      const { findings, undecided } = await check(bundle, over);
      assert.deepEqual(findings, []);
      assert.ok(undecided.length > 2);
    }
    assert.equal((await check(bundle, { signers: '' })).verdict, 'does not hold');
    assert.equal((await check(makeBundle({ standing: true }))).findings.length, 0);
  });
});
