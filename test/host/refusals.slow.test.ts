/** Every refusal of docs/host-contract.md, provoked once at the script. What is refused was not run. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { type Answer, formatFrame, type Item } from '#adapters';
import {
  aKey,
  anEcdsaKey,
  anEcdsaSecurityKey,
  aPasskey,
  aRoot,
  aSecurityKey,
} from '#samples/authority';
import {
  authorityLine,
  configDocument,
  document,
  type HostFiles,
  HostRig,
  id32,
  itemText,
  makeKeys,
  NO_HASH,
  type OrderOptions,
  type PartOptions,
  percent,
  policyFile,
  receiptLine,
  revocationsFile,
  seconds,
  sha,
  signerLine,
  signersFile,
} from '#test/host-rig';

const NAMESPACE = 'holdfast-change@1';
const ORIGIN = 'https://console.example:8443';
type Signer = { sign(namespace: string, text: string): string };

const keys = makeKeys();
const rigs: HostRig[] = [];
const aRig = (
  ...options: ConstructorParameters<typeof HostRig> extends [unknown, ...infer R] ? R : never
): HostRig => {
  const rig = new HostRig(keys, ...options);
  rigs.push(rig);
  return rig;
};
after(() => {
  for (const rig of rigs) rig.dispose();
  keys.dispose();
});

const TRUE: PartOptions = { argv: ['true'] };

/** One part in one order, with whatever is to be wrong about it. */
function runWith(
  rig: HostRig,
  signatures: (order: string) => readonly string[],
  partOptions: PartOptions = TRUE,
  orderOptions: OrderOptions = {},
  more: readonly Item[] = [],
): Answer {
  const part = rig.part(partOptions);
  const order = rig.order([part], orderOptions);
  return rig.ask('run', [
    ['order', order],
    ...signatures(order).map((each): Item => ['signature', each]),
    ['part', part],
    ...more,
  ]);
}

function refusedAs(code: string, answer: Answer): void {
  assert.deepEqual([answer.verdict, answer.code], ['refused', code], answer.detail);
}

describe('a frame is refused', () => {
  const rig = aRig();
  const good = formatFrame('status', []);
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['when nothing is in it', Buffer.from('')],
    ['of another version', Buffer.from('holdfast-frame 2\nverb status\nend\n')],
    ['with an unknown verb', Buffer.from('holdfast-frame 1\nverb shell\nend\n')],
    ['with a byte behind it', Buffer.concat([good, Buffer.from('x')])],
    ['that promises more than it holds', formatFrame('job', [['nonce', 'x']]).subarray(0, -1)],
    ['with items that the verb does not have', formatFrame('status', [['order', 'x']])],
    [
      'with items in another order',
      formatFrame('lift', [
        ['signature', 'x'],
        ['order', 'x'],
      ]),
    ],
    ['that asks for a nonce that is none', formatFrame('job', [['nonce', '../../etc/passwd\n']])],
    ['with a path for a stop', formatFrame('stop', [['stop', '-rf\n']])],
  ];
  for (const [what, frame] of cases) {
    it(what, () => refusedAs('bad-frame', rig.askBytes(frame)));
  }
});

