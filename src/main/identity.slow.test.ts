/** People at the console, over a real service in a data directory of its own; the passkeys are made of software. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { NAMESPACES } from '#authority';
import type { Json, JsonObject } from '#base/json';
import { aKey } from '#samples/authority';
import { aCeremony, aSoftPasskey, PAGE, type SoftPasskey } from '#samples/signin';
import type { Person } from '#signin';
import { confirmServer } from '#test/change-home';
import { throwsFault } from '#test/throws-fault';
import { CLI_CALLER } from './callers.ts';
import { initialise } from './init.ts';
import { openService, type Service } from './service.ts';

const FROM = { address: '192.0.2.7', userAgent: 'a browser', pageKey: PAGE.key };
const PLACE = { origin: 'https://console.example:8443', rpId: 'console.example' };
const CONFIRMED = { how: 'each', by: 'a test' } as const;
const SERVER = 'version: 1\nurl: https://console.example:8443\n';

class Home implements AsyncDisposable {
  readonly path: string;
  service: Service;

  private constructor(path: string, service: Service) {
    this.path = path;
    this.service = service;
  }

  static async open(server = SERVER): Promise<Home> {
    const path = await mkdtemp(join(tmpdir(), 'holdfast-people-'));
    await initialise(path);
    writeFileSync(join(path, 'server.yaml'), server);
    const home = new Home(path, await opened(path));
    // A passkey is bound to a name before there is anybody to sign the file that gives it.
    await confirmServer(home.service, path);
    return home;
  }

  async again(): Promise<void> {
    await this.service.close();
    this.service = await opened(this.path);
  }

  async ask<T = JsonObject>(operation: string, input: Json = {}): Promise<T> {
    const { value } = await this.service.perform({ operation, input, caller: CLI_CALLER });
    return value as T;
  }

  async code(operator: string, first = false): Promise<string> {
    const { link } = await this.ask<{ link: string }>('invitation_make', { operator, first });
    return link.split('#')[1] ?? '';
  }

  /** A passkey that is registered and waits. */
  async registered(operator: string, name = operator): Promise<SoftPasskey> {
    const { invitation } = this.service.signIn;
    const key = aSoftPasskey(name, PLACE);
    const code = await this.code(operator);
    const answer = key.register(await invitation.options(code));
    assert.equal((await invitation.register(code, answer, 'phone', FROM)).step, 'pending');
    return key;
  }

  /** The first person, signed in. */
  async first(
    operator: string,
  ): Promise<{ key: SoftPasskey; secret: string; codes: readonly string[] }> {
    const { invitation } = this.service.signIn;
    const key = aSoftPasskey(operator, PLACE);
    const code = await this.code(operator, true);
    const answer = key.register(await invitation.options(code));
    const registered = await invitation.register(code, answer, 'laptop', FROM);
    assert.equal(registered.step, 'sign');
    if (registered.step !== 'sign') throw new Error('no page');
    const order = String(registered.page['order'] as string);
    const { secret, recoveryCodes } = await invitation.finish(
      code,
      { order, signature: key.sign(NAMESPACES.config, order) },
      FROM,
    );
    return { key, secret, codes: recoveryCodes };
  }

  async signIn(key: SoftPasskey): Promise<string> {
    const { passkey } = this.service.signIn;
    return (await passkey.verify(key.answer(await passkey.options()), FROM)).secret;
  }

  async who(secret: string): Promise<Person | undefined> {
    const { signIn } = this.service;
    return signIn.whoIs(secret, PAGE.shows(signIn.nonce()));
  }

  /** Asks for a config and has it signed by that key. */
  async sign(request: Json, key: { sign(namespace: string, text: string): string }): Promise<void> {
    const { order } = await this.ask<{ order: string }>('config_page', { request });
    await this.ask('config_apply', { order, signatures: [key.sign(NAMESPACES.config, order)] });
  }

  async admit(operator: string, by: SoftPasskey): Promise<void> {
    const { invitations } = await this.ask<{
      invitations: {
        operator: string;
        name: string;
        accounts: string[];
        pending: { key: string };
      }[];
    }>('invitations_list');
    const found = invitations.find((one) => one.operator === operator);
    assert.ok(found);
    const { name, accounts, pending } = found;
    await this.sign(
      {
        kind: 'add-operator',
        id: operator,
        name,
        accounts,
        key: pending.key,
        origins: [PLACE.origin],
      },
      by,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service.close();
    await rm(this.path, { recursive: true });
  }
}

