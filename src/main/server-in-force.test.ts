/** What lies there against what was signed, as the service asks: and what it tells of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sha256 } from '#base/digest';
import { judge, placeOf } from '#egress';
import { throwsFault } from '#test/throws-fault';
import { ServerInForce } from './server-in-force.ts';
import type { SignedText } from './signed-file.ts';
import { unsignedChecks } from './unsigned-edit.ts';

const PUBLIC = `version: 1
url: https://a.example.org
listen: 0.0.0.0:7443
expose: true
hosts: [a.example.org]
tls: {certificate: tls/a.crt, key: tls/a.key}
oidc: {issuer: https://id.example.org, clientId: holdfast, groups: groups}
oauth: {mode: embedded}
egress: {allow: [10.0.0.0/8]}
`;

type Given = {
  there?: string | undefined;
  signed?: Awaited<ReturnType<SignedText>>;
  confirmed?: string;
};

function server(given: Given): ServerInForce {
  return new ServerInForce({
    files: {
      read: async () => (given.there === undefined ? undefined : Buffer.from(given.there)),
    },
    path: '/nowhere/server.yaml',
    signed: async () => given.signed,
    confirmed: async () => given.confirmed,
  });
}

const asSigned = (text: string) => ({ digest: sha256(text), text });

async function goes(of: ServerInForce, address: string): Promise<boolean> {
  try {
    judge(placeOf(`http://${address}/`), [address], await of.egress.allow());
    return true;
  } catch {
    return false;
  }
}

describe('server.yaml in force', () => {
  it('is what lies there, once that was signed', async () => {
    const one = server({ there: PUBLIC, signed: asSigned(PUBLIC) });
    assert.deepEqual(
      [(await one.settings()).url.host, await one.unsigned(), await goes(one, '10.1.1.1')],
      ['a.example.org', null, true],
    );
    const none = server({ signed: null });
    assert.deepEqual([(await none.settings()).isDefaultUrl, await none.unsigned()], [true, null]);
  });

  it('takes away at once, and gives nothing, until somebody signs; and says line by line what', async () => {
    const edited = PUBLIC.replaceAll('a.example.org', 'b.example.org')
      .replace('id.example.org', 'evil.example')
      .replace('oauth: {mode: embedded}\n', '')
      .replace('10.0.0.0/8', '10.1.0.0/16, 192.168.0.0/16');
    const given: Given = { there: edited, signed: asSigned(PUBLIC) };
    const one = server(given);
    const { url, oidc, oauth, hosts } = await one.toServe();
    assert.deepEqual(
      [url.host, oidc?.issuer, oauth.mode, hosts],
      ['a.example.org', 'https://id.example.org', 'off', ['a.example.org']],
    );
    assert.deepEqual(
      [await goes(one, '10.1.1.1'), await goes(one, '10.2.1.1'), await goes(one, '192.168.1.1')],
      [true, false, false],
    );
    const edit = await one.unsigned();
    assert.deepEqual(
      edit?.differs.map(({ at, what }) => `${at} ${what}`),
      [
        'server.yaml:2 url',
        'server.yaml:5 hosts',
        'server.yaml:7 oidc',
        'server.yaml:1 oauth',
        'server.yaml:8 egress',
      ],
    );
    const [check] = await unsignedChecks([() => one.unsigned()]);
    assert.equal(check?.ok, false);
    assert.match(
      check.says ?? '',
      /^server-unsigned: .*server\.yaml:2: url says https:\/\/b\.example\.org; signed: https:\/\/a\.example\.org; in force: https:\/\/a\.example\.org/s,
    );
    assert.match(check.mend ?? '', /holdfast config sign/);
    assert.equal(await one.isToRestart(), false);
    given.signed = asSigned(edited);
    assert.deepEqual(
      [await one.unsigned(), await one.isToRestart(), await goes(one, '192.168.1.1')],
      [null, true, true],
    );
  });

  it('is this machine alone where nobody ever signed, but for the very file that a person confirmed', async () => {
    const given: Given = { there: PUBLIC, signed: 'unsigned' };
    const one = server(given);
    const first = await one.toServe();
    assert.deepEqual(
      [first.url.origin, first.listen, first.oidc, first.oauth.mode, await goes(one, '10.1.1.1')],
      ['http://localhost:7425', null, null, 'off', false],
    );
    assert.equal((await one.unsigned())?.state, 'never');
    given.confirmed = sha256(PUBLIC);
    one.confirmedAnother();
    assert.deepEqual(
      [(await one.settings()).url.host, await one.unsigned(), await one.isToRestart()],
      ['a.example.org', null, true],
    );
    given.there = `${PUBLIC}# another\n`;
    assert.equal((await one.settings()).url.host, 'localhost');
    given.there = 'version: 1\nurl: http://localhost:9000\n';
    assert.deepEqual([(await one.settings()).url.port, await one.unsigned()], [9000, null]);
  });

  it('is this machine alone where nobody knows any more what was signed', async () => {
    for (const signed of [
      undefined,
      { digest: sha256('other') },
      { digest: sha256('other'), text: 'version: 1\negress: {allow: [10.0.0.0/8]}\n' },
    ]) {
      const one = server({ there: PUBLIC, signed });
      assert.equal((await one.settings()).url.host, 'localhost');
      assert.equal(await goes(one, '10.1.1.1'), false);
      assert.equal((await one.unsigned())?.state, 'unknown');
    }
  });

  it('says what is wrong with a part also when nobody signed it', async () => {
    const signed = asSigned(PUBLIC);
    await throwsFault(() => server({ there: 'version: 2\n', signed }).settings(), 'invalid-server');
    const unsafe = PUBLIC.replace('expose: true\n', '');
    await throwsFault(() => server({ there: unsafe, signed }).toServe(), 'unsafe-bind');
    assert.deepEqual(
      await unsignedChecks([() => server({ there: 'version: 2\n', signed }).unsigned()]),
      [],
    );
  });
});