describe('an order is refused', () => {
  const rig = aRig();
  const alice = (order: string): string[] => [keys.sign('alice', NAMESPACE, order)];
  const now = seconds();

  it('when it is not in the one form', () => {
    const part = rig.part(TRUE);
    const order = rig.order([part]);
    for (const bad of [
      order.replace('\n', '\r\n'),
      order.replace('tier T2', 'tier  T2'),
      order.replace('tier T2', 'tier T0'),
      order.replace('quorum 1', 'quorum 01'),
      `${order}\n`,
      order.slice(0, -1),
      order.replace('parts 1', 'parts 2'),
    ]) {
      assert.notEqual(bad, order);
      refusedAs(
        'bad-order',
        rig.ask('run', [
          ['order', bad],
          ['signature', 'x'],
          ['part', part],
        ]),
      );
    }
  });
  it('of another organisation', () =>
    refusedAs('wrong-organisation', runWith(rig, alice, TRUE, { organisation: 'other' })));
  it('with fewer operators than it asks for, two keys of one counting once', () => {
    refusedAs('quorum-not-met', runWith(rig, alice, TRUE, { quorum: 2 }));
    const twice = (order: string): string[] => [...alice(order), ...alice(order)];
    refusedAs('quorum-not-met', runWith(rig, twice, TRUE, { quorum: 2 }));
    const both = (order: string): string[] => [...alice(order), keys.sign('bob', NAMESPACE, order)];
    assert.equal(runWith(rig, both, TRUE, { quorum: 2 }).state, 'ended');
  });
  it('issued in the future', () =>
    refusedAs('clock-skew', runWith(rig, alice, TRUE, { issued: now + 400 })));
  it('before its time and after it', () => {
    refusedAs('not-yet', runWith(rig, alice, TRUE, { notBefore: now + 60 }));
    refusedAs('expired', runWith(rig, alice, TRUE, { runBy: now - 1 }));
  });
  it('by a clock below what was accepted before', () => {
    const other = aRig();
    other.write('floor', `${now + 1000}\n`);
    refusedAs('clock-below-floor', runWith(other, alice));
    other.write('floor', 'soon\n');
    refusedAs('clock-below-floor', runWith(other, alice));
  });
  it('under another history of the event log', () => {
    const other = aRig();
    const seen = `7 ${sha('seven')}`;
    assert.equal(runWith(other, alice, TRUE, { checkpoint: seen }).verdict, 'ok');
    assert.match(other.read('witness'), new RegExp(`^${seen} \\d{10}\\n$`));
    const later = now + 60;
    for (const checkpoint of [`6 ${sha('six')}`, `7 ${sha('other')}`, `0 ${NO_HASH}`]) {
      refusedAs('checkpoint-fork', runWith(other, alice, TRUE, { checkpoint, issued: later }));
    }
    // One that was issued before waits for its turn, however much was recorded since.
    const earlier = { checkpoint: `6 ${sha('six')}`, issued: now - 60 };
    assert.equal(runWith(other, alice, TRUE, earlier).verdict, 'ok');
    assert.equal(runWith(other, alice, TRUE, { checkpoint: seen }).verdict, 'ok');
    assert.equal(other.read('floor').trim().length, 10);
  });
  it('while stopped, whatever the file by that name is', () => {
    const other = aRig();
    symlinkSync('/nowhere', other.path('stop'));
    refusedAs('stopped', runWith(other, alice));
    assert.equal(other.ask('status').stopped, true);
  });
});

