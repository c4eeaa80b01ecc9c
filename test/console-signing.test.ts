import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, hash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { changeDocument, digestWords, NAMESPACES, partDocument, verifySignature } from '#authority';
import { sha256 } from '#base/digest';
import { canonicalJson, type Json } from '#base/json';
import { nodeClock, nodeRandom } from '#machine';
import type { Plan, PlanStep } from '#model';
import { partOf, planDigest } from '#planning';
import {
  aChange,
  aHostPolicy,
  aKey,
  NOON,
  ORIGIN,
  signerLine,
  theRevocations,
  theSigners,
} from '#samples/authority';
import { type Assertion, signatureOf } from '../console/src/sign/assertion.ts';
import { canonicalJson as inBrowser } from '../console/src/sign/canonical-json.ts';
import { digestWords as wordsInBrowser } from '../console/src/sign/digest-words.ts';
import { checkOrder } from '../console/src/sign/order.ts';
import { isKeyOf } from '../console/src/sign/own-key.ts';
import type { Plan as PlanShown } from '../console/src/sign/plan.ts';
import { signedBytes } from '../console/src/sign/sshsig.ts';
import { PageProofs } from '../src/signin/page-proof.ts';

const RP = 'console.example';
const ORDER = changeDocument.format(aChange());

/** Any text of whole characters. */
const text = fc
  .array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 12 })
  .map((points) => String.fromCodePoint(...points).toWellFormed());

describe('what the browser computes', () => {
  it('is the canonical JSON that the service digests', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    const json = fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.dictionary(text, fc.oneof(text, number, fc.array(fc.oneof(text, number)))),
    );
    fc.assert(
      fc.property(json, (value) => {
        assert.equal(inBrowser(value as Json), canonicalJson(value as Json));
      }),
      { numRuns: 40 },
    );
  });

  it('is the same six words of a digest', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.equal(wordsInBrowser(sha256(text)), digestWords(sha256(text)));
      }),
    );
  });
});

describe('an order held against the plan that is shown', () => {
  it('fits the plan it was made from, for any arguments', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 4 }), async (words) => {
        const argv = words.map((word) => word.replaceAll('\0', ''));
        const made = orderOf(aPlan({ argv }));
        const checked = await check(made);
        assert.equal(checked.misfit, null);
        assert.equal(checked.digest, planDigest(made.plan).replace('sha256:', ''));
        assert.equal(checked.words, digestWords(planDigest(made.plan)));
      }),
      { numRuns: 40 },
    );
  });

  it('is refused when the plan shown is another one', async () => {
    const made = orderOf(aPlan({}));
    const shown = { ...made, plan: { ...made.plan, reason: 'a harmless one' } };
    assert.match(String((await check(shown)).misfit), /another plan/);
  });

  it('is refused when a part would run something that is not shown', async () => {
    const made = orderOf(aPlan({}));
    const evil = partDocument.format({
      ...partDocument.parse(made.parts[0] ?? ''),
      args: ['/bin/sh', '-c', 'evil'],
    });
    const order = changeDocument.format({
      ...changeDocument.parse(made.order),
      parts: [sha256(evil)],
    });
    assert.match(
      String((await check({ ...made, order, parts: [evil] })).misfit),
      /step 1 of the order is another one/,
    );
  });

  it('is refused for another change, tier or number of steps, and for a form of its own', async () => {
    const made = orderOf(aPlan({}));
    const parsed = changeDocument.parse(made.order);
    for (const order of [
      changeDocument.format({ ...parsed, change: 'chg_2' }),
      changeDocument.format({ ...parsed, tier: 'T1' }),
      changeDocument.format({ ...parsed, parts: [...parsed.parts, ...parsed.parts] }),
      `${made.order}end\n`,
      made.order.replace('holdfast-change 1', 'holdfast-run 1'),
      made.order.replace(/\ntier T2\n(quorum 1)\n/, '\n$1\ntier T2\n'),
      '',
    ]) {
      assert.notEqual((await check({ ...made, order })).misfit, null, order);
    }
  });
});

