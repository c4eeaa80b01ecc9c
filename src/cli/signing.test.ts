/** What stands between a page and a signature. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { OPERATIONS } from '#operations';
import {
  AMBIGUOUS,
  CHANGE,
  CONFIRMED,
  FAILED,
  PAGE,
  REBOOT_PAGE,
  REFUSED,
  STOP,
  TAINTED_PAGE,
  WAITS,
} from './commands/samples.ts';
import { EXIT_CODES } from './exit-codes.ts';
import type { Ask } from './program.ts';
import { ANSWERS } from './render/samples.ts';
import { cli, type Ran, type Setting } from './samples.ts';

const WORDS = PAGE.digestWords;
const operations = new Map(OPERATIONS.map((operation) => [operation.name, operation]));

const answers =
  (over: Readonly<Record<string, unknown>> = {}) =>
  (ask: Ask): Json =>
    (over[ask.operation] ?? ANSWERS[ask.operation] ?? null) as Json;

/** A person at a terminal who types `sign`, unless told otherwise; whatever is asked must fit its operation. */
async function person(line: string | readonly string[], setting: Setting = {}): Promise<Ran> {
  const argv = typeof line === 'string' ? line.split(' ') : line;
  const ran = await cli(argv, {
    answer: answers(),
    terminal: true,
    typed: 'sign',
    ...setting,
    env: { NO_COLOR: '1', ...setting.env },
  });
  for (const { operation, input } of ran.asked) {
    const fits = operations.get(operation)?.input.safeParse(input);
    assert.ok(fits?.success === true, `${operation}: ${fits?.error?.message}`);
  }
  return ran;
}

/** Nobody at a terminal. */
const script = (line: string, setting: Setting = {}): Promise<Ran> =>
  person(line, { terminal: false, typed: [], ...setting });