describe('a signature is refused', () => {
  const root = aRoot('root');
  const now = seconds();
  const certified = { validAfter: now - 60, validBefore: now + 600 };
  const gone = aKey('gone');
  const rig = aRig({
    signers: signersFile([
      signerLine('alice', keys.publicKey('alice')),
      signerLine('carol', aSecurityKey('carol').line),
      signerLine('dora', aPasskey('dora').line),
      signerLine('emil', anEcdsaKey('emil').line),
      signerLine('finn', anEcdsaSecurityKey('finn').line),
      signerLine('gone', gone.line),
      authorityLine('hana,ivan', root.line),
    ]),
    revocations: revocationsFile(1, [gone.line]),
    policy: policyFile({
      origins: [ORIGIN, 'http://localhost:7000'],
      rules: { T3: '1 separate', T1: '1 touch' },
    }),
  });
  const by =
    (signer: Signer, namespace = NAMESPACE) =>
    (order: string): string[] => [signer.sign(namespace, order)];
  const alice: Signer = { sign: (namespace, text) => keys.sign('alice', namespace, text) };
  const altered = (change: (armour: string) => string) => (order: string) => [
    change(alice.sign(NAMESPACE, order)),
  ];
  const raw = (change: (blob: Buffer) => Buffer) =>
    altered((armour) => {
      const blob = change(Buffer.from(armour.split('\n').slice(1, -2).join(''), 'base64'));
      const lines = blob.toString('base64').match(/.{1,70}/g) ?? [];
      return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----', ''].join(
        '\n',
      );
    });

  const good: readonly (readonly [string, Signer])[] = [
    ['an ed25519 key', alice],
    ['an ECDSA key', anEcdsaKey('emil')],
    ['a security key', aSecurityKey('carol')],
    ['an ECDSA security key', anEcdsaSecurityKey('finn')],
    ['a passkey', aPasskey('dora')],
    ['a certified key', root.certify(aKey('hana'), 'hana', certified)],
    ['a certified security key', root.certify(aSecurityKey('hana-sk'), 'hana', certified)],
    ['a certified passkey', root.certify(aPasskey('ivan'), 'ivan', certified)],
  ];
  it('never when it is good', () => {
    for (const [what, signer] of good) {
      const answer = runWith(rig, by(signer));
      assert.equal(answer.state, 'ended', `${what}: ${answer.code}`);
    }
  });

  const cases: readonly (readonly [string, string, (order: string) => readonly string[]])[] = [
    ['two-signatures', 'with a second one', altered((a) => a + a)],
    ['trailing-bytes', 'with a line behind it', altered((a) => `${a}x\n`)],
    [
      'trailing-bytes',
      'with a byte inside behind it',
      raw((b) => Buffer.concat([b, Buffer.of(0)])),
    ],
    [
      'bad-signature',
      'in lines of another width',
      altered((a) => a.replace(/(.{60})(.{10})\n/, '$1\n$2\n')),
    ],
    ['bad-signature', 'that is empty', () => ['']],
    [
      'bad-signature',
      'with a bit turned',
      raw((b) => {
        b[b.length - 1] = (b.at(-1) ?? 0) ^ 1;
        return b;
      }),
    ],
    ['bad-signature', 'of another order', () => [alice.sign(NAMESPACE, 'another')]],
    ['bad-signature', 'in another namespace', by(alice, 'holdfast-lift@1')],
    [
      'bad-signature',
      'of a version to come',
      raw((b) => {
        b[9] = 2;
        return b;
      }),
    ],
    ['unknown-signer', 'of somebody unknown', by(aKey('mallory'))],
    [
      'unknown-signer',
      'of a certificate that is over',
      by(root.certify(aKey('hana'), 'hana', { validAfter: now - 60, validBefore: now - 1 })),
    ],
    [
      'unknown-signer',
      'of a certificate for somebody else',
      by(root.certify(aKey('x'), 'kurt', certified)),
    ],
    [
      'unknown-signer',
      'of a certificate for two',
      by(root.certify(aKey('x'), 'hana', { ...certified, principals: ['hana', 'ivan'] })),
    ],
    [
      'unknown-signer',
      'of a certificate for anybody',
      by(root.certify(aKey('x'), 'hana', { ...certified, principals: [] })),
    ],
    [
      'unknown-signer',
      'of a certificate for a host',
      by(root.certify(aKey('x'), 'hana', { ...certified, isHost: true })),
    ],
    [
      'unknown-signer',
      'of a certificate of another root',
      by(aRoot('other').certify(aKey('x'), 'hana', certified)),
    ],
    ['signer-revoked', 'of a key that was revoked', by(gone)],
    ['no-presence', 'that nobody touched', by(aSecurityKey('carol', { present: false }))],
    ['no-verification', 'that checked nobody', by(aSecurityKey('carol', { verified: false }))],
    ['no-presence', 'of a passkey that nobody touched', by(aPasskey('dora', { present: false }))],
    [
      'no-verification',
      'of a passkey that checked nobody',
      by(aPasskey('dora', { verified: false })),
    ],
    [
      'foreign-origin',
      'given on another page',
      by(aPasskey('dora', { origin: 'https://console.example' })),
    ],
    ['cross-origin', 'given in a frame', by(aPasskey('dora', { crossOrigin: true }))],
    ['cross-origin', 'that says it twice', by(aPasskey('dora', { more: ',"crossOrigin":true' }))],
    [
      'cross-origin',
      'that says it in escapes',
      by(aPasskey('dora', { more: ',"\\u0063rossOrigin":true' })),
    ],
    ['bad-signature', 'that makes a passkey', by(aPasskey('dora', { type: 'webauthn.create' }))],
    [
      'unknown-signer',
      'of a passkey of another site',
      by(aPasskey('dora', { rpId: 'other.example' })),
    ],
  ];
  for (const [code, what, signatures] of cases) {
    it(`${what}: ${code}`, () => {
      refusedAs(code, runWith(rig, signatures));
    });
  }
  it('below the assurance that the tier needs', () => {
    refusedAs('assurance-too-low', runWith(rig, by(alice), TRUE, { tier: 'T1' }));
    assert.equal(runWith(rig, by(aSecurityKey('carol')), TRUE, { tier: 'T1' }).state, 'ended');
    refusedAs('assurance-too-low', runWith(rig, by(aSecurityKey('carol')), TRUE, { tier: 'T3' }));
    const here = aPasskey('dora', { origin: 'http://localhost:7000' });
    refusedAs('assurance-too-low', runWith(rig, by(here), TRUE, { tier: 'T3' }));
    assert.equal(runWith(rig, by(aPasskey('dora')), TRUE, { tier: 'T3' }).state, 'ended');
  });
});

