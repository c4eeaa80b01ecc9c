/**
 * Every operation that has to do with who may come in, or with what may act for a person, says what a session must show
 * beside itself (`confirms`), or stands here with the reason why a session is enough. This list may only shrink.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Capability, reachOf } from '#access';
import { throwsFault } from '#test/throws-fault';
import { aWorld, OPERATOR } from '#test/world';
import * as access from './access.ts';
import * as external from './external-tokens.ts';
import * as identity from './identity.ts';
import * as leases from './leases.ts';
import { OPERATIONS } from './list.ts';
import type { Confirmed, Operation } from './operation.ts';

const TOUCHING: ReadonlySet<Capability> = new Set([
  'access.read',
  'access.write',
  'leases.read',
  'leases.issue',
  'authority.write',
  'evidence.write',
  'service.admin',
]);

const SIGNED = 'takes a document that passkeys or keys signed';
const UNSIGNED = 'counts for nothing before somebody signs for it';
const TAKES = 'only takes away, and must be quick';
const TELLS = 'tells no secret';
const ENOUGH: Readonly<Record<string, string>> = {
  access_show: TELLS,
  break_glass_close: TAKES,
  break_glass_status: TELLS,
  command_move: UNSIGNED,
  config_apply: SIGNED,
  config_page: UNSIGNED,
  config_wait: UNSIGNED,
  config_waiting: TELLS,
  console_status: TELLS,
  doctor: TELLS,
  enrolment_add: UNSIGNED,
  enrolment_apply: SIGNED,
  enrolment_page: UNSIGNED,
  enrolment_remove: UNSIGNED,
  enrolment_start: TELLS,
  invitations_list: TELLS,
  lease_list: TELLS,
  lease_profiles: TELLS,
  lease_revoke: TAKES,
  passkeys_list: TELLS,
  policy_save: UNSIGNED,
  sessions_list: TELLS,
  token_revoke: TAKES,
  verify_log: TELLS,
};

const touching = (): readonly Operation[] => {
  const ofThese = new Set<unknown>(
    [access, external, identity, leases].flatMap((all) => Object.values(all)),
  );
  return OPERATIONS.filter((each) => ofThese.has(each) || TOUCHING.has(each.capability));
};
const person = {
  ...OPERATOR,
  principal: 'operator:bea@console',
  onBehalfOf: 'operator:bea@console',
  surface: 'console' as const,
  session: 'session:x',
  reach: reachOf('operator'),
};

describe('what a session alone is enough for', () => {
  it('is nothing that decides who comes in or acts for somebody, but for what stands here', () => {
    const bare = touching().filter(({ confirms }) => confirms === undefined);
    assert.deepEqual(bare.map(({ name }) => name).toSorted(), Object.keys(ENOUGH).toSorted());
    assert.ok(Object.keys(ENOUGH).length <= 24, 'it may only shrink');
  });

  it('is no call that asks for more: each is refused without it, and for one that is too old', async () => {
    const world = await aWorld();
    const asking = OPERATIONS.filter(({ confirms }) => confirms !== undefined);
    assert.ok(asking.length >= 10);
    const given: readonly (Confirmed | undefined)[] = [
      undefined,
      { how: 'recent', by: 'SHA256:x' },
      { how: 'each', by: 'SHA256:x' },
    ];
    for (const { name, confirms } of asking) {
      const codes: string[] = [];
      for (const confirmed of given) {
        // What it would be asked with matters to nothing here: the input of each is wrong in some way or other.
        const error: unknown = await world
          .ask(name, INPUTS[name] ?? {}, { caller: person, confirmed })
          .then(() => undefined)
          .catch((thrown: unknown) => thrown);
        codes.push((error as { code?: string } | undefined)?.code ?? 'done');
      }
      const refused = codes.map((code) => code === 'passkey-needed');
      assert.deepEqual(refused, [true, confirms === 'each', false], `${name}: ${codes.join(' ')}`);
    }
  });

  it('holds neither the terminal of the account nor anybody whom it is not offered to', async () => {
    const world = await aWorld();
    const input = INPUTS['lease_issue'] ?? {};
    await world.ask('lease_issue', input, { caller: OPERATOR });
    const bare = { caller: { ...person, surface: 'api' as const } };
    await throwsFault(() => world.ask('lease_issue', input, bare), 'not-offered');
  });

  it('is told in the event: by which passkey, or that there was none', async () => {
    const world = await aWorld();
    const input = INPUTS['lease_issue'] ?? {};
    const ask = (confirmed?: Confirmed) =>
      world.ask('lease_issue', input, { caller: person, confirmed });
    await throwsFault(() => ask(), 'passkey-needed');
    await ask({ how: 'each', by: 'passkey SHA256:abc' });
    const told = (await world.events()).filter(({ operation }) => operation === 'lease_issue');
    const by = told.map(({ decision }) => decision?.because ?? '');
    assert.ok(by.some((because) => because.endsWith('; confirmed by passkey SHA256:abc')));
    assert.ok(by.includes('passkey-needed'));
  });
});

const INPUTS: Readonly<Record<string, object>> = {
  lease_readmit: { leaseId: 'oauth_none', reason: 'found again' },
  server_confirm: { digest: 'a'.repeat(64) },
  invitation_make: { operator: 'cleo' },
  recovery_make: { operator: 'bea' },
  passkey_rename: { credentialId: 'x', label: 'laptop' },
  passkey_remove: { credentialId: 'x' },
  session_end: { operator: 'bea' },
  lease_issue: { label: 'laptop', profile: 'observer' },
  evidence_output: { sha256: 'a'.repeat(64) },
  evidence_hold: { change: 'all', reason: 'a case' },
  evidence_prune: { before: '2026-01-01T00:00:00Z' },
  evidence_export: { format: 'ocsf' },
  backup: { path: '/nowhere/x' },
  enrolment_keys: { verb: 'try' },
};