describe('approve', () => {
  it('shows the page, asks, signs exactly the envelope, and hands the signature in', async () => {
    const ran = await person(`approve ${CHANGE} --key k`);
    assert.deepEqual(ran.checked, [`page ${CHANGE}`]);
    assert.deepEqual(ran.prompts, ['Type sign to sign it: ']);
    assert.deepEqual(ran.signed, [
      { key: '/desk/k', namespace: 'holdfast-change@1', text: PAGE.envelope },
    ]);
    assert.deepEqual(ran.asked, [
      { operation: 'approval_page', input: { changeId: CHANGE } },
      { operation: 'change_approve', input: { changeId: CHANGE, signature: 'SIGNATURE' } },
    ]);
    assert.ok(ran.out.includes('$ systemctl restart -- nginx.service'));
    assert.ok(ran.out.includes(WORDS));
    assert.equal(ran.exit, 0);
  });

  it('signs nothing where anything but the word is typed, or nobody answers', async () => {
    for (const typed of ['', 'y', 'yes', 'SIGN', 'sign it', CHANGE]) {
      const ran = await person(`approve ${CHANGE}`, { typed });
      assert.deepEqual([ran.exit, ran.signed, ran.asked.length], [3, [], 1], typed);
      assert.match(ran.err, /not-confirmed: nothing was signed/);
    }
    const gone = await person(`approve ${CHANGE}`, { typed: [] });
    assert.deepEqual([gone.exit, gone.signed], [3, []]);
  });

  it('takes the name of the target and a reason for T3, typed by the person', async () => {
    const answer = answers({ approval_page: REBOOT_PAGE });
    const right = await person(`approve ${CHANGE}`, {
      answer,
      typed: ['host:web-1', 'kernel update'],
    });
    assert.deepEqual(right.asked[1]?.input, {
      changeId: CHANGE,
      signature: 'SIGNATURE',
      typedTarget: 'host:web-1',
      reason: 'kernel update',
    });
    for (const typed of [['sign', 'r'], ['host:web-2', 'r'], ['host:web-1', ''], ['host:web-1']]) {
      const wrong = await person(`approve ${CHANGE}`, { answer, typed });
      assert.deepEqual([wrong.exit, wrong.signed], [3, []], typed.join());
    }
  });

  it('takes the words of the digest from who is not at a terminal, and no others', async () => {
    const right = await person(['approve', CHANGE, '--words', `  ${WORDS.replace(' ', '  ')} `], {
      terminal: false,
    });
    assert.deepEqual([right.exit, right.signed.length, right.prompts], [0, 1, []]);
    for (const words of ['', 'sign', WORDS.toUpperCase(), WORDS.split(' ').slice(1).join(' ')]) {
      const wrong = await person(['approve', CHANGE, '--words', words], { terminal: false });
      assert.deepEqual([wrong.exit, wrong.signed], [3, []], words);
      assert.match(wrong.err, /other-words/);
    }
  });

  it('takes for T3 away from a terminal the words, the name and the reason, all three', async () => {
    const answer = answers({ approval_page: REBOOT_PAGE });
    const run = (...more: readonly string[]): Promise<Ran> =>
      person(['approve', CHANGE, '--words', WORDS, ...more], {
        answer,
        terminal: false,
        typed: [],
      });
    const name = ['--name', 'host:web-1'];
    const reason = ['--reason', 'kernel update'];
    assert.equal((await run(...name, ...reason)).exit, 0);
    for (const less of [[], name, reason, ['--name', 'host:web-2', ...reason]]) {
      const ran = await run(...less);
      assert.deepEqual([ran.exit, ran.signed], [3, []], less.join(' '));
      assert.match(ran.err, /name-not-typed/);
    }
  });

  it('signs nothing where nobody is there', async () => {
    const ran = await script(`approve ${CHANGE}`);
    assert.deepEqual([ran.exit, ran.signed, ran.prompts], [3, [], []]);
    assert.match(ran.err, /nobody-there/);
  });

  it('shows the page without what is secret while unspent, and signs nothing, with --show', async () => {
    for (const more of ['', ' --json', ' --pretty']) {
      const ran = await script(`approve ${CHANGE} --show${more}`);
      assert.deepEqual([ran.exit, ran.signed, ran.asked.length], [0, [], 1]);
      assert.ok(!(ran.out + ran.err).includes('UNSPENT'), more);
      assert.deepEqual(ran.checked, [`page ${CHANGE}`], more);
    }
    const { out } = await script(`approve ${CHANGE} --show --json`);
    const { envelope: _envelope, parts: _parts, ...rest } = PAGE;
    assert.deepEqual(JSON.parse(out), rest);
  });

  it('never prints the envelope, whatever comes of it', async () => {
    const failing = (ask: Ask): Json => {
      if (ask.operation === 'change_approve') throw new Fault('refused', 'expired', 'too late');
      return answers()(ask);
    };
    for (const setting of [{}, { typed: 'no' }, { answer: failing }]) {
      const ran = await person(`approve ${CHANGE}`, setting);
      assert.ok(!(ran.out + ran.err).includes('UNSPENT'));
    }
  });

  it('signs nothing that differs from what is shown, and shows nothing of it', async () => {
    const checkPage = (): never => {
      throw new Fault('refused', 'page-differs', 'what would be signed is not what is shown');
    };
    for (const more of ['', ' --show', ' --json']) {
      const ran = await person(`approve ${CHANGE}${more}`, { commands: { checkPage } as never });
      assert.deepEqual([ran.exit, ran.signed, ran.prompts, ran.out], [3, [], [], '']);
    }
  });

  it('says before any passphrase that a key has too little behind it', async () => {
    const answer = answers({ approval_page: TAINTED_PAGE });
    const file = await person(`approve ${CHANGE}`, { answer });
    assert.deepEqual([file.exit, file.signed, file.prompts], [3, [], []]);
    assert.match(file.err, /assurance-too-low: .*holdfast config rule T2 --least same-user/);
    assert.match(file.out, /2 needed, there: bea/);
    const publicLine = async (): Promise<string> => 'sk-ssh-ed25519@openssh.com AAAA';
    assert.equal((await person(`approve ${CHANGE}`, { answer, keys: { publicLine } })).exit, 0);
    const untold = async (): Promise<never> => {
      throw new Fault('invalid', 'not-a-public-key', 'no public half beside it');
    };
    const unknown = await person(`approve ${CHANGE}`, { answer, keys: { publicLine: untold } });
    assert.equal(unknown.signed.length, 1);
    const separate = answers({ approval_page: { ...PAGE, assuranceNeeded: 'separate' } });
    const passkey = await person(`approve ${CHANGE}`, { answer: separate, keys: { publicLine } });
    assert.deepEqual([passkey.exit, passkey.signed], [3, []]);
  });

  it('answers with --json the last object alone, and shows the page to the person all the same', async () => {
    const ran = await person(`approve ${CHANGE} --json`);
    assert.deepEqual(JSON.parse(ran.out), CONFIRMED);
    assert.ok(ran.err.includes('$ systemctl restart -- nginx.service'));
    assert.equal(ran.signed.length, 1);
    const quiet = await person(['approve', CHANGE, '--json', '--words', WORDS], {
      terminal: false,
    });
    assert.deepEqual(JSON.parse(quiet.out), CONFIRMED);
    assert.equal(quiet.err, '');
  });

  it('takes the key that is named, else HOLDFAST_KEY, else the usual one, and says when there is none', async () => {
    const keyOf = async (more = '', env = {}): Promise<unknown> =>
      (await person(`approve ${CHANGE}${more}`, { env })).signed[0]?.key;
    assert.equal(await keyOf(), '/home/me/.ssh/holdfast_operator');
    assert.equal(await keyOf('', { HOLDFAST_KEY: '/k' }), '/k');
    assert.equal(await keyOf(' --key k', { HOLDFAST_KEY: '/k' }), '/desk/k');
    const none = await person(`approve ${CHANGE}`, { keys: { exists: async () => false } });
    assert.deepEqual([none.exit, none.prompts, none.signed], [4, [], []]);
    assert.match(none.err, /no-key: .*--key/);
  });
});