describe('host files are refused', () => {
  const rig = aRig();
  const line = signerLine('alice', keys.publicKey('alice'));
  const asked = (): Answer => rig.run(TRUE);
  const withFile = (name: string, content: string | Uint8Array | undefined, code: string): void => {
    const before = readFileSync(rig.path(name));
    if (content === undefined) rmSync(rig.path(name));
    else rig.write(name, content);
    refusedAs(code, asked());
    rig.write(name, before);
  };
  const broken: readonly (readonly [string, string])[] = [
    ['of a wildcard', line.replace('alice', '*')],
    ['with another option', line.replace('namespaces', 'valid-before="20300101",namespaces')],
    ['with another namespace', line.replace('holdfast-lift@1', 'file')],
    ['with a comment', `${line} alice@example`],
    ['with a key that cannot be read', line.replace(/(AAAA.{20}).*/, '$1AAAA')],
    ['with one key twice', `${line}\n${line.replace('alice', 'bob')}`],
    ['with an empty line', `${line}\n`],
  ];
  for (const [what, lines] of broken) {
    it(`signers ${what}`, () => withFile('signers', signersFile([lines]), 'signers-broken'));
  }
  it('signers that are missing, or no config in force', () => {
    withFile('signers', undefined, 'signers-broken');
    withFile('config', undefined, 'signers-broken');
  });
  it('revocations that are missing, empty, no list or of no version', () => {
    withFile('revocations', undefined, 'revocations-broken');
    withFile('revocations', '', 'revocations-broken');
    withFile('revocations', 'ssh-ed25519 AAAA\n', 'revocations-broken');
    withFile('revocations', revocationsFile(0), 'revocations-broken');
    withFile('revocations', revocationsFile(1).subarray(0, 30), 'revocations-broken');
  });
  it('older than the config in force says', () => {
    const config = rig.read('config');
    for (const [name, code] of [
      ['signers', 'signers-broken'],
      ['revocations', 'revocations-broken'],
      ['host-policy', 'policy-broken'],
    ] as const) {
      withFile('config', config.replace(`\n${name} 1 `, `\n${name} 2 `), code);
    }
  });
  it('a policy that is not in the one form', () =>
    withFile(
      'host-policy',
      rig.read('host-policy').replace('rule T3 1', 'rule T3 one'),
      'policy-broken',
    ));
});