async function opened(home: string): Promise<Service> {
  const service = await openService({ home, logSink: () => {} });
  assert.ok(service);
  return service;
}

describe('the first person at the console', () => {
  it('is in force by their own passkey, which config and lift then ask for', async () => {
    await using home = await Home.open();
    const { secret, codes } = await home.first('ada');
    assert.equal(codes.length, 10);
    const person = await home.who(secret);
    assert.deepEqual([person?.holds, person?.name, person?.keys.length], ['owner', 'ada', 1]);
    const { operators, rules } = await home.ask<{
      operators: { id: string; accounts: string[] }[];
      rules: { rule: string; least: string }[];
    }>('operators_list');
    assert.equal(operators[0]?.id, 'ada');
    assert.ok(operators[0]?.accounts.includes('ada@console'));
    assert.ok(operators[0]?.accounts.includes(CLI_CALLER.principal.replace('operator:', '')));
    assert.deepEqual(
      rules.filter(({ rule }) => rule === 'config' || rule === 'lift').map(({ least }) => least),
      ['touch', 'touch'],
    );
    assert.equal(statSync(join(home.path, 'identity', 'identity.sqlite')).mode & 0o777, 0o600);
    await throwsFault(() => home.code('bob', true), 'operator-exists');
  });

  it('stays who they are when the service is started anew', async () => {
    await using home = await Home.open();
    const { secret, key } = await home.first('ada');
    await home.again();
    assert.equal((await home.who(secret))?.session.operator, 'ada');
    await home.signIn(key);
  });

  it('is nobody by a signature that another key made, and may try again', async () => {
    await using home = await Home.open();
    const { invitation } = home.service.signIn;
    const ada = aSoftPasskey('ada', PLACE);
    const code = await home.code('ada', true);
    const answer = ada.register(await invitation.options(code));
    const registered = await invitation.register(code, answer, '', FROM);
    if (registered.step !== 'sign') throw new Error('no page');
    const order = String(registered.page['order'] as string);
    for (const wrong of [
      aSoftPasskey('eve', PLACE).sign(NAMESPACES.config, order),
      aKey('eve').sign(NAMESPACES.config, order),
      ada.sign(NAMESPACES.change, order),
      // A page of somebody else's, which hosts would not take either.
      aSoftPasskey('ada', { ...PLACE, origin: 'https://evil.example' }).sign(
        NAMESPACES.config,
        order,
      ),
    ])
      await assert.rejects(invitation.finish(code, { order, signature: wrong }, FROM));
    assert.deepEqual((await home.ask<{ operators: Json[] }>('operators_list')).operators, []);
    const signature = ada.sign(NAMESPACES.config, order);
    await invitation.finish(code, { order, signature }, FROM);
  });
});

