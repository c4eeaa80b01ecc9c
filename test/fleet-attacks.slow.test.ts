/**
 * What thieves can do to real hosts, over real ssh, with what they took from the control plane: a transport key,
 * the database, its signing key, all of it. What a host refuses is in its own log, and did not run.
 */
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Answer, Item } from '#adapters';
import { configDocument, liftDocument, signSshsig, standingDocument } from '#authority';
import { sha256 } from '#base/digest';
import { aKey, aPasskey, aRoot } from '#samples/authority';
import { PERSON, type View } from './support/change-home.ts';
import { anEnrolledFleet, type EnrolledFleet, HOST_DIRECTORY } from './support/enrolled-fleet.ts';
import { fleetUnavailable } from './support/fleet.ts';
import { endOf, holdfast, startOwner } from './support/holdfast.ts';
import { id32, loggedRefusals, type Signs, seconds, Thief } from './support/thief.ts';

const skip = await fleetUnavailable();
const ORIGIN = 'https://console.example:8443';
const CHANGE = 'holdfast-change@1';
const UNIT = 'nginx.service';
const ada = aKey(PERSON);

describe('thieves of a fleet', { skip, timeout: 900_000 }, () => {
  let one: EnrolledFleet;
  let a: Thief;
  let b: Thief;
  before(
    async () => {
      one = await anEnrolledFleet({
        hosts: 2,
        prepare: async (fleet) => {
          await fleet.signConfig({ kind: 'origins', origins: [ORIGIN] });
          const person = { kind: 'add-operator', accounts: [] };
          await fleet.signConfig({
            ...person,
            id: 'carol',
            name: 'Carol',
            key: aPasskey('carol').line,
          });
          await fleet.signConfig({
            kind: 'trust-root',
            key: aRoot('root').line,
            operators: ['dave'],
          });
        },
      });
      a = await Thief.at(one, 'web-1');
      b = await Thief.at(one, 'web-2');
    },
    { timeout: 300_000 },
  );
  after(() => one?.[Symbol.asyncDispose]());

  const refusedAs = (code: string, answer: Answer, what = code): void =>
    assert.deepEqual([answer.verdict, answer.code], ['refused', code], `${what}: ${answer.detail}`);
  const marks = async (name: string): Promise<string> =>
    (await one.host(name).exec(['sh', '-c', 'ls /run | grep marked- || :'])).stdout;
  /** Whatever was refused while `tries` went on is in the host's log, in that order, and nothing ran. */
  const nothingRan = async (thief: Thief, tries: () => Promise<void>): Promise<void> => {
    const [ran, left] = [await thief.ran(), await marks(thief.name)];
    const [logged, answered] = [(await thief.logged()).length, thief.refused.length];
    await tries();
    const codes = (await thief.logged()).slice(logged).map((line) => line.split(' ')[1]);
    assert.deepEqual(codes, thief.refused.slice(answered));
    assert.equal(await thief.ran(), ran);
    assert.equal(await marks(thief.name), left);
  };

  it('a stolen transport key opens no shell, no terminal, no forwarding, no files, no environment', async () => {
    for (const account of ['runner', 'reader'] as const) {
      const tries: readonly (readonly [string, Parameters<EnrolledFleet['steal']>[3]])[] = [
        ['a command', { command: ['touch', '/tmp/thief'] }],
        ['a shell', { command: [] }],
        ['a terminal', { options: ['-tt'], command: ['sh'] }],
        ['sftp', { options: ['-s'], command: ['sftp'] }],
        [
          'an environment',
          { options: ['-o', 'SetEnv=LC_ALL=thief LD_PRELOAD=/tmp/x'], command: ['env'] },
        ],
        ['its own forced command', { command: ['sh', '-c', '"$SSH_ORIGINAL_COMMAND"'] }],
      ];
      for (const [what, how] of tries) {
        const { stdout, stderr } = await one.steal(
          account,
          'web-1',
          'id; touch /tmp/thief\nexit\n',
          how,
        );
        assert.doesNotMatch(
          stdout,
          /uid=|PATH=|thief/,
          `${what} as ${account}: ${stdout}${stderr}`,
        );
        if (stdout !== '')
          assert.match(
            stdout,
            /^holdfast-(?:answer 1\r?\nverdict refused|read-answer 1\r?\n)/,
            what,
          );
      }
      for (const options of [
        ['-N', '-o', 'ExitOnForwardFailure=yes', '-R', '39999:127.0.0.1:22'],
        ['-W', '127.0.0.1:6379'],
      ]) {
        const { exit, stdout } = await one.steal(account, 'web-1', 'PING\r\n', {
          options,
          command: [],
        });
        assert.notEqual(exit, 0, options.join(' '));
        assert.doesNotMatch(stdout, /PONG/);
      }
    }
    assert.equal((await one.host('web-1').exec(['test', '-e', '/tmp/thief'])).exit, 1);
  });

  it('a stolen runner key runs nothing: forged, self-signed and altered, each refused and logged', async () => {
    await nothingRan(a, async () => {
      const mallory = aKey('mallory');
      const part = a.part();
      const order = a.change([part]);
      const good = ada.sign(CHANGE, order);
      const run = (text: string, signature: string, body = part): Promise<Answer> =>
        a.send('run', [
          ['order', text],
          ['signature', signature],
          ['part', body],
        ]);
      refusedAs('bad-frame', await a.sendBytes('sh -i\n'));
      refusedAs('bad-frame', await a.sendBytes('holdfast-frame 1\nverb shell\nend\n'));
      refusedAs('bad-signature', await run(order, 'no signature at all'));
      refusedAs('bad-signature', await run(order, ada.sign(CHANGE, `${order} `)));
      refusedAs('bad-signature', await run(order, ada.sign('holdfast-lift@1', order)));
      refusedAs('unknown-signer', await run(order, mallory.sign(CHANGE, order)));
      refusedAs('unknown-signer', await run(order, aKey('recovery').sign(CHANGE, order)));
      refusedAs('bad-signature', await run(order.replace('tier T2', 'tier T1'), good));
      refusedAs(
        'not-a-part',
        await run(order, good, part.replace('touch', 'rm')),
        'another program',
      );
      refusedAs('not-a-part', await run(order, good, a.part()), 'another part');
      const config = a.config.replace(
        /\nversion (\d+)\n/,
        (_, n: string) => `\nversion ${Number(n) + 1}\n`,
      );
      const files = await hostFiles('web-1');
      refusedAs(
        'unknown-signer',
        await a.send('config', [
          ['order', config],
          ['signature', mallory.sign('holdfast-config@1', config)],
          ...files,
        ]),
      );
      const lift = aLift('stop_1');
      refusedAs(
        'unknown-signer',
        await a.send('lift', [
          ['order', lift],
          ['signature', mallory.sign('holdfast-lift@1', lift)],
        ]),
      );
      refusedAs('bad-frame', await a.send('job', [['nonce', '../../etc/passwd\n']]));
      refusedAs('bad-frame', await a.send('cancel', [['nonces', 'x\n']]));
    });
  });

  it('what operators sign runs, by passkeys and certificates as well', async (t) => {
    const until = { validAfter: seconds() - 60, validBefore: seconds() + 3_600 };
    const root = aRoot('root');
    const good: readonly (readonly [string, Signs])[] = [
      ['a key', ada],
      ['a passkey', aPasskey('carol')],
      ['a certified passkey', root.certify(aPasskey('dave'), 'dave', until)],
      ['a certified key', root.certify(aKey('dave'), 'dave', until)],
    ];
    for (const [what, signer] of good) {
      const began = performance.now();
      const answer = await a.send('run', a.signed(signer));
      t.diagnostic(`${what}: ${Math.round(performance.now() - began)} ms`);
      assert.deepEqual([answer.verdict, answer.state], ['ok', 'ended'], `${what}: ${answer.code}`);
    }
    assert.equal((await marks('web-1')).trim().split('\n').length, good.length);
  });

  it('each envelope that is not what was signed, here, now, by a person who was there, is refused', async () => {
    const used = a.signed(ada);
    assert.equal((await a.send('run', used)).state, 'ended');
    const now = seconds();
    const files = await hostFiles('web-1');
    const before = await one
      .host('web-1')
      .must([
        'sh',
        '-c',
        `cat ${HOST_DIRECTORY}/config.previous/$(ls ${HOST_DIRECTORY}/config.previous | sort -n | tail -n 1)`,
      ]);
    const inForce = configDocument.parse(a.config);
    const next = {
      ...inForce,
      version: inForce.version + 1,
      previous: sha256(a.config),
      issued: now,
    };
    const config = (document: string, brought = files): Promise<Answer> =>
      a.send('config', [
        ['order', document],
        ['signature', ada.sign('holdfast-config@1', document)],
        ...brought,
      ]);
    const by =
      (signer: Signs, over = {}): (() => Promise<Answer>) =>
      () =>
        a.send('run', a.signed(signer, a.part(), over));
    const ofPart =
      (over: object): (() => Promise<Answer>) =>
      () =>
        a.send('run', a.signed(ada, a.part(over)));
    const altered = (change: (armour: string) => string): (() => Promise<Answer>) =>
      by({ sign: (namespace, text) => change(ada.sign(namespace, text)) });
    const passkey = (use: object): (() => Promise<Answer>) => by(aPasskey('carol', use));
    /** What was in force once, in a config that is new. */
    const older = (name: 'signers' | 'host-policy', line: RegExp): Promise<Answer> => {
      const field = name === 'signers' ? 'signers' : 'hostPolicy';
      const version = inForce[field].version - 1;
      const text = (body: Item[1] | undefined): string =>
        Buffer.from(body ?? '').toString('latin1');
      const was = text(files.find(([file]) => file === name)?.[1]).replace(line, (now) =>
        now.replace(/\d+/, `${version}`),
      );
      const marked = { ...next, [field]: { version, hash: sha256(was) } };
      return config(
        configDocument.format(marked),
        files.map(([file, body]) => [file, file === name ? was : body]),
      );
    };
    const cases: readonly (readonly [string, string, () => Promise<Answer>])[] = [
      ['nonce-spent', 'sent again', () => a.send('run', used)],
      ['expired', 'too late', by(ada, { runBy: now - 1 })],
      ['not-yet', 'too early', by(ada, { notBefore: now + 300 })],
      ['clock-skew', 'issued in the future', by(ada, { issued: now + 900 })],
      ['wrong-organisation', 'of others', by(ada, { organisation: 'other' })],
      ['quorum-not-met', 'of too few', by(ada, { quorum: 2 })],
      ['assurance-too-low', 'of T3 by a software key', by(ada, { tier: 'T3' })],
      ['wrong-target', 'for another host', ofPart({ target: b.target })],
      ['wrong-epoch', 'of an epoch to come', ofPart({ epoch: 2 })],
      [
        'checkpoint-fork',
        'beside the log',
        by(ada, {
          issued: now + 60,
          checkpoint: { size: 1, root: sha256('x') },
        }),
      ],
      ['two-signatures', 'with two blocks', altered((armour) => armour + armour)],
      ['trailing-bytes', 'with more behind', altered((armour) => `${armour}x\n`)],
      ['no-presence', 'that nobody touched', passkey({ present: false })],
      ['no-verification', 'that checked nobody', passkey({ verified: false })],
      ['foreign-origin', 'of another page', passkey({ origin: 'https://console.example' })],
      ['foreign-origin', 'of another port here', passkey({ origin: 'http://localhost:7000' })],
      ['cross-origin', 'in a frame', passkey({ crossOrigin: true })],
      ['unknown-signer', 'of another site', passkey({ rpId: 'other.example' })],
      ['bad-signature', 'that made a passkey', passkey({ type: 'webauthn.create' })],
      [
        'unknown-signer',
        'of a certificate that is over',
        by(
          aRoot('root').certify(aKey('dave'), 'dave', {
            validAfter: now - 60,
            validBefore: now - 5,
          }),
        ),
      ],
      [
        'unknown-signer',
        'of a certificate for another',
        by(
          aRoot('root').certify(aKey('dave'), 'ada', {
            validAfter: now - 60,
            validBefore: now + 600,
          }),
        ),
      ],
      ['version-not-rising', 'config: the one before', () => config(before)],
      ['version-not-rising', 'config: the one in force', () => config(a.config)],
      [
        'previous-mismatch',
        'config: of another past',
        () => config(configDocument.format({ ...next, previous: sha256('x') })),
      ],
      ['version-not-rising', 'config: older signers', () => older('signers', /^# version \d+$/m)],
      [
        'version-not-rising',
        'config: an older policy',
        () => older('host-policy', /^version \d+$/m),
      ],
      [
        'signers-broken',
        'config: signers that cannot be read',
        () =>
          config(
            configDocument.format(next),
            files.map(([name, body]) => [
              name,
              name === 'signers' ? `${Buffer.from(body as Buffer).toString()}x` : body,
            ]),
          ),
      ],
    ];
    await nothingRan(a, async () => {
      const wrong: string[] = [];
      for (const [code, what, tried] of cases) {
        const answer = await tried();
        if (answer.code !== code) wrong.push(`${what}: ${answer.code}, not ${code}`);
      }
      assert.deepEqual(wrong, []);
    });
    // What is for one host is refused by another, whoever brings it.
    await nothingRan(b, async () => refusedAs('wrong-target', await b.send('run', a.signed(ada))));
  });

  it('a clock that was put back refuses, and one that was put forward too', async () => {
    const host = one.host('web-1');
    await nothingRan(a, async () => {
      try {
        await host.fault('clock', -7_200);
        refusedAs(
          'clock-below-floor',
          await a.send(
            'run',
            a.signed(ada, a.part(), { issued: seconds() - 7_200, notBefore: seconds() - 7_300 }),
          ),
        );
        await host.fault('clock', 7_200);
        refusedAs('expired', await a.send('run', a.signed(ada)));
      } finally {
        await host.fault('heal');
      }
    });
    assert.equal((await a.send('run', a.signed(ada))).state, 'ended');
  });

  it('the runner key may stop a host, which takes away only, and no thief lifts that', async () => {
    assert.equal((await a.send('stop', [['stop', 'stop_1\n']])).verdict, 'ok');
    await nothingRan(a, async () => {
      refusedAs('stopped', await a.send('run', a.signed(ada)));
      const lift = aLift('stop_1');
      const by = (signer: Signs): readonly Item[] => [
        ['order', lift],
        ['signature', signer.sign('holdfast-lift@1', lift)],
      ];
      refusedAs('unknown-signer', await a.send('lift', by(controlPlane())));
    });
    const lift = aLift('stop_1');
    const lifted = await a.send('lift', [
      ['order', lift],
      ['signature', aKey('recovery').sign('holdfast-lift@1', lift)],
    ]);
    assert.equal(lifted.verdict, 'ok', lifted.code);
  });

  it('a stolen database runs nothing new, alone or with the runner key', async () => {
    // Something was approved and ran, so the database holds a signed order.
    await one.host('web-2').must(['systemctl', 'start', UNIT]);
    await one.observe('web-2');
    const asked = {
      action: 'service.restart',
      targets: ['host:web-2'],
      args: { unit: UNIT },
      reason: 'new',
    };
    const proposed = await one.ask<View>('run_action', asked);
    const done = await one.approve(proposed.changeId);
    assert.equal(done.state, 'confirmed', JSON.stringify(done));

    const stolen = join(one.place, 'stolen');
    cpSync(one.home, stolen, {
      recursive: true,
      filter: (path) =>
        !path.startsWith(join(one.home, 'keys')) && !path.startsWith(join(one.home, 'run')),
    });
    const auth = async (): Promise<number> =>
      Number(
        await one
          .host('web-2')
          .must(['sh', '-c', 'grep -c "Accepted publickey" /var/log/auth.log']),
      );
    const [ran, entered] = [await b.ran(), await auth()];
    try {
      const owner = await startOwner(stolen).catch(() => undefined);
      if (owner !== undefined) {
        for (const argv of [
          ['observe', 'host:web-2'],
          ['run', 'host:web-2', '--', 'uptime'],
        ])
          assert.notEqual((await holdfast(stolen, argv)).code, 0, argv.join(' '));
        owner.child.kill('SIGTERM');
        await endOf(owner.child);
      }
    } finally {
      rmSync(stolen, { recursive: true, force: true });
    }
    assert.equal(await auth(), entered, 'nobody was let in without the keys');
    const [order] = await ordersOf(proposed.changeId);
    assert.ok(order);
    await nothingRan(b, async () => {
      const items = (part: string): readonly Item[] => [
        ['order', order.text],
        ['signature', order.signatures[0]?.armored ?? ''],
        ['part', part],
      ];
      const [part = ''] = order.parts;
      refusedAs('nonce-spent', await b.send('run', items(part)));
      refusedAs(
        'not-a-part',
        await b.send('run', items(part.replace(/nonce .*/, `nonce ${id32()}`))),
      );
      refusedAs('wrong-target', await a.send('run', items(part)));
    });
    assert.equal(await b.ran(), ran);
  });

  it('with every key of the control plane: what a standing approval allows there, to its budget, not once more', async () => {
    const runs = 3;
    await one.host('web-2').must(['systemctl', 'start', UNIT]);
    await one.observe('web-2');
    const page = await one.ask<{ order: string; namespace: string }>('standing_page', {
      action: 'service.reload',
      targets: ['host:web-2'],
      arguments: { unit: [UNIT] },
      days: 7,
      window: 'always',
      budget: { runs, perSeconds: 3_600 },
      cooldownSeconds: 0,
      evenTainted: false,
      reason: 'new certificates',
    });
    const standing = page.order;
    const consent = ada.sign(page.namespace, standing);
    await one.ask('standing_add', { order: standing, signatures: [consent] });
    const key = controlPlane();
    const under = (
      part: string,
      { text = standing, by = key as Signs, signature = consent, over = {} } = {},
    ): readonly Item[] => {
      const order = b.underStanding(part, text, over);
      return [
        ['order', order],
        ['signature', by.sign('holdfast-run@1', order)],
        ['part', part],
        ['standing', text],
        ['standing-signature', signature],
      ];
    };
    // The thief has the texts of parts from the database, and makes new nonces.
    const asked = {
      action: 'service.reload',
      targets: ['host:web-2'],
      args: { unit: UNIT },
      reason: 'new',
    };
    const legitimate = await one.ask<View>('run_action', asked);
    assert.equal(legitimate.state, 'confirmed', JSON.stringify(legitimate));
    await one.assertSame(legitimate.changeId);
    b = await Thief.at(one, 'web-2');
    const [order] = await ordersOf(legitimate.changeId);
    const [text = ''] = order?.parts ?? [];
    const fresh = (): string => text.replace(/nonce .*/, `nonce ${id32()}`);

    // The signing key without a transport key reaches nobody; with it, only what is live there.
    await nothingRan(b, async () => {
      refusedAs('core-not-listed', await b.send('run', under(b.part())), 'another program');
      refusedAs('core-not-listed', await b.send('run', under(fresh().replace('nginx', 'redis'))));
      refusedAs(
        'core-not-listed',
        await b.send('run', under(fresh().replace(/timeout \d+/, 'timeout 86400'))),
      );
      refusedAs('bad-order', await b.send('run', under(fresh(), { over: { tier: 'T3' } })));
      const wider = standingDocument.format({
        ...standingDocument.parse(standing),
        budget: { runs: 1_000, seconds: 60 },
      });
      refusedAs(
        'bad-signature',
        await b.send('run', under(fresh(), { text: wider })),
        'a wider budget',
      );
      refusedAs(
        'unknown-signer',
        await b.send(
          'run',
          under(fresh(), { text: wider, signature: key.sign('holdfast-standing@1', wider) }),
        ),
        'consent by the control plane',
      );
      refusedAs('unknown-signer', await b.send('run', under(fresh(), { by: ada })));
      refusedAs(
        'unknown-signer',
        await b.send('run', b.signed(key)),
        'a change by the control plane',
      );
      const config = b.config.replace(
        /\nversion (\d+)\n/,
        (_, n: string) => `\nversion ${Number(n) + 1}\n`,
      );
      refusedAs(
        'unknown-signer',
        await b.send('config', [
          ['order', config],
          ['signature', key.sign('holdfast-config@1', config)],
          ...(await hostFiles('web-2')),
        ]),
      );
    });
    const spend = async (): Promise<Answer> => b.send('run', under(fresh()));
    for (let n = 1; n < runs; n++) assert.equal((await spend()).state, 'ended', `run ${n + 1}`);
    await nothingRan(b, async () => {
      for (let n = 0; n < 3; n++) refusedAs('over-budget', await spend());
    });
    // And on the other host, where nobody consented to anything: nothing.
    await nothingRan(a, async () => {
      refusedAs('wrong-target', await a.send('run', under(fresh())));
      refusedAs('core-not-listed', await a.send('run', under(fresh().replace(b.target, a.target))));
    });
    const counted = await one
      .host('web-2')
      .must(['sh', '-c', `cat ${HOST_DIRECTORY}/standing/${sha256(standing)}/*`]);
    assert.equal(counted.trim().split('\n').length, runs, counted);
  });

  it('a stolen reader key reads what the grammar of the host lets it read, and no more', async () => {
    const beyond: readonly (readonly string[])[] = [
      ['sh', '-c', 'id'],
      ['cat', '/etc/shadow'],
      ['cat', '/proc/1/environ'],
      ['cat', '/usr/local/lib/holdfast/home/runner/.ssh/../../../../../../../etc/shadow'],
      ['systemctl', 'restart', 'nginx'],
      ['find', '/', '-exec', 'id', ';'],
      ['env', 'LD_PRELOAD=/tmp/x', 'ls'],
      ['sudo', '-n', '/usr/local/lib/holdfast/current/run'],
      ['./ls'],
      ['tee', '/tmp/thief'],
      ['curl', 'http://203.0.113.9/'],
    ];
    const encode = (word: string): string =>
      encodeURIComponent(word).replace(/%(?:2F|3A|40|2C|2B|3D)|[!'()*]/g, (part) =>
        part.startsWith('%')
          ? decodeURIComponent(part)
          : `%${part.charCodeAt(0).toString(16).toUpperCase()}`,
      );
    const requests = beyond.map((argv, i) =>
      [
        `holdfast-read 1`,
        `id ${i + 1}`,
        'verb run',
        'seconds 5',
        'bytes 65536',
        `args ${argv.length}`,
        ...argv.map((word) => `arg ${encode(word)}`),
        'end\n',
      ].join('\n'),
    );
    const before = (await loggedRefusals(one, 'web-1', 'reader')).length;
    const { stdout } = await one.steal('reader', 'web-1', requests.join(''));
    const verdicts = [...stdout.matchAll(/^verdict (\w+)\ncode (\S+)$/gm)].map(
      ([, verdict, code]) => `${verdict} ${code}`,
    );
    assert.equal(verdicts.length, beyond.length, stdout);
    for (const [i, verdict] of verdicts.entries())
      assert.match(verdict, /^refused /, `${beyond[i]?.join(' ')}: ${verdict}`);
    const logged = (await loggedRefusals(one, 'web-1', 'reader')).slice(before);
    assert.equal(logged.length, beyond.length, logged.join('\n'));
  });

  function controlPlane(): Signs {
    const key = createPrivateKey(readFileSync(join(one.home, 'keys', 'control-plane.pem')));
    return { sign: (namespace, text) => signSshsig(key, namespace, text) };
  }
  async function hostFiles(name: string): Promise<readonly Item[]> {
    const items: Item[] = [];
    for (const file of ['signers', 'revocations', 'host-policy']) {
      const base64 = await one.host(name).must(['base64', '-w', '0', `${HOST_DIRECTORY}/${file}`]);
      items.push([file, Buffer.from(base64, 'base64')]);
    }
    return items;
  }
  type Order = {
    readonly text: string;
    readonly signatures: readonly { readonly armored: string }[];
    readonly parts: readonly string[];
  };
  async function ordersOf(changeId: string): Promise<readonly Order[]> {
    const { bundle } = await one.ask<{ bundle: string }>('change_bundle', { changeId });
    const { payload } = JSON.parse(bundle) as { payload: string };
    const { predicate } = JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) as {
      predicate: { orders: readonly Order[] };
    };
    return predicate.orders;
  }
});

function aLift(stop: string): string {
  return liftDocument.format({
    organisation: 'acme',
    stop,
    issued: seconds(),
    runBy: seconds() + 600,
  });
}