describe('a part is refused', () => {
  const rig = aRig();
  const file = rig.path('some file');
  rig.write('some file', 'content');
  const content = sha('content');
  const cases: readonly (readonly [string, string, PartOptions])[] = [
    ['bad-part', 'with a file that is not listed', { argv: ['cat', { file: 1 }] }],
    [
      'bad-part',
      'with a path that depends on where it runs',
      { ...TRUE, files: [[content, 'file']] },
    ],
    ['bad-part', 'with no end of time', { ...TRUE, timeout: 86_401 }],
    ['wrong-target', 'for another host', { ...TRUE, target: id32() }],
    ['wrong-epoch', 'for this host before it was restored', { ...TRUE, epoch: 2 }],
    ['cannot-run-as', 'for an account that is not there', { ...TRUE, runAs: 'nobody-at-all' }],
    ['file-changed', 'when a file is not what was signed', { ...TRUE, files: [[sha('x'), file]] }],
    ['file-changed', 'when a file is missing', { ...TRUE, files: [[content, '/nowhere']] }],
    [
      'condition-failed',
      'when a file differs',
      { ...TRUE, conditions: [`file-sha256 ${sha('x')} ${percent(file)}`] },
    ],
    [
      'condition-failed',
      'when a file is there',
      { ...TRUE, conditions: [`file-absent ${percent(file)}`] },
    ],
    [
      'forward-not-run',
      'when it goes back from where nobody went',
      { ...TRUE, direction: 'inverse' },
    ],
  ];
  for (const [code, what, options] of cases) {
    it(`${what}: ${code}`, () => refusedAs(code, rig.run(options)));
  }
  it('that the order does not list, or whose texts have two spellings', () => {
    const order = rig.order([rig.part(TRUE)]);
    const signature = keys.sign('alice', NAMESPACE, order);
    const ask = (part: string): Answer =>
      rig.ask('run', [
        ['order', order],
        ['signature', signature],
        ['part', part],
      ]);
    refusedAs('not-a-part', ask(rig.part(TRUE)));
    for (const arg of ['%74rue', '%2a', '%00', '%', '%FF', '%ED%A0%80', 'a b', '*']) {
      const part = rig.part(TRUE).replace('arg true', `arg ${arg}`);
      refusedAs(arg === '%' ? 'not-a-part' : 'bad-part', ask(part));
    }
  });
  it('whose input was changed, left out or added', () => {
    const items = rig.runItems({ argv: ['cat'], stdin: 'given' });
    refusedAs('stdin-changed', rig.ask('run', [...items.slice(0, -1), ['stdin', 'other']]));
    refusedAs('stdin-changed', rig.ask('run', items.slice(0, -1)));
    refusedAs('stdin-changed', rig.ask('run', [...rig.runItems(TRUE), ['stdin', '']]));
  });
  it('whose nonce was cancelled or spent', () => {
    const nonce = id32();
    const other = id32();
    const items = rig.runItems({ ...TRUE, nonce });
    const cancelled = rig.ask('cancel', [['nonces', `${nonce}\n${other}\n`]]);
    assert.equal(
      Buffer.from(cancelled.items.get('nonces') ?? []).toString(),
      `${nonce}\n${other}\n`,
    );
    const again = rig.ask('cancel', [['nonces', `${nonce}\n`]]);
    assert.equal(again.items.get('nonces')?.length, 0);
    refusedAs('nonce-spent', rig.ask('run', items));
    assert.equal(rig.ask('job', [['nonce', `${nonce}\n`]]).state, 'cancelled');
  });
  it('never when all of it holds: the copy of a file is used, and the way back runs after the way there', () => {
    const path = percent(file);
    const conditions = [`file-sha256 ${content} ${path}`, 'file-absent /nowhere/at/all'];
    const there = rig.part({ argv: ['cat', { file: 1 }], files: [[content, file]], conditions });
    const back = rig.part({ argv: ['echo', 'back'], direction: 'inverse' });
    const order = rig.order([there, back]);
    const signed: Item[] = [
      ['order', order],
      ['signature', keys.sign('alice', NAMESPACE, order)],
    ];
    refusedAs('forward-not-run', rig.ask('run', [...signed, ['part', back]]));
    const ran = rig.ask('run', [...signed, ['part', there]]);
    assert.equal(Buffer.from(ran.items.get('stdout') ?? []).toString(), 'content', ran.code);
    const undone = rig.ask('run', [...signed, ['part', back]]);
    assert.equal(receiptLine(undone, 'result'), 'exited', undone.code);
  });
});