describe('a further person', () => {
  it('waits until somebody in force signs, is in, and is out at the next request once revoked', async () => {
    await using home = await Home.open();
    const { key: ada, secret: hers } = await home.first('ada');
    const bea = await home.registered('bea');
    await throwsFault(() => home.signIn(bea), 'passkey-not-in-force');
    const states = async (): Promise<string[]> =>
      (
        await home.ask<{ passkeys: { operator: string; state: string }[] }>('passkeys_list')
      ).passkeys.map(({ operator, state }) => `${operator} ${state}`);
    assert.deepEqual(await states(), ['ada in-force', 'bea pending']);
    await home.admit('bea', ada);
    assert.deepEqual(await states(), ['ada in-force', 'bea in-force']);
    assert.deepEqual((await home.ask<{ invitations: Json[] }>('invitations_list')).invitations, []);
    const his = await home.signIn(bea);
    assert.equal((await home.who(his))?.name, 'bea');
    await home.sign({ kind: 'revoke-operator', id: 'bea' }, ada);
    assert.equal(await home.who(his), undefined);
    await throwsFault(() => home.signIn(bea), 'passkey-not-in-force');
    assert.deepEqual(await states(), ['ada in-force', 'bea revoked']);
    assert.ok(await home.who(hers));
  });

  it('is an existing one with a second passkey, of which each can be revoked alone', async () => {
    await using home = await Home.open();
    const { key: first, secret } = await home.first('ada');
    const second = await home.registered('ada', 'second');
    await home.admit('ada', first);
    const other = await home.signIn(second);
    assert.equal((await home.who(other))?.keys.length, 2);
    const { passkeys } = await home.ask<{ passkeys: { key: string; fingerprint: string }[] }>(
      'passkeys_list',
    );
    const lost = passkeys.find(({ key }) => key === first.line);
    await home.sign({ kind: 'revoke-key', fingerprint: lost?.fingerprint ?? '' }, second);
    assert.equal(await home.who(secret), undefined);
    assert.equal((await home.who(other))?.keys.length, 1);
    await throwsFault(() => home.signIn(first), 'passkey-not-in-force');
  });

  it('comes by a key file first, and brings the origin of the console with the passkey', async () => {
    await using home = await Home.open();
    const file = aKey('ada');
    await home.sign(
      { kind: 'add-operator', id: 'ada', name: 'Ada', key: file.line, accounts: ['root@local'] },
      file,
    );
    const passkey = await home.registered('ada');
    await home.admit('ada', file as unknown as SoftPasskey);
    const person = await home.who(await home.signIn(passkey));
    assert.equal(person?.name, 'Ada');
    // The passkey is worth a signature of its own from here on.
    await home.sign({ kind: 'rule', rule: 'T3', quorum: 1, least: 'same-user' }, passkey);
  });
});

describe('a person who is taken out', () => {
  it('has no session left at that moment, and nothing that they lent', async () => {
    await using home = await Home.open();
    const { key, secret } = await home.first('ada');
    const passkey = await home.registered('bea');
    await home.admit('bea', key);
    const bea = await home.who(await home.signIn(passkey));
    assert.ok(bea);
    const principal = 'operator:bea@console';
    const { value } = await home.service.perform({
      operation: 'lease_issue',
      input: { label: 'triage', profile: 'observer' },
      caller: { ...CLI_CALLER, principal, surface: 'console', reach: bea.reach },
      confirmed: CONFIRMED,
    });
    const { id } = (value as { lease: { id: string } }).lease;
    const ended: string[] = [];
    home.service.identity.onChange((topic) => ended.push(topic));
    await home.sign({ kind: 'revoke-operator', id: 'bea' }, key);
    assert.deepEqual(ended.toSorted(), ['leases', 'sessions']);
    assert.deepEqual(home.service.identity.sessions.list('bea'), []);
    assert.equal(home.service.identity.leases.get(id)?.revoked?.by, 'service:holdfast');
    assert.equal((await home.who(secret))?.name, 'ada');
  });
});

describe('the registry', () => {
  it('lets nobody in for being edited without a signature', async () => {
    await using home = await Home.open();
    const { secret } = await home.first('ada');
    writeFileSync(
      join(home.path, 'operators.yaml'),
      'version: 1\noperators:\n  - {id: eve, name: Eve, accounts: [eve@console], since: "2026-01-01T00:00:00Z"}\n',
    );
    await throwsFault(
      () =>
        home.service.signIn.vouched(
          { operator: 'eve', groups: [] },
          FROM,
          PAGE.shows(home.service.signIn.nonce()),
        ),
      'not-in-force',
    );
    assert.equal((await home.who(secret))?.name, 'ada');
  });
});

