/** The verifier as an auditor runs it: one file, no network, real keys of ssh-keygen, a real time-stamping authority. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { parseSync } from 'oxc-parser';
import { canonicalJson, type Json } from '#base/json';
import { lent } from '#test/lent-verifier';
import { openTestAuthority } from '#test/openssl-tsa';
import { splitNotes as serverSplitNotes } from '../../src/evidence/note.ts';
import {
  canonical,
  parseVerifierKey,
  rootFromInclusion,
  splitNotes,
  Tree,
  verifyTimestamp,
} from '../../verifier/holdfast-verifier.mjs';
import {
  cosign,
  KEYS,
  LOG,
  makeBundle,
  mth,
  noteTextOf,
  SIGNERS,
  signNote,
  WITNESS,
} from './made-bundle.ts';
import { hex, sha256, sshsig } from './ssh-keys.ts';

const VERIFIER = join(import.meta.dirname, '..', '..', 'verifier', 'holdfast-verifier.mjs');
const scratch = mkdtempSync(join(tmpdir(), 'holdfast-apart-'));
after(() => rmSync(scratch, { recursive: true }));
const put = (name: string, content: string | Buffer): string => {
  const path = join(scratch, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
};

function run(
  argv: readonly string[],
  before: readonly string[] = [],
): { code: number | null; out: string; err: string } {
  const [program = '', ...words] = [...before, process.execPath, VERIFIER, ...argv];
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

const hostKeys = [
  '--host-key',
  `host:web-1=${KEYS['host:web-1'].line}`,
  '--host-key',
  `host:web-2=${KEYS['host:web-2'].line}`,
];
const operators = put('operators', SIGNERS);
const named = [
  '--operators',
  operators,
  ...hostKeys,
  '--log-key',
  LOG.vkey,
  '--witness',
  WITNESS.vkey,
];

describe('the standalone verifier, apart', () => {
  it('imports crypto, fs, path and process of Node and nothing else, by any way there is', () => {
    const text = readFileSync(VERIFIER, 'utf8');
    const { module, errors } = parseSync(VERIFIER, text);
    assert.deepEqual(errors, []);
    assert.deepEqual(module.staticImports.map(({ moduleRequest }) => moduleRequest.value).sort(), [
      'node:crypto',
      'node:fs',
      'node:path',
      'node:process',
    ]);
    assert.deepEqual(
      [
        module.dynamicImports,
        module.staticExports.filter(({ entries }) =>
          entries.some(({ moduleRequest }) => moduleRequest !== null),
        ),
      ],
      [[], []],
    );
    assert.doesNotMatch(
      text,
      /\b(?:require|createRequire|getBuiltinModule|binding|dlopen|fetch|WebSocket|EventSource|eval|Function)\s*\(/,
    );
    assert.doesNotMatch(
      text,
      /fs\.(?:write|append|rm|unlink|mkdir|rename|chmod|truncate|createWrite)/,
    );
  });

  it('does its work when it may only read, and without a network', () => {
    const bundle = put('bundle.json', makeBundle());
    const tight = [
      process.execPath,
      '--permission',
      `--allow-fs-read=*`,
      VERIFIER,
      'bundle',
      bundle,
      ...named,
      '--json',
    ];
    const { status, stdout, stderr } = spawnSync(tight[0] as string, tight.slice(1), {
      encoding: 'utf8',
    });
    assert.deepEqual([status, JSON.parse(stdout).findings], [0, []], stderr);
    const unshare = spawnSync('unshare', ['-rn', 'true']).status === 0 ? ['unshare', '-rn'] : [];
    assert.equal(run(['bundle', bundle, ...named], unshare).code, 0);
  });

  it('ends with 0, 2, 8 or 9 and says why', () => {
    const bundle = put('codes.json', makeBundle());
    const bent = put('bent.json', makeBundle({ thenOrder: (order) => order.parts.pop() }));
    assert.equal(run(['bundle', bundle, ...named]).code, 0);
    const bad = run(['bundle', bent, ...named]);
    assert.deepEqual([bad.code, bad.out.split('\n')[0]], [8, 'DOES NOT HOLD (2 open questions)']);
    assert.match(bad.out, /part-not-listed: order 0/);
    assert.equal(run(['bundle', bundle, '--operators', operators]).code, 9);
    for (const wrong of [
      [],
      ['x'],
      ['log'],
      ['log', '/nowhere'],
      ['bundle', bundle],
      ['bundle', bundle, ...named, '--odd'],
      ['bundle', bundle, '--operators', '/nowhere'],
      ['bundle', bundle, bent, ...named],
      ['bundle', bundle, ...named, '--log-key', WITNESS.vkey],
      ['bundle', bundle, ...named, '--witness', LOG.vkey],
      ['bundle', bundle, '--operators', put('broken', 'alice ssh-ed25519 AAAA\n')],
    ]) {
      const { code, out, err } = run(wrong);
      assert.deepEqual([code, out], [2, ''], `${wrong.join(' ')}: ${err}`);
    }
  });

  it('prints no control character of what it reads', () => {
    const bundle = put(
      'hostile.json',
      makeBundle({ thenStatement: (s) => (s.subject[0].name = '\u001b[2Jok\nHOLDS\u202e') }),
    );
    const { out } = run(['bundle', bundle, ...named]);
    // biome-ignore lint: control characters are what is looked for
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(out, /[\u0000-\u0009\u000b-\u001f\u202e]/);
    assert.equal(out.match(/^HOLDS/m), null);
  });

  it('agrees with ssh-keygen about signatures that this test makes, and about real ones', () => {
    const message = put('message', 'what is signed');
    for (const name of ['alice', 'bob', 'carol'] as const) {
      const signature = put(
        `${name}.sig`,
        sshsig(KEYS[name], 'holdfast-change@1', 'what is signed'),
      );
      const { status, stderr } = spawnSync(
        'ssh-keygen',
        ['-Y', 'verify', '-f', operators, '-I', name, '-n', 'holdfast-change@1', '-s', signature],
        { input: readFileSync(message), encoding: 'utf8' },
      );
      assert.equal(status, 0, `${name}: ${stderr}`);
    }
    const generate = (name: string, type: string): string => {
      const path = join(scratch, name);
      assert.equal(
        spawnSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', name, '-f', path]).status,
        0,
      );
      return readFileSync(`${path}.pub`, 'utf8').trim();
    };
    const real: Record<string, string> = {
      alice: generate('alice', 'ed25519'),
      bob: generate('bob', 'ecdsa'),
      carol: generate('carol', 'ed25519'),
      'host:web-1': generate('host:web-1', 'ed25519'),
      'host:web-2': generate('host:web-2', 'ed25519'),
      root: generate('root', 'ed25519'),
    };
    const signing = (name: string, namespace: string, text: string): string =>
      spawnSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', namespace, '-f', join(scratch, name)], {
        input: text,
        encoding: 'utf8',
      }).stdout;
    const reKey = (one: {
      operator?: string;
      target?: string;
      key: string;
      assurance?: string;
    }): void => {
      one.key = real[one.operator ?? one.target ?? ''] ?? '';
      if (one.operator === 'bob') one.assurance = 'same-user';
    };
    const bend = {
      thenOrder: (order: { signatures: [] }) => order.signatures.forEach(reKey),
      thenReceipt: reKey,
      thenStatement: (statement: {
        predicate: { config: { text: string; signatures: [] }[]; signers: string };
      }) => {
        statement.predicate.config[0]?.signatures.forEach(reKey);
        statement.predicate.signers = '';
      },
      sayConfig: (text: string) => text,
    };
    const signers = put(
      'real-operators',
      ['alice', 'bob', 'carol']
        .map((name) => `${name} namespaces="holdfast-change@1,holdfast-config@1" ${real[name]}\n`)
        .join(''),
    );
    const argv = (file: string): string[] => [
      'bundle',
      file,
      '--operators',
      signers,
      '--log-key',
      LOG.vkey,
      '--witness',
      WITNESS.vkey,
      '--host-key',
      real['host:web-1'] ?? '',
      '--host-key',
      `host:web-2=${real['host:web-2']}`,
    ];
    const good = run(argv(put('real.json', makeBundle(bend, signing))));
    assert.equal(good.code, 0, good.out);

    // A certificate under a root key, and its revocation.
    spawnSync('ssh-keygen', [
      '-q',
      '-s',
      join(scratch, 'root'),
      '-I',
      'alice-1',
      '-n',
      'alice',
      '-z',
      '77',
      '-V',
      '-1d:+1d',
      `${join(scratch, 'alice')}.pub`,
    ]);
    const certificate = readFileSync(join(scratch, 'alice-cert.pub'), 'utf8').trim();
    const byCertificate = (name: string, namespace: string, text: string): string =>
      signing(name === 'alice' ? 'alice-cert.pub' : name, namespace, text);
    const underRoot = put(
      'root-operators',
      readFileSync(signers, 'utf8').replace(
        /alice (\S+) .*/,
        `alice cert-authority,$1 ${real['root']}`,
      ),
    );
    const bundle = put(
      'certificate.json',
      makeBundle(
        {
          ...bend,
          thenOrder: (order) =>
            order.signatures.forEach(
              (one: { operator: string; key: string; assurance: string }) => {
                reKey(one);
                if (one.operator === 'alice') one.key = certificate;
              },
            ),
        },
        byCertificate,
      ),
    );
    const asked = [
      ...argv(bundle).map((word) => (word === signers ? underRoot : word)),
      '--revocations',
    ];
    const revoke = (name: string, ...what: string[]): string => {
      const krl = join(scratch, name);
      assert.equal(spawnSync('ssh-keygen', ['-q', '-k', '-f', krl, ...what]).status, 0);
      return krl;
    };
    const others = revoke(
      'others.krl',
      '-s',
      join(scratch, 'root.pub'),
      put('serials', 'serial: 78-90\nid: mallory\n'),
    );
    assert.equal(run([...asked, others]).code, 0, run([...asked, others]).out);
    for (const [name, ...what] of [
      ['serial.krl', '-s', join(scratch, 'root.pub'), put('serial', 'serial: 70-80\n')],
      ['one.krl', '-s', join(scratch, 'root.pub'), put('one', 'serial: 77\n')],
      [
        'bits.krl',
        '-s',
        join(scratch, 'root.pub'),
        put('bits', [71, 73, 75, 77, 79, 83, 85, 87].map((n) => `serial: ${n}\n`).join('')),
      ],
      ['id.krl', '-s', join(scratch, 'root.pub'), put('id', 'id: alice-1\n')],
      ['key.krl', join(scratch, 'alice.pub')],
      ['ca.krl', join(scratch, 'root.pub')],
      [
        'hash.krl',
        put(
          'hash',
          `hash: ${spawnSync('ssh-keygen', ['-lf', join(scratch, 'alice.pub')], { encoding: 'utf8' }).stdout.split(' ')[1]}\n`,
        ),
      ],
    ] as const) {
      const { code, out } = run([...asked, revoke(name, ...what)]);
      assert.deepEqual([code, /signer-revoked/.test(out)], [8, true], `${name}: ${out}`);
    }
    assert.equal(run([...asked, put('empty.krl', '')]).code, 2);
  });

  it('reads the timestamps of a real authority, and finds each flipped byte of one', async () => {
    await using authority = await openTestAuthority();
    const plain = makeBundle();
    const text = noteTextOf(plain);
    const query = Buffer.concat([
      Buffer.from('30390201013031300d060960864801650304020105000420', 'hex'),
      sha256(text),
      Buffer.from('0101ff', 'hex'),
    ]);
    // TimeStampResp: SEQUENCE of a status and the token.
    const tokenIn = (response: Buffer): Buffer =>
      response.subarray(response.indexOf(Buffer.from('3003020100', 'hex')) + 5);
    const token = tokenIn(await authority.reply(query));
    const bundle = put('stamped.json', makeBundle({ timestamp: token.toString('base64') }));
    const root = put('root.pem', authority.root);
    const own = put('tsa.pem', authority.certificate);
    for (const pem of [root, own])
      assert.equal(
        run(['bundle', bundle, ...named, '--tsa', pem]).code,
        0,
        run(['bundle', bundle, ...named, '--tsa', pem]).out,
      );
    await using stranger = await openTestAuthority();
    assert.match(
      run(['bundle', bundle, ...named, '--tsa', put('stranger.pem', stranger.root)]).out,
      /timestamp-wrong \(timestamp\)/,
    );
    assert.match(
      run(['bundle', put('plain.json', plain), ...named, '--tsa', root]).out,
      /not-timestamped/,
    );
    // A browser decides the same, with the same certificates.
    const { checkInBrowser } = await lent(() => import('../../console/src/verify/bundle.ts'));
    const inBrowser = async (pem: string, what: Buffer = readFileSync(bundle)) => {
      const tsa = [pem.replaceAll(/-----[^-]+-----|\s/g, '')];
      const none = { logKeys: [], witnesses: [], signers: '', hostKeys: [] };
      const { findings, undecided } = await checkInBrowser(what, { ...none, tsa });
      const open = undecided.some(({ code }) => code === 'timestamp-authority');
      return [open, findings.map(({ code }) => code).includes('timestamp-wrong')];
    };
    for (const pem of [authority.root, authority.certificate])
      assert.deepEqual(await inBrowser(pem), [false, false]);
    assert.deepEqual(await inBrowser(stranger.root), [false, true]);
    await using rsa = await openTestAuthority({ key: 'rsa' });
    assert.deepEqual(await inBrowser(rsa.certificate), [false, true]);
    const byRsa = makeBundle({ timestamp: tokenIn(await rsa.reply(query)).toString('base64') });
    assert.deepEqual(await inBrowser(rsa.root, byRsa), [false, false]);
    const flipped = Buffer.from(token);
    flipped[flipped.length - 3] = (flipped.at(-3) ?? 0) ^ 1;
    const bent = makeBundle({ timestamp: flipped.toString('base64') });
    assert.deepEqual(await inBrowser(authority.root, bent), [false, true]);
    const { X509Certificate } = await import('node:crypto');
    const pins = [new X509Certificate(authority.root)];
    assert.ok(verifyTimestamp(token, [text], pins) > 1_700_000_000);
    const passed: number[] = [];
    for (let at = 0; at < token.length; at += 1) {
      const bent = Buffer.from(token);
      bent[at] = (bent[at] ?? 0) ^ 1;
      try {
        verifyTimestamp(bent, [text], pins);
        passed.push(at);
      } catch (error) {
        assert.equal(
          (error as Error).constructor.name,
          'Bad',
          `byte ${at}: ${(error as Error).stack}`,
        );
      }
    }
    // What was stamped and when, the signed attributes and the signature: every byte. Free are a second copy of the
    // root, version numbers, lists of algorithms and the issuer's name, which all stand elsewhere as well.
    const { raw } = pins[0] as { raw: Buffer };
    const rootAt = token.indexOf(raw);
    const loose = passed.filter((at) => at < rootAt || at >= rootAt + raw.length);
    const infoAt = token.indexOf(sha256(text));
    const signedAt = token.lastIndexOf(Buffer.from('2a864886f70d010904', 'hex'));
    assert.ok(infoAt > 0 && signedAt > 0 && loose.length < 120, String(loose.length));
    assert.deepEqual(
      loose.filter((at) => (at >= infoAt && at < infoAt + 60) || at >= signedAt),
      [],
    );
  });

  it('says the same as the server about RFC 8785 and about notes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.equal(
          attempt(() => canonical(value, 60)),
          attempt(() => canonicalJson(value as Json)),
        );
      }),
      { numRuns: 300 },
    );
    const note = signNote(`holdfast/test\n3\n${Buffer.alloc(32).toString('base64')}\n`, LOG);
    const piece = fc.constantFrom(
      note,
      cosign(note, WITNESS, 5),
      note.slice(0, 30),
      '\n',
      '— x AAAA\n',
      'text\n\n',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 4 }), (pieces) => {
        const theirs = serverSplitNotes(pieces.join(''));
        const mine = splitNotes(pieces.join(''));
        if (pieces.every((one) => one.startsWith(note.slice(0, 40))))
          assert.deepEqual(mine.notes, theirs.notes);
        assert.ok(
          mine.notes.every((one) => theirs.notes.includes(one) || !one.startsWith('holdfast')),
        );
      }),
      { numRuns: 200 },
    );
    assert.throws(() => parseVerifierKey(LOG.vkey.replace('test', 'tost')));
  });

  it('computes roots and proofs as RFC 6962 writes them', () => {
    const leaves = Array.from({ length: 70 }, (_, i) => sha256(`\0${i}`));
    const tree = new Tree();
    assert.equal(tree.root().toString('hex'), hex(''));
    for (const [i, leaf] of leaves.entries()) {
      tree.append(leaf);
      assert.deepEqual(tree.root(), mth(leaves.slice(0, i + 1)));
    }
    assert.equal(rootFromInclusion(sha256('x'), 3, 3, []), undefined);
  });

  it('is run by Node 20 and later', () => {
    const old = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => existsSync(path));
    const bundle = put('old.json', makeBundle());
    const { status, stdout } = spawnSync(
      old ?? process.execPath,
      [VERIFIER, 'bundle', bundle, ...named],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stdout);
  });
});

function attempt(make: () => string): string {
  try {
    return make();
  } catch {
    return 'refused';
  }
}