describe('a run under a standing approval is refused', () => {
  const rig = aRig();
  const part = (): string => rig.part(TRUE);
  const core = createHash('sha256')
    .update(part().replace(/(\natomic [a-z]+\n)[^]*/, '$1'))
    .digest('hex');
  const now = seconds();
  type Over = Partial<
    Record<'action' | 'expires' | 'window' | 'budget' | 'cooldown' | 'core' | 'name', string>
  >;
  const standing = (over: Over = {}): string =>
    document('standing', [
      'organisation acme',
      `standing ${over.name ?? 'std-1'}`,
      `action ${over.action ?? 'demo.act@1'}`,
      `issued ${now - 7200}`,
      `expires ${over.expires ?? now + 3600}`,
      `window ${over.window ?? 'always'}`,
      `budget ${over.budget ?? '2 3600'}`,
      `cooldown ${over.cooldown ?? '0'}`,
      'even-tainted no',
      'quorum 1',
      'cores 1',
      `core ${over.core ?? core}`,
    ]);
  const ask = (text: string, by = 'control-plane', consent = 'alice', tier = 'T1'): Answer => {
    const one = part();
    const order = rig.order([one], { standing: text, tier });
    return rig.ask('run', [
      ['order', order],
      ['signature', keys.sign(by, 'holdfast-run@1', order)],
      ['part', one],
      ['standing', text],
      ['standing-signature', keys.sign(consent, 'holdfast-standing@1', text)],
    ]);
  };
  const clock = (minutes: number): string =>
    new Date((now + minutes * 60) * 1000).toISOString().slice(11, 16);

  it('by its term, window and list', () => {
    refusedAs('standing-expired', ask(standing({ expires: `${now - 3600}` })));
    refusedAs('outside-window', ask(standing({ window: `${clock(60)}-${clock(120)}` })));
    refusedAs('outside-window', ask(standing({ window: `${clock(60)}-${clock(-60)}` })));
    refusedAs('core-not-listed', ask(standing({ core: sha('x') })));
    refusedAs('core-not-listed', ask(standing({ action: 'demo.other@1' })));
    refusedAs('bad-order', ask(standing({ expires: `${now + 100 * 86_400}` })));
  });
  it('by who signed what', () => {
    refusedAs('unknown-signer', ask(standing(), 'alice'));
    refusedAs('unknown-signer', ask(standing(), 'control-plane', 'mallory'));
    refusedAs('unknown-signer', ask(standing(), 'control-plane', 'recovery'));
    refusedAs('bad-order', ask(standing(), 'control-plane', 'alice', 'T3'));
  });
  it('by what this host counted', () => {
    const window = `${clock(-60)}-${clock(60)}`;
    for (let i = 0; i < 2; i++) assert.equal(ask(standing({ window })).state, 'ended');
    refusedAs('over-budget', ask(standing({ window })));
    const rare = standing({ name: 'std-2', cooldown: '60' });
    assert.equal(ask(rare).state, 'ended');
    refusedAs('cooldown', ask(rare));
  });
});