describe('what a page shows of itself', () => {
  it('is a proof of each request that the service takes once, with the nonce that it told', async (t) => {
    const kept = new Map<string, string>();
    const browser = {
      location: { href: 'http://localhost:7425/fleet' },
      localStorage: {
        getItem: (name: string) => kept.get(name) ?? null,
        setItem: (name: string, value: string) => void kept.set(name, value),
      },
    };
    for (const [name, value] of Object.entries(browser)) {
      const before = Object.getOwnPropertyDescriptor(globalThis, name);
      Object.defineProperty(globalThis, name, { value, configurable: true });
      t.after(() => {
        Reflect.deleteProperty(globalThis, name);
        if (before !== undefined) Object.defineProperty(globalThis, name, before);
      });
    }
    const page = (await import(
      new URL('../console/src/api/page-key.ts', import.meta.url).href
    )) as {
      newPageKey(): Promise<{ readonly publicKey: string; keep(): Promise<void> }>;
      noteNonce(told: string | null, askedAt: number): void;
      pageProof(method: string, path: string): Promise<string | undefined>;
    };
    const proofs = new PageProofs(nodeClock(), nodeRandom());
    const made = await page.newPageKey();
    await made.keep();
    assert.equal(await page.pageProof('GET', '/api/v1/session'), undefined);
    page.noteNonce(proofs.nonce(), 2);
    // An answer to what was asked before tells nothing newer.
    page.noteNonce('A'.repeat(22), 1);
    assert.deepEqual([...kept.values()], [proofs.nonce()]);
    for (const [method, target] of [
      ['GET', '/api/v1/session'],
      ['POST', '/api/v1/operations/query_facts'],
      ['DELETE', '/api/v1/session'],
      ['GET', '/oauth/interaction/a%20b?x=1'],
    ] as const) {
      const [proof, other] = await Promise.all([
        page.pageProof(method, target),
        page.pageProof(method, target),
      ]);
      for (const each of [proof, other])
        proofs.check(made.publicKey, { method, target, proof: each });
      assert.throws(
        () => proofs.check(made.publicKey, { method, target, proof }),
        /was here before/,
      );
    }
  });
});

describe('an assertion made an OpenSSH signature', () => {
  it('verifies here and with ssh-keygen, with a touch behind it', async (t) => {
    for (let tries = 0; tries < 12; tries++) {
      const passkey = aSoftwarePasskey();
      const armored = await passkey.sign(ORDER);
      const signers = theSigners([
        passkey.signer('carol'),
        signerLine('recovery', aKey('recovery')),
      ]);
      const verified = verifySignature({
        text: ORDER,
        namespace: NAMESPACES.change,
        armored,
        signers,
        revocations: theRevocations(),
        policy: aHostPolicy(),
        at: NOON,
      });
      assert.equal(verified.operator, 'carol');
      assert.equal(verified.assurance, 'separate');
      if (tries > 0) continue;
      const folder = mkdtempSync(join(tmpdir(), 'holdfast-signing-'));
      t.after(() => rmSync(folder, { recursive: true }));
      writeFileSync(join(folder, 'signers'), `carol ${passkey.line}\n`);
      writeFileSync(join(folder, 'signature'), armored);
      const said = execFileSync(
        'ssh-keygen',
        [
          '-Y',
          'verify',
          '-I',
          'carol',
          '-n',
          NAMESPACES.change,
          '-f',
          join(folder, 'signers'),
          '-s',
          join(folder, 'signature'),
        ],
        { input: ORDER, encoding: 'utf8' },
      );
      assert.match(said, /^Good "holdfast-change@1" signature for carol/);
    }
  });

  it('is known to be by this key and no other, however long its numbers are', async () => {
    const passkey = aSoftwarePasskey();
    const other = aSoftwarePasskey();
    for (let tries = 0; tries < 60; tries++) {
      const assertion = passkey.asserted(randomBytes(32));
      assert.equal(await isKeyOf(passkey.line, assertion), true);
      assert.equal(await isKeyOf(other.line, assertion), false);
      const { clientDataJSON } = passkey.asserted(randomBytes(32));
      assert.equal(await isKeyOf(passkey.line, { ...assertion, clientDataJSON }), false);
    }
    for (const key of ['', 'x y', 'sk-ecdsa-sha2-nistp256@openssh.com AAAA'])
      assert.equal(await isKeyOf(key, passkey.asserted(randomBytes(32))), false);
  });

  it('is refused in words when a host would refuse it', async () => {
    const passkey = aSoftwarePasskey();
    const refusals: readonly [Partial<Shown>, RegExp][] = [
      [{ flags: 0x01 }, /did not verify you/],
      [{ flags: 0x04 }, /did not verify you/],
      [{ flags: 0x85 }, /cannot verify/],
      [{ rpId: 'evil.example' }, /another address/],
      [{ origin: 'https://evil.example' }, /something else/],
      [{ type: 'webauthn.create' }, /something else/],
      [{ challenge: 'AAAA' }, /something else/],
      [{ more: ',"crossOrigin":true' }, /inside another one/],
      [{ more: ',"topOrigin":"https://evil.example"' }, /inside another one/],
    ];
    for (const [shown, says] of refusals) {
      await assert.rejects(passkey.sign(ORDER, shown), says);
    }
  });
});

type Shown = {
  readonly flags: number;
  readonly rpId: string;
  readonly origin: string;
  readonly type: string;
  readonly challenge: string;
  readonly more: string;
};