describe('roles', () => {
  it('narrow a person at the next request, and break-glass widens them for a while', async () => {
    await using home = await Home.open();
    const { secret, key } = await home.first('ada');
    writeFileSync(
      join(home.path, 'access.yaml'),
      'version: 1\nroles:\n  watcher: {profile: diagnostician}\npeople: {ada: [watcher]}\n',
    );
    const person = await home.who(secret);
    assert.equal(person?.holds, 'watcher (unsigned)');
    assert.equal(person?.reach[0]?.ceiling, 'T0');
    await home.sign({ kind: 'sign' }, key);
    assert.equal((await home.who(secret))?.holds, 'watcher');
    const { breakGlass, confirm } = home.service.signIn;
    const session = person?.session;
    assert.ok(session);
    const input = { reason: 'the site is down', minutes: 5 };
    const call = { operation: 'break_glass_open', input };
    const ceremony = await aCeremony(confirm, session, call, key);
    await breakGlass.open(session, { ...input, ceremony });
    assert.equal((await home.who(secret))?.holds, 'break-glass');
    const { open } = await home.ask<{ open: { operator: string }[] }>('break_glass_status');
    assert.deepEqual(
      open.map(({ operator }) => operator),
      ['ada'],
    );
    assert.deepEqual(await home.ask('break_glass_close', { operator: 'ada' }), { closed: true });
    assert.equal((await home.who(secret))?.holds, 'watcher');
  });
});

describe('an edit of access.yaml that nobody signed', () => {
  const watching = 'version: 1\nroles:\n  watcher: {profile: diagnostician}\n';
  const write = (home: Home, text: string) => writeFileSync(join(home.path, 'access.yaml'), text);
  /** Ada the owner, and bea who watches, as it was signed. */
  const signed = async (home: Home) => {
    const { key, secret } = await home.first('ada');
    const passkey = await home.registered('bea');
    await home.admit('bea', key);
    write(home, `${watching}people: {ada: [owner], bea: [watcher]}\n`);
    await home.sign({ kind: 'sign' }, key);
    const bea = await home.signIn(passkey);
    assert.equal((await home.who(bea))?.holds, 'watcher');
    return { key, ada: secret, bea };
  };
  const ceilings = async (home: Home, secret: string) =>
    (await home.who(secret))?.reach.map(({ ceiling }) => ceiling);

  it('widens nobody before it is signed', async () => {
    await using home = await Home.open();
    const { key, bea } = await signed(home);
    write(home, `${watching}people: {ada: [owner], bea: [owner]}\n`);
    assert.deepEqual(await ceilings(home, bea), ['T0']);
    assert.equal((await home.who(bea))?.holds, 'owner (unsigned)');
    await home.again();
    assert.deepEqual(await ceilings(home, bea), ['T0']);
    await home.sign({ kind: 'sign' }, key);
    assert.deepEqual(await ceilings(home, bea), ['T3']);
  });

  it('widens nobody by a role of the same name that holds more, or by the file being gone', async () => {
    await using home = await Home.open();
    const { ada, bea } = await signed(home);
    const more = 'version: 1\nroles:\n  watcher: {profile: operator}\n';
    write(home, `${more}people: {ada: [owner], bea: [watcher]}\n`);
    assert.deepEqual(await ceilings(home, bea), ['T0']);
    rmSync(join(home.path, 'access.yaml'));
    assert.deepEqual(await ceilings(home, bea), ['T0']);
    assert.deepEqual(await ceilings(home, ada), ['T3']);
  });

  it('lets nobody in where it is not known any more what was signed', async () => {
    await using home = await Home.open();
    const { bea } = await signed(home);
    write(home, `${watching}people: {ada: [owner], bea: [owner]}\n`);
    const memory = join(home.path, 'authority', 'declarations-signed.json');
    const kept = readFileSync(memory, 'utf8');
    rmSync(memory);
    await home.again();
    const { roles } = home.service.people;
    await throwsFault(() => roles('bea', [], true), 'access-unsigned');
    // Nor is it known which name the console has.
    assert.equal(await home.who(bea), undefined);
    writeFileSync(memory, kept.replace('bea: [watcher]', 'bea: [owner]'));
    await throwsFault(() => roles('bea', [], true), 'access-unsigned');
    write(home, `${watching}people: {ada: [owner], bea: [watcher]}\n`);
    const again = await roles('bea', [], true);
    assert.deepEqual(
      again?.reach.map(({ ceiling }) => ceiling),
      ['T0'],
    );
    // Written there, that no such file was ever signed makes nobody an owner.
    const { digest } = JSON.parse(kept) as { digest: string };
    const parts = [{ name: 'baselines or waivers', digest }];
    writeFileSync(memory, JSON.stringify({ digest, parts }));
    rmSync(join(home.path, 'access.yaml'));
    await home.again();
    await throwsFault(() => home.service.people.roles('bea', [], true), 'access-unsigned');
  });
});