describe('the exit code of a change', () => {
  for (const [view, code] of [
    [WAITS, EXIT_CODES.ok],
    [CONFIRMED, EXIT_CODES.ok],
    [REFUSED, EXIT_CODES.refused],
    [{ ...WAITS, state: 'expired' }, EXIT_CODES.refused],
    [{ ...WAITS, state: 'cancelled' }, EXIT_CODES.refused],
    [FAILED, EXIT_CODES.unavailable],
    [AMBIGUOUS, EXIT_CODES.uncertain],
    [{ ...CONFIRMED, state: 'rolled-back' }, EXIT_CODES.ok],
  ] as const) {
    it(`is ${code} when it is ${view.state}`, async () => {
      const answer = answers({ run_action: view, change_approve: view, change_undo: view });
      for (const line of [
        'propose service.restart web-1 --reason because',
        `approve ${CHANGE}`,
        `undo ${CHANGE} --reason because`,
      ])
        assert.equal((await person(line, { answer })).exit, code, line);
      // Looking at it is no failure.
      const looked = await person(`changes ${CHANGE}`, { answer: answers({ get_change: view }) });
      assert.equal(looked.exit, 0);
    });
  }
});

describe('an argument from a file', () => {
  const line =
    'propose file.write web-1 --arg path=/etc/motd --arg-file content=motd --reason because';

  it('is its text, to the byte', async () => {
    const ran = await person(line, { files: { '/desk/motd': 'a\r\n\ufeffé\n' } });
    assert.deepEqual(ran.asked[0]?.input, {
      action: 'file.write',
      targets: ['web-1'],
      args: { path: '/etc/motd', content: 'a\r\n\ufeffé\n' },
      reason: 'because',
    });
    const input = await person(line.replace('=motd', '=-'), { stdin: ['from', ' input'] });
    assert.match(JSON.stringify(input.asked[0]?.input), /"content":"from input"/);
  });

  it('is refused when it is not there, no text, or too large', async () => {
    const files = { '/desk/motd': Uint8Array.of(0xff, 0xfe) };
    assert.match((await person(line, { files })).err, /not-text/);
    assert.equal((await person(line)).exit, EXIT_CODES.missing);
    const large = { '/desk/motd': 'x'.repeat(2_000_000) };
    assert.match((await person(line, { files: large })).err, /too-large/);
  });
});

const order = (operation: string): string =>
  (ANSWERS[operation] as { readonly order: string }).order;

describe('a stop', () => {
  it('is lifted with a signature over the order that was shown', async () => {
    const ran = await person(`stop lift ${STOP}`);
    assert.deepEqual(ran.checked, ['lift']);
    assert.match(ran.out, /Stopped {2}target host:web-1/);
    assert.deepEqual(ran.signed[0]?.text, order('stop_lift_page'));
    assert.deepEqual(ran.asked.at(-1), {
      operation: 'stop_lift',
      input: { stopId: STOP, order: order('stop_lift_page'), signature: 'SIGNATURE' },
    });
  });

  it('stays where the person does not say so, or nobody is there without --yes', async () => {
    assert.deepEqual((await person(`stop lift ${STOP}`, { typed: 'no' })).signed, []);
    assert.equal((await script(`stop lift ${STOP}`)).exit, 3);
    assert.equal((await script(`stop lift ${STOP} --yes --json`)).out, `{"lifted":"${STOP}"}\n`);
  });
});

