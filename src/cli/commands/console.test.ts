/** What lets a person in is for the eyes of somebody at a terminal, and nothing is bound to an address unread. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json } from '#base/json';
import { OPERATIONS } from '#operations';
import type { Ask } from '../program.ts';
import { ANSWERS } from '../render/samples.ts';
import { cli, type Ran, type Setting } from '../samples.ts';

const operations = new Map(OPERATIONS.map((operation) => [operation.name, operation]));
const NOBODY = { ...(ANSWERS['console_status'] as object), operators: 0 } as Json;
const LINK = (ANSWERS['invitation_make'] as { link: string }).link;
const CODE = (ANSWERS['recovery_make'] as { codes: string[] }).codes[0] ?? '';

const answers =
  (over: Readonly<Record<string, Json>> = {}) =>
  ({ operation }: Ask): Json =>
    over[operation] ?? ANSWERS[operation] ?? null;

async function person(line: string, setting: Setting = {}): Promise<Ran> {
  const ran = await cli(line.split(' '), {
    answer: answers(),
    terminal: true,
    env: { NO_COLOR: '1' },
    ...setting,
  });
  for (const { operation, input } of ran.asked) {
    const fits = operations.get(operation)?.input.safeParse(input);
    assert.ok(fits?.success === true, `${operation}: ${fits?.error?.message}`);
  }
  return ran;
}

const asked = ({ asked: all }: Ran): readonly string[] => all.map(({ operation }) => operation);

describe('console setup', () => {
  const first = { answer: answers({ console_status: NOBODY }) };

  it('says what passkeys are bound to, asks who, and shows the link', async () => {
    const ran = await person('console setup', {
      ...first,
      typed: ['ada', 'Ada Lovelace', 'holdfast.example.org'],
    });
    assert.equal(ran.exit, 0, ran.err);
    assert.deepEqual(ran.asked.at(-1), {
      operation: 'invitation_make',
      input: { operator: 'ada', name: 'Ada Lovelace', first: true },
    });
    assert.ok(ran.out.indexOf('bound to holdfast.example.org') < ran.out.indexOf(LINK));
    assert.equal(ran.prompts.length, 3);
  });

  it('makes nothing where the address is not typed, or the id is none', async () => {
    for (const typed of [
      ['ada', '', 'yes'],
      ['ada', ''],
      ['Ada', '', 'holdfast.example.org'],
      ['recovery', '', 'holdfast.example.org'],
      [],
    ]) {
      const ran = await person('console setup', { ...first, typed });
      assert.notEqual(ran.exit, 0);
      assert.deepEqual(asked(ran), ['console_status']);
    }
  });

  const unsigned = {
    ...(NOBODY as object),
    unsigned: {
      code: 'server-unsigned',
      file: 'server.yaml',
      state: 'never',
      digest: 'ab'.repeat(32),
      says: 'nobody has signed it yet',
      differs: [
        {
          at: 'server.yaml:2',
          what: 'url',
          written: 'https://holdfast.example.org',
          signed: 'never',
          inForce: 'http://localhost:7425',
        },
      ],
      next: 'holdfast console setup',
    },
  } as Json;

  it('shows a server.yaml that nobody could sign yet, and confirms that very file for a yes', async () => {
    const answer = answers({
      console_status: unsigned,
      server_confirm: { confirmed: true, next: 'start the service again' },
    });
    const ran = await person('console setup', { answer, typed: ['yes'] });
    assert.equal(ran.exit, 0, ran.err);
    assert.match(ran.out, /server\.yaml:2 .*url.*https:\/\/holdfast\.example\.org/);
    assert.match(ran.out, /Confirmed\. .*start the service again/s);
    assert.deepEqual(ran.asked.at(-1), {
      operation: 'server_confirm',
      input: { digest: 'ab'.repeat(32) },
    });
    for (const typed of [['no'], []]) {
      const refused = await person('console setup', { answer, typed });
      assert.match(refused.err, /^holdfast: not-confirmed: /);
      assert.deepEqual(asked(refused), ['console_status']);
    }
  });

  it('binds nothing to an address that is not served any more once the service starts again', async () => {
    const moved = { ...(NOBODY as object), isToRestart: true } as Json;
    const ran = await person('console setup', { answer: answers({ console_status: moved }) });
    assert.match(ran.err, /^holdfast: not-served-yet: .*start the service again/);
    assert.deepEqual([ran.prompts.length, asked(ran)], [0, ['console_status']]);
  });

  it('is refused where somebody may sign already', async () => {
    const ran = await person('console setup', { typed: ['ada', '', 'holdfast.example.org'] });
    assert.match(ran.err, /^holdfast: operator-exists: /);
    assert.deepEqual([ran.prompts.length, asked(ran)], [0, ['console_status']]);
  });
});

describe('a link', () => {
  it('is not made while nobody answers where it leads', async () => {
    const away = { ...(NOBODY as object), isServed: false } as Json;
    for (const line of ['console setup', 'console invite bea']) {
      const ran = await person(line, { answer: answers({ console_status: away }) });
      assert.match(ran.err, /^holdfast: console-not-served: .*holdfast up/, line);
      assert.deepEqual([ran.prompts.length, asked(ran)], [0, ['console_status']], line);
    }
  });
});

describe('a link or a code', () => {
  it('is never made for a program: no terminal, --json, --pretty, or any operation by its name', async () => {
    for (const [line, setting] of [
      ['console setup', { terminal: false }],
      ['console invite bea', { terminal: false }],
      ['console recovery ada', { terminal: false }],
      ['console setup --json', {}],
      ['console invite bea --json', {}],
      ['console recovery ada --pretty', {}],
      ['ask invitation_make {"operator":"ada"}', {}],
      ['ask recovery_make {"operator":"ada"}', {}],
      [`ask server_confirm {"digest":"${'ab'.repeat(32)}"}`, {}],
    ] as const) {
      const ran = await person(line, setting);
      assert.equal(ran.out, '', line);
      assert.deepEqual(asked(ran), [], line);
      assert.match(ran.err, /nobody-there/, line);
    }
  });

  it('is shown to who sits there', async () => {
    assert.ok((await person('console invite bea')).out.includes(LINK));
    assert.ok((await person('console recovery ada')).out.includes(CODE));
  });
});

describe('console admit', () => {
  it('shows the fingerprint, and signs for that key with the page it was made at', async () => {
    const ran = await person('console admit bea --key k', { typed: 'sign' });
    assert.equal(ran.exit, 0, ran.err);
    assert.deepEqual(ran.asked[2], {
      operation: 'config_page',
      input: {
        request: {
          kind: 'add-operator',
          id: 'bea',
          name: 'Bea Bell',
          accounts: ['bea@console'],
          key: 'sk-ecdsa-sha2-nistp256@openssh.com AAAA',
          origins: ['https://holdfast.example.org'],
        },
      },
    });
    assert.ok(ran.out.includes(`SHA256:${'A'.repeat(43)}`));
    assert.equal(ran.signed.length, 1);
    assert.equal(asked(ran).at(-1), 'config_apply');
  });

  it('signs nothing where none waits, or several do and none is named', async () => {
    const { invitations } = ANSWERS['invitations_list'] as { invitations: Json[] };
    const two = [...invitations, ...invitations];
    for (const [line, over, code] of [
      ['console admit ada', {}, 'no-such-passkey'],
      ['console admit bea --fingerprint SHA256:x', {}, 'no-such-passkey'],
      ['console admit bea', { invitations_list: { invitations: two } }, 'invalid-input'],
    ] as const) {
      const ran = await person(line, { answer: answers(over), typed: 'sign' });
      assert.match(ran.err, new RegExp(`^holdfast: ${code}: `));
      assert.deepEqual(ran.signed, []);
    }
  });
});