describe('sessions and codes', () => {
  it('are listed, ended and made anew, and none of it is an assistant’s', async () => {
    await using home = await Home.open();
    const { secret } = await home.first('ada');
    const { sessions } = await home.ask<{ sessions: { id: string; operator: string }[] }>(
      'sessions_list',
    );
    assert.equal(sessions.length, 1);
    assert.deepEqual(await home.ask('session_end', { id: sessions[0]?.id ?? '' }), { ended: 1 });
    assert.equal(await home.who(secret), undefined);
    const { codes } = await home.ask<{ codes: string[] }>('recovery_make', { operator: 'ada' });
    const back = await home.service.signIn.recovery('ada', codes[0] ?? '', FROM);
    assert.equal((await home.who(back.secret))?.holds, 'recovery');
    const found = await home.who(back.secret);
    assert.ok(found);
    const principal = 'operator:ada@console';
    const byCode = {
      ...CLI_CALLER,
      principal,
      onBehalfOf: principal,
      surface: 'console' as const,
      profile: found.holds,
      reach: found.reach,
    };
    const input = { credentialId: found.keys[0]?.credentialId ?? '' };
    await throwsFault(
      () =>
        home.service.perform({
          operation: 'passkey_remove',
          input,
          caller: byCode,
          confirmed: CONFIRMED,
        }),
      'not-permitted',
    );
    await throwsFault(() => home.ask('recovery_make', { operator: 'bob' }), 'no-such-operator');
    for (const operation of ['invitation_make', 'recovery_make']) {
      const caller = { ...CLI_CALLER, surface: 'console' as const };
      await throwsFault(
        () =>
          home.service.perform({
            operation,
            input: { operator: 'ada' },
            caller,
            confirmed: CONFIRMED,
          }),
        'terminal-only',
      );
      await throwsFault(
        () =>
          home.service.perform({
            operation,
            input: { operator: 'ada' },
            caller: { ...CLI_CALLER, surface: 'api' },
          }),
        'not-offered',
      );
    }
  });

  it('leave somebody who administers: the last passkey goes at a terminal only, which says what follows', async () => {
    await using home = await Home.open();
    const { secret, key } = await home.first('ada');
    const ada = await home.who(secret);
    assert.ok(ada);
    const principal = 'operator:ada@console';
    const caller = { ...CLI_CALLER, principal, surface: 'console' as const, reach: ada.reach };
    const input = { credentialId: key.credentialId };
    const call = { operation: 'passkey_remove', input, caller };
    await throwsFault(() => home.service.perform(call), 'passkey-needed');
    await throwsFault(
      () => home.service.perform({ ...call, confirmed: CONFIRMED }),
      'last-passkey',
    );
    assert.equal((await home.who(secret))?.name, 'ada');
    const { says } = await home.ask<{ says: string }>('passkey_remove', input);
    assert.match(says, /last passkey/);
    assert.equal(await home.who(secret), undefined);
  });

  it('leave an event each, without any secret in it', async () => {
    await using home = await Home.open();
    const { secret, codes } = await home.first('ada');
    await home.ask('recovery_make', { operator: 'ada' });
    const code = await home.code('bea');
    // What was asked last can be read once it is sequenced.
    const read = () => home.service.events.read({}, 200);
    let events = await read();
    const isThere = () => events.filter(({ operation }) => operation === 'invitation_make').length;
    for (let i = 0; i < 100 && isThere() < 2; i++) {
      await sleep(50);
      events = await read();
    }
    const kinds = new Set(
      events.map(({ kind, operation }) => (kind === 'operation' ? operation : kind)),
    );
    for (const kind of [
      'passkey.registered',
      'config.signed',
      'session.opened',
      'recovery_make',
      'invitation_make',
    ])
      assert.ok(kinds.has(kind), kind);
    const text = JSON.stringify(events);
    for (const each of [secret, code, ...codes]) assert.equal(text.includes(each), false);
  });
});