describe('what is in force', () => {
  const requests: readonly (readonly [string, Json])[] = [
    ['config sign', { kind: 'sign' }],
    [
      'config rule T3 --quorum 2 --least touch',
      { kind: 'rule', rule: 'T3', quorum: 2, least: 'touch' },
    ],
    ['config profile team', { kind: 'profile', profile: 'team' }],
    ['operator revoke bea', { kind: 'revoke-operator', id: 'bea' }],
    [
      'operator root r.pub --operators ada,bea',
      { kind: 'trust-root', key: 'ssh-ed25519 AAAA', operators: ['ada', 'bea'] },
    ],
    [
      'operator add bea --public b.pub --name Bea --account bea@local,bea@desk',
      {
        kind: 'add-operator',
        id: 'bea',
        name: 'Bea',
        key: 'ssh-ed25519 AAAA',
        accounts: ['bea@local', 'bea@desk'],
      },
    ],
    ['operator recovery --recovery-key r', { kind: 'add-recovery', key: 'ssh-ed25519 AAAA' }],
    [
      'operator recover ada --public a.pub --recovery-key r --account ada@local',
      {
        kind: 'add-operator',
        id: 'ada',
        name: 'ada',
        key: 'ssh-ed25519 AAAA',
        accounts: ['ada@local'],
      },
    ],
  ];

  for (const [line, request] of requests) {
    it(`is shown, held against its bytes and signed by: ${line}`, async () => {
      const ran = await person(line);
      assert.deepEqual(ran.asked.find(({ operation }) => operation === 'config_page')?.input, {
        request,
      });
      assert.deepEqual(ran.checked, ['config']);
      assert.equal(ran.signed[0]?.text, order('config_page'));
      assert.equal(ran.asked.at(-1)?.operation, 'config_apply');
      assert.ok(ran.out.includes('In words'));
      const no = await person(line, { typed: 'no' });
      assert.deepEqual([no.exit, no.signed], [3, []]);
    });
  }

  it('takes the words from a script, but names and makes keys at a terminal only', async () => {
    for (const [line] of requests) {
      const ran = await person([...line.split(' '), '--words', WORDS], { terminal: false });
      const isOfPeople = /^operator (?:add|recovery|recover) /.test(line);
      // Commands of people do not know --words at all.
      assert.equal(ran.exit, isOfPeople ? 2 : 0, line);
      const alone = await script(line);
      assert.deepEqual([alone.exit, alone.signed], [3, []], line);
    }
  });

  it('is signed by the first operator themself, with the key that was made', async () => {
    const nobody = answers({ operators_list: { operators: [] } });
    const keys = { exists: async () => false };
    const made = await person('operator add ada', { answer: nobody, keys });
    assert.deepEqual(
      made.called.filter(([name]) => name === 'make'),
      [['make', '/home/me/.ssh/holdfast_operator', 'holdfast operator ada']],
    );
    assert.equal(made.signed[0]?.key, '/home/me/.ssh/holdfast_operator');
    const own = await person('operator add ada --public k.pub', { answer: nobody });
    assert.equal(own.signed[0]?.key, '/desk/k');
    const named = await person('operator add ada --public k.pub --key s', { answer: nobody });
    assert.equal(named.signed[0]?.key, '/desk/s');
    const later = await person('operator add bea --public k.pub');
    assert.equal(later.signed[0]?.key, '/home/me/.ssh/holdfast_operator');
  });

  it('makes no key over another, nor for a name that cannot be one', async () => {
    const there = await person('operator add bea');
    assert.deepEqual([there.exit, there.called.filter(([name]) => name === 'make')], [5, []]);
    assert.match(there.err, /--public/);
    for (const id of ['Ada', '9a', 'a b', 'recovery', '../x']) {
      const wrong = await person(['operator', 'add', id], { keys: { exists: async () => false } });
      assert.deepEqual(
        [wrong.exit, wrong.called.some(([name]) => name === 'make')],
        [2, false],
        id,
      );
    }
  });

  it('names a recovery key with two signatures, the second by itself', async () => {
    const ran = await person('operator recovery --recovery-key r --yes', {
      keys: { exists: async (path) => path !== '/desk/r' },
    });
    assert.deepEqual(
      ran.signed.map(({ key }) => key),
      ['/desk/r', '/home/me/.ssh/holdfast_operator'],
    );
    assert.deepEqual(ran.prompts, []);
    assert.ok(ran.called.some(([name, path]) => name === 'make' && path === '/desk/r'));
    assert.deepEqual(Object.keys(ran.asked.at(-1)?.input as object), [
      'order',
      'signatures',
      'recoverySignature',
    ]);
  });

  it('leaves a document for a passkey in the console, signed by the recovery key alone', async () => {
    const ran = await person('operator recovery --recovery-key r --key console --yes', {
      keys: { exists: async (path) => path !== '/desk/r' },
      answer: answers({ config_wait: { digest: 'd', path: '/sign/d' } }),
    });
    assert.deepEqual(
      ran.signed.map(({ key }) => key),
      ['/desk/r'],
    );
    const { operation, input } = ran.asked.at(-1) ?? {};
    assert.equal(operation, 'config_wait');
    assert.deepEqual(Object.keys(input as object), ['order', 'says', 'recoverySignature']);
    assert.match(ran.out, /\/sign\/d/);
    assert.doesNotMatch(ran.out, /BEGIN SSH SIGNATURE/);
  });

  it('exits with 3 when something was edited and not signed', async () => {
    assert.equal((await person('config status')).exit, 3);
    const inForce = { ...(ANSWERS['config_status'] as object), status: 'in-force', changed: [] };
    assert.equal(
      (await person('config status', { answer: answers({ config_status: inForce }) })).exit,
      0,
    );
    assert.equal((await person('policy test')).exit, 3);
  });
});

