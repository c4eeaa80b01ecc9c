/** A name and TLS made on a real disk, served as they lie there, and looked after by doctor. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connect, createServer } from 'node:tls';
import type { ProgramResult, ProgramRun } from '#base/ports';
import { type Instant, shift } from '#base/time';
import { makeAuthority, makeServer } from '#certificates';
import type { ExposeAsked } from '#cli';
import { nodeClock } from '#machine';
import { bindOf, readServer } from '#serving';
import { throwsFault } from '#test/throws-fault';
import { withAuthority } from './authority-file.ts';
import { pathsOf } from './data-directory.ts';
import { certificateChecks } from './doctor-certificate.ts';
import {
  carryOutExposure,
  type ExposeNeeds,
  exposeNeeds,
  planExposure,
  renewExposure,
} from './expose.ts';
import { TlsFiles } from './tls-files.ts';

const NAME = 'holdfast.example.org';
const DAY = 86_400_000_000;
const OWN: ExposeAsked = {
  names: [NAME],
  port: 7443,
  listen: null,
  by: { kind: 'own-ca', fresh: false },
};

type Scene = {
  readonly home: string;
  readonly needs: ExposeNeeds;
  now: Instant;
  program: (run: ProgramRun) => ProgramResult;
  readonly read: (path: string) => string;
};

async function given(test: (scene: Scene) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'hf-expose-'));
  const ended = (more: Partial<ProgramResult>): ProgramResult => ({
    ended: 'exited',
    exit: 0,
    stdout: Buffer.of(),
    stderr: Buffer.of(),
    ...more,
  });
  const scene: Scene = {
    home,
    now: nodeClock().now(),
    program: () => ended({ ended: 'missing', exit: null }),
    read: (path) => readFileSync(join(home, path), 'utf8'),
    needs: {
      ...exposeNeeds(home),
      clock: { ...nodeClock(), now: () => scene.now },
      programs: { run: async (run) => scene.program(run) },
    },
  };
  try {
    await test(scene);
  } finally {
    rmSync(home, { recursive: true });
  }
}

const doctor = ({
  home,
  needs: { files, look },
  now,
}: Scene): ReturnType<typeof certificateChecks> =>
  certificateChecks({ files, look, paths: pathsOf(home), now });

async function opens(home: string, name: string): Promise<string> {
  const { tls } = readServer(readFileSync(join(home, 'server.yaml'), 'utf8'), 'server.yaml');
  assert.ok(tls !== null);
  const pair = await new TlsFiles(exposeNeeds(home).look, home, tls).read();
  const server = createServer(pair);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await new Promise((resolve) => {
      const ca = readFileSync(join(home, 'tls/ca.crt'));
      const { port } = server.address() as AddressInfo;
      const socket = connect({ port, host: '127.0.0.1', servername: name, ca }, () => {
        socket.destroy();
        resolve('authorized');
      });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    });
  } finally {
    server.close();
  }
}

describe('a name and TLS by an authority of our own', () => {
  it('are planned without writing anything, then written, served and believed', () =>
    given(async (scene) => {
      const { home, needs, read } = scene;
      writeFileSync(
        join(home, 'server.yaml'),
        '# mine\nversion: 1\negress: {allow: [10.0.0.0/8]} # office\n',
      );
      const plan = await planExposure(needs, OWN);
      assert.deepEqual(
        [plan.url, plan.rpId, plan.rpIdBefore],
        [`https://${NAME}:7443`, NAME, 'localhost'],
      );
      assert.doesNotMatch(read('server.yaml'), /url/);
      const done = await carryOutExposure(needs, OWN);
      assert.equal(read('server.yaml'), plan.text);
      assert.match(plan.text, /^# mine\n[^]*10\.0\.0\.0\/8\]\} # office\n/);
      const { isTls, hosts, addresses, port } = bindOf(readServer(plan.text, 'server.yaml'));
      assert.deepEqual([isTls, hosts, addresses, port], [true, [NAME], ['0.0.0.0'], 7443]);
      assert.equal(await opens(home, NAME), 'authorized');
      assert.equal(done.authority?.isNew, true);
      assert.match(done.authority?.fingerprint ?? '', /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/);
      for (const file of ['tls/ca.key', 'tls/console.key', 'server.yaml'])
        assert.equal(statSync(join(home, file)).mode & 0o777, 0o600, file);
      assert.equal(statSync(join(home, 'tls')).mode & 0o777, 0o700);
      const tls = readServer(plan.text, 'server.yaml').tls;
      const served = await withAuthority(new Map(), needs.look, home, tls);
      assert.deepEqual([...served.keys()], ['/ca.crt']);
      assert.equal(Buffer.from(served.get('/ca.crt')?.plain ?? []).toString(), read('tls/ca.crt'));
      assert.equal((await withAuthority(new Map(), needs.look, home, null)).size, 0);
      writeFileSync(join(home, 'tls/ca.crt'), read('tls/ca.key'));
      assert.equal((await withAuthority(new Map(), needs.look, home, tls)).size, 0);
    }));

  it('are renewed under the same authority, for another name under another, and on wish', () =>
    given(async (scene) => {
      const { needs, read, home } = scene;
      await carryOutExposure(needs, OWN);
      const [ca, leaf, settings] = [
        read('tls/ca.crt'),
        read('tls/console.crt'),
        read('server.yaml'),
      ];
      scene.now = shift(scene.now, 300 * DAY);
      const renewed = await renewExposure(needs);
      assert.equal(renewed.authority?.isNew, false);
      assert.deepEqual(
        [
          read('tls/ca.crt') === ca,
          read('tls/console.crt') === leaf,
          read('server.yaml') === settings,
        ],
        [true, false, true],
      );
      scene.now = shift(scene.now, 480 * DAY);
      assert.equal(
        (await renewExposure(needs)).authority?.isNew,
        true,
        'before it ends there is another',
      );
      const kept = read('tls/ca.crt');
      assert.equal(
        (await carryOutExposure(needs, { ...OWN, names: ['other.example.org'] })).authority?.isNew,
        true,
      );
      assert.notEqual(read('tls/ca.crt'), kept);
      scene.now = nodeClock().now();
      await carryOutExposure(needs, { ...OWN, by: { kind: 'own-ca', fresh: true } });
      assert.equal(await opens(home, NAME), 'authorized');
      assert.equal(await opens(home, 'other.example.org'), 'ERR_TLS_CERT_ALTNAME_INVALID');
    }));

  it('are looked at by doctor, who warns a month before they end', () =>
    given(async (scene) => {
      assert.deepEqual(await doctor(scene), []);
      await carryOutExposure(scene.needs, OWN);
      assert.deepEqual(
        (await doctor(scene)).map(({ ok }) => ok),
        [true, true],
      );
      scene.now = shift(scene.now, 366 * DAY);
      assert.deepEqual(
        (await doctor(scene)).map(({ ok }) => ok),
        [true, true],
      );
      scene.now = shift(scene.now, DAY);
      const [soon] = await doctor(scene);
      assert.deepEqual([soon?.ok, soon?.mend], [false, 'holdfast console expose --renew']);
      scene.now = shift(scene.now, 450 * DAY);
      assert.deepEqual(
        (await doctor(scene)).map(({ ok }) => ok),
        [false, false],
      );
      writeFileSync(join(scene.home, 'tls/console.key'), 'x');
      scene.now = nodeClock().now();
      assert.match((await doctor(scene))[0]?.says ?? '', /key cannot be read/);
    }));

  it('refuse what is no name that a passkey can be bound to', () =>
    given(async ({ needs, home }) => {
      for (const names of [
        ['10.0.0.5'],
        ['a b'],
        ['https://a.example'],
        ['localhost'],
        ['*.example.org'],
        ['a.example/x'],
      ])
        await assert.rejects(
          planExposure(needs, { ...OWN, names }),
          /invalid-server|unsafe-bind|server\.yaml/,
          names[0],
        );
      await throwsFault(() => planExposure(needs, { ...OWN, names: [] }), 'invalid-input');
      await throwsFault(
        () => planExposure(needs, { ...OWN, listen: 'everywhere' }),
        'invalid-server',
      );
      assert.throws(() => statSync(join(home, 'tls')), { code: 'ENOENT' });
    }));
});

describe('a certificate that was given', () => {
  it('is taken where it lies when it fits, and refused with every reason when it does not', () =>
    given(async (scene) => {
      const { home, needs } = scene;
      const random = needs.random;
      const making = { names: [NAME], now: scene.now, random };
      const authority = await makeAuthority(making);
      const server = await makeServer(authority, making);
      const [certificate, key] = [join(home, 'c.pem'), join(home, 'k.pem')];
      const asked: ExposeAsked = { ...OWN, by: { kind: 'files', certificate, key } };
      await throwsFault(() => planExposure(needs, asked), 'certificate-unfit');
      writeFileSync(certificate, server.certificate);
      writeFileSync(key, server.key, { mode: 0o644 });
      const { message } = await throwsFault(
        () => planExposure(needs, { ...asked, names: ['a.example'] }),
        'certificate-unfit',
      );
      assert.match(message, /not for a\.example.*chmod 600/);
      chmodSync(key, 0o600);
      const { authority: made, certificate: told } = await carryOutExposure(needs, asked);
      assert.deepEqual([made, told.file], [null, certificate]);
      assert.throws(() => statSync(join(home, 'tls')), { code: 'ENOENT' });
      assert.deepEqual(
        (await doctor(scene)).map(({ ok, name }) => [ok, name]),
        [[true, 'certificate of the console']],
      );
      await throwsFault(() => renewExposure(needs), 'not-ours-to-renew');
      scene.now = shift(scene.now, 500 * DAY);
      await throwsFault(() => planExposure(needs, asked), 'certificate-unfit');
    }));
});

describe('a tailnet', () => {
  const status = (over: object = {}): Uint8Array =>
    Buffer.from(
      JSON.stringify({
        Self: { DNSName: 'box.tail1234.ts.net.', TailscaleIPs: ['100.101.102.103', 'fd7a::1'] },
        CertDomains: ['box.tail1234.ts.net'],
        ...over,
      }),
    );
  const asked: ExposeAsked = { names: [], port: 7443, listen: null, by: { kind: 'tailnet' } };
  const done = (stdout: Uint8Array = Buffer.of(), exit = 0): ProgramResult => ({
    ended: 'exited',
    exit,
    stdout,
    stderr: Buffer.of(),
  });

  it('gives name, address and certificate through its own program, and renews them', () =>
    given(async (scene) => {
      const { needs, read } = scene;
      const names = ['box.tail1234.ts.net'];
      const making = { names, now: scene.now, random: needs.random };
      const server = await makeServer(await makeAuthority(making), making);
      const ran: string[] = [];
      scene.program = ({ argv }) => {
        ran.push(argv.slice(0, 2).join(' '));
        if (argv[1] === 'status') return done(status());
        assert.equal(argv.at(-1), names[0]);
        writeFileSync(argv[argv.indexOf('--cert-file') + 1] ?? '', server.certificate);
        writeFileSync(argv[argv.indexOf('--key-file') + 1] ?? '', server.key, { mode: 0o600 });
        return done();
      };
      const { url } = await carryOutExposure(needs, asked);
      assert.equal(url, 'https://box.tail1234.ts.net:7443');
      assert.match(read('server.yaml'), /listen: "?100\.101\.102\.103:7443/);
      await renewExposure(needs);
      assert.deepEqual(ran, ['tailscale status', 'tailscale cert', 'tailscale cert']);
    }));

  it('that is not there, not up, or gives no certificate says what to do', () =>
    given(async (scene) => {
      const says = async (): Promise<string> =>
        (await throwsFault(() => planExposure(scene.needs, asked), 'no-tailnet')).message;
      assert.match(await says(), /Install it, then: tailscale up/);
      for (const each of [
        done(Buffer.of(), 1),
        done(Buffer.from('no')),
        done(status({ Self: {} })),
        done(status({ Self: null })),
        done(Buffer.from('null')),
      ]) {
        scene.program = () => each;
        assert.match(await says(), /Run: tailscale up/);
      }
      scene.program = () => done(status({ CertDomains: null }));
      assert.match(await says(), /Enable MagicDNS and HTTPS/);
      scene.program = ({ argv }) => (argv[1] === 'status' ? done(status()) : done(Buffer.of(), 1));
      await throwsFault(() => carryOutExposure(scene.needs, asked), 'no-tailnet');
      assert.throws(() => statSync(join(scene.home, 'server.yaml')), { code: 'ENOENT' });
    }));
});