describe('a config', () => {
  const files = (version: number, previous: HostFiles | undefined): HostFiles => ({
    signers: signersFile(
      [
        signerLine('bob', keys.publicKey('bob')),
        signerLine('recovery', keys.publicKey('recovery')),
      ],
      { version, previous: previous === undefined ? NO_HASH : sha(previous.signers) },
    ),
    revocations: revocationsFile(version),
    hostPolicy: policyFile({
      version,
      previous: previous === undefined ? NO_HASH : sha(previous.hostPolicy),
    }),
  });
  const ask = (rig: HostRig, order: string, by: string, given: HostFiles): Answer =>
    rig.ask('config', [
      ['order', order],
      ['signature', keys.sign(by, 'holdfast-config@1', order)],
      ['signers', given.signers],
      ['revocations', given.revocations],
      ['host-policy', given.hostPolicy],
    ]);
  const inForce = (rig: HostRig): HostFiles => ({
    signers: rig.read('signers'),
    revocations: readFileSync(rig.path('revocations')),
    hostPolicy: rig.read('host-policy'),
  });

  it('is judged by what is in force, installed whole, and the one before is kept', () => {
    const rig = aRig();
    const before = rig.read('config');
    const next = files(2, inForce(rig));
    const options = { version: 2, previous: sha(before), versions: [2, 2, 2] as const };
    const order = configDocument(next, options);
    refusedAs('unknown-signer', ask(rig, order, 'mallory', next));
    refusedAs(
      'version-not-rising',
      ask(rig, configDocument(next, { ...options, version: 1 }), 'alice', next),
    );
    refusedAs(
      'previous-mismatch',
      ask(rig, configDocument(next, { ...options, previous: sha('x') }), 'alice', next),
    );
    refusedAs(
      'file-mismatch',
      ask(rig, order, 'alice', { ...next, hostPolicy: policyFile({ version: 2 }) }),
    );
    const older = { ...next, signers: signersFile([signerLine('bob', keys.publicKey('bob'))]) };
    refusedAs('file-mismatch', ask(rig, order, 'alice', older));
    refusedAs('signers-broken', ask(rig, order, 'alice', { ...next, signers: '# nobody\n' }));
    refusedAs(
      'revocations-broken',
      ask(rig, order, 'alice', { ...next, revocations: Buffer.of() }),
    );
    assert.equal(rig.read('config'), before);

    assert.equal(ask(rig, order, 'alice', next).verdict, 'ok');
    assert.equal(rig.read('config'), order);
    assert.equal(rig.read('signers'), next.signers);
    assert.equal(rig.read('config.previous/1'), before);
    refusedAs('unknown-signer', rig.run(TRUE));
    assert.equal(rig.run(TRUE, {}, ['bob']).state, 'ended');
    refusedAs('version-not-rising', ask(rig, order, 'bob', next));

    const third = files(3, next);
    const third_order = configDocument(third, {
      version: 3,
      previous: sha(order),
      quorum: 9,
      versions: [3, 3, 3],
    });
    refusedAs('quorum-not-met', ask(rig, third_order, 'bob', third));
    assert.equal(ask(rig, third_order, 'recovery', third).verdict, 'ok');
  });

  it('half installed when its host died is finished by the next call', () => {
    const rig = aRig();
    const next = files(2, inForce(rig));
    const order = configDocument(next, {
      version: 2,
      previous: sha(rig.read('config')),
      versions: [2, 2, 2],
    });
    rig.write('installing/order', order);
    rig.write('installing/signers', next.signers);
    rig.write('installing/revocations', next.revocations);
    rig.write('installing/host-policy', next.hostPolicy);
    rig.write('signers', next.signers);
    assert.equal(rig.ask('status').verdict, 'ok');
    assert.equal(rig.read('config'), order);
    assert.equal(rig.read('host-policy'), next.hostPolicy);
    assert.equal(existsSync(rig.path('installing')), false);
  });

  it('is the first one only where whoever holds the machine said so', () => {
    const rig = aRig();
    const first = files(1, undefined);
    const order = configDocument(first);
    for (const name of ['config', 'signers', 'revocations', 'host-policy']) rmSync(rig.path(name));
    refusedAs('signers-broken', ask(rig, order, 'bob', first));
    rig.write('enrolling', '\n');
    refusedAs('unknown-signer', ask(rig, order, 'alice', first));
    assert.equal(ask(rig, order, 'bob', first).verdict, 'ok');
    assert.equal(existsSync(rig.path('enrolling')), false);
    assert.equal(rig.run(TRUE, {}, ['bob']).state, 'ended');
  });
});

describe('a stop', () => {
  it('is set by anybody, lifted only by the signature that names it', () => {
    const rig = aRig();
    assert.equal(rig.ask('stop', [['stop', 'stop-1\n']]).stopped, true);
    assert.equal(rig.ask('stop', [['stop', 'stop-2\n']]).stopped, true);
    assert.equal(rig.read('stop'), 'stop-1\n');
    refusedAs('stopped', rig.run(TRUE));
    const now = seconds();
    const lift = (stop: string, by: string, runBy = now + 60): Answer => {
      const lines = ['organisation acme', `stop ${stop}`, `issued ${now}`, `run-by ${runBy}`];
      const order = document('lift', lines);
      return rig.ask('lift', [
        ['order', order],
        ['signature', keys.sign(by, 'holdfast-lift@1', order)],
      ]);
    };
    refusedAs('unknown-signer', lift('stop-1', 'mallory'));
    refusedAs('other-stop', lift('stop-2', 'alice'));
    refusedAs('expired', lift('stop-1', 'alice', now - 1));
    assert.equal(lift('stop-1', 'recovery').stopped, false);
    assert.equal(rig.run(TRUE).state, 'ended');
    refusedAs('other-stop', lift('stop-1', 'alice'));
    // By hand.
    rig.write('stop', '');
    assert.equal(itemText(rig.ask('status'), 'stop'), 'unreadable\n');
    refusedAs('other-stop', lift('stop-1', 'alice'));
    assert.equal(lift('unreadable', 'alice').stopped, false);
  });
});