describe('consent in advance', () => {
  const line =
    'standing add service.reload web-1,web-2 --arg unit=a.service|b.service --arg n=1 --days 30 --runs 4 --per 2h --cooldown 60 --window 02:00-04:00 --even-tainted --reason because';

  it('is asked for with every value listed, shown, held against its bytes and signed', async () => {
    const ran = await person(line);
    assert.deepEqual(ran.asked[0]?.input, {
      action: 'service.reload',
      targets: ['web-1', 'web-2'],
      arguments: { unit: ['a.service', 'b.service'], n: [1] },
      days: 30,
      window: '02:00-04:00',
      budget: { runs: 4, perSeconds: 7_200 },
      cooldownSeconds: 60,
      evenTainted: true,
      reason: 'because',
    });
    assert.deepEqual(ran.checked, ['standing']);
    assert.equal(ran.signed[0]?.text, order('standing_page'));
    assert.equal(ran.asked.at(-1)?.operation, 'standing_add');
    assert.match(ran.out, /May run by itself, exactly/);
  });

  it('is not given by silence, by other words, or by a key that proves too little', async () => {
    assert.deepEqual((await script(line)).signed, []);
    const other = await person([...line.split(' '), '--words', WORDS], { terminal: false });
    assert.deepEqual([other.exit, other.signed], [3, []]);
    const touch = { ...(ANSWERS['standing_page'] as object), assuranceNeeded: 'touch' };
    const file = await person(line, { answer: answers({ standing_page: touch }) });
    assert.deepEqual([file.exit, file.signed, file.prompts], [3, [], []]);
  });
});

describe('with --json', () => {
  for (const [line, operation] of [
    [`approve ${CHANGE}`, 'change_approve'],
    [`stop lift ${STOP}`, 'stop_lift'],
    ['config sign', 'config_apply'],
    ['operator recovery --recovery-key r', 'config_apply'],
    ['standing add a b --days 1 --runs 1 --per 1h --reason because', 'standing_add'],
    [`bundle ${CHANGE}`, 'change_bundle'],
    ['evidence export ocsf', 'evidence_export'],
    ['evidence status', 'evidence_status'],
  ] as const) {
    it(`standard output is the object of ${operation} alone: ${line}`, async () => {
      const ran = await person(`${line} --json`);
      assert.deepEqual(JSON.parse(ran.out), ANSWERS[operation]);
      assert.equal(ran.out.indexOf('\n'), ran.out.length - 1);
    });
  }

  it('and without it, what is decided is shown where the eyes are', async () => {
    // As `holdfast approve … > file` at a terminal.
    const { Desk } = await import('./desk.ts');
    const seen: [string, string][] = [];
    const io = {
      stdout: (text: string) => void seen.push(['out', text]),
      stderr: (text: string) => void seen.push(['err', text]),
      env: { HOME: '/h' },
      cwd: '/',
      isTerminal: { stdin: true, stdout: false, stderr: true },
      now: () => 0,
    };
    new Desk(io as never, {} as never, {}, '').present('page', (paper) => paper.whole('page'));
    assert.deepEqual(seen, [['err', 'page\n']]);
  });
});

describe('everything exported', () => {
  it('comes page by page until there is no more', async () => {
    const pages = [
      { lines: ['{"a":1}', '{"a":2}'], next: 7 },
      { lines: ['{"a":3}'], next: 8 },
      { lines: [], next: 8 },
    ];
    const ran = await cli(['evidence', 'export', 'ocsf'], { answer: () => pages.shift() as Json });
    assert.equal(ran.out, '{"a":1}\n{"a":2}\n{"a":3}\n');
    assert.deepEqual(
      ran.asked.map(({ input }) => (input as { after: number }).after),
      [-1, 7, 8],
    );
  });
});