/** As an authenticator and a browser answer, made in software. */
function aSoftwarePasskey(): {
  readonly line: string;
  signer(operator: string): ReturnType<typeof signerLine>;
  asserted(challenge: Uint8Array): Assertion;
  sign(document: string, shown?: Partial<Shown>): Promise<string>;
} {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const blob = keyBlobOf(publicKey);
  const line = `sk-ecdsa-sha2-nistp256@openssh.com ${blob.toString('base64')}`;
  return {
    line,
    signer: (operator) =>
      signerLine(operator, { blob, line, sign: () => '', raw: () => Buffer.alloc(0) }),
    asserted: (challenge) => asserted(privateKey, challenge, {}),
    async sign(document, shown = {}) {
      const challenge = await signedBytes(NAMESPACES.change, document);
      const assertion = asserted(privateKey, challenge, shown);
      return signatureOf(assertion, {
        key: line,
        origin: ORIGIN,
        rpId: RP,
        namespace: NAMESPACES.change,
        challenge,
      });
    },
  };
}

function asserted(key: KeyObject, challenge: Uint8Array, shown: Partial<Shown>): Assertion {
  const { flags = 0x05, rpId = RP, origin = ORIGIN, type = 'webauthn.get', more } = shown;
  const challenged = shown.challenge ?? Buffer.from(challenge).toString('base64url');
  const clientDataJSON = Buffer.from(
    `{"type":"${type}","challenge":"${challenged}","origin":"${origin}"${more ?? ',"crossOrigin":false'}}`,
  );
  const authenticatorData = Buffer.concat([
    hash('sha256', rpId, 'buffer'),
    Buffer.of(flags, 0, 0, 0, 9),
  ]);
  const signed = Buffer.concat([authenticatorData, hash('sha256', clientDataJSON, 'buffer')]);
  return { authenticatorData, clientDataJSON, signature: sign('sha256', signed, key) };
}

function keyBlobOf(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const point = Buffer.concat([
    Buffer.of(4),
    Buffer.from(x, 'base64url'),
    Buffer.from(y, 'base64url'),
  ]);
  const strings = ['sk-ecdsa-sha2-nistp256@openssh.com', 'nistp256', point, RP];
  return Buffer.concat(
    strings.flatMap((each) => {
      const bytes = Buffer.from(each as string);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

type Made = { readonly plan: Plan; readonly order: string; readonly parts: readonly string[] };

async function check({ plan, order, parts }: Made): ReturnType<typeof checkOrder> {
  // As it comes over the wire.
  return checkOrder(JSON.parse(JSON.stringify(plan)) as PlanShown, order, parts);
}

function orderOf(plan: Plan): Made {
  const parts = plan.steps.map((step) => partDocument.format(partOf(plan, step, 'cd'.repeat(16))));
  const order = changeDocument.format(
    aChange({
      plan: planDigest(plan).replace('sha256:', ''),
      parts: parts.map((part) => sha256(part)),
    }),
  );
  return { plan, order, parts };
}

function aPlan(over: Partial<PlanStep>): Plan {
  const step: PlanStep = {
    target: 'web-1',
    step: 1,
    of: 1,
    direction: 'forward',
    action: 'file.put@1',
    argv: ['/usr/bin/tee', '/etc/a file', { file: 1 }],
    runAs: 'root',
    stdin: 'hé\n',
    files: [{ path: '/opt/x y', sha256: 'a'.repeat(64) }],
    conditions: [
      { kind: 'file-absent', path: '/etc/gone' },
      { kind: 'file-sha256', path: '/etc/a', sha256: 'b'.repeat(64) },
    ],
    timeoutSeconds: 30,
    atomic: true,
    effect: 'writes a file',
    ...over,
  };
  const inForce = `sha256:${'c'.repeat(64)}`;
  return {
    v: 1,
    change: 'chg_1',
    organisation: 'example',
    action: { id: 'file.put', version: 1, digest: inForce },
    arguments: { path: '/etc/a file' },
    reason: 'a test',
    requestedBy: { principal: 'lease:1', onBehalfOf: 'ada' },
    tier: 'T2',
    inForce: { inventory: inForce, policy: inForce, catalogue: inForce, baselines: inForce },
    targets: [
      { id: 'web-1', scope: {} as never, hostId: '0f'.repeat(16), epoch: 2, profile: inForce },
    ],
    steps: [step],
    preconditions: [],
    verification: [],
    stabiliseSeconds: 5,
    irreversible: 'it is a test',
    undoes: null,
    tainted: false,
    madeAt: 1_772_366_400_000_000 as never,
    decideBy: 1_772_366_500_000_000 as never,
  };
}
