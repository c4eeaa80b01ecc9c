/**
 * What every kind of place owes that notices go to, over a real connection: told once, kept until taken, nothing from
 * a host that is more than text, one link, nothing to press, no more than it takes.
 */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { jsonLog } from '#base/log';
import { type Instant, parseInstant, shift } from '#base/time';
import { ALLOW_NOTHING } from '#egress';
import type { EventRecord } from '#evidence';
import { type EgressRules, nodePoster } from '#machine';
import { forTerminal } from '#redaction';
import type { FactReader } from '#store';
import { ON_THIS_MACHINE } from '#test/egress';
import { SimulatedDisk } from '#test/simulated-files';
import { NoticeKeeper, type NoticeNeeds } from './notice-keeper.ts';

const HOME = '/home';
const START = parseInstant('2026-03-01T12:00:00Z');
const ORIGIN = 'https://holdfast.example.org';
const CHANGE = 'change_0123456789abcdef';

type Got = { readonly headers: IncomingHttpHeaders; readonly path: string; readonly body: string };
type Body = Readonly<Record<string, unknown>>;

const got: Got[] = [];
let status = 200;
let base = '';
const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => (body += text));
  request.on('end', () => {
    got.push({ headers: request.headers, path: request.url ?? '', body });
    response.writeHead(status, status === 307 ? { location: `${base}/elsewhere` } : {}).end('ok');
  });
});
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  got.length = 0;
  status = 200;
});

type Kind = {
  readonly yaml: () => string;
  readonly path: string;
  /** Everything a person reads that may have come from others. */
  readonly foreign: (body: Body) => string;
  readonly link: (body: Body) => unknown;
  readonly mostBytes: number;
};

const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>(
    (held, key) => (held as Record<string | number, unknown> | undefined)?.[key],
    value,
  );

const teamsBlocks = (body: Body): readonly Body[] =>
  at(body, 'attachments', 0, 'content', 'body') as readonly Body[];

const KINDS: Readonly<Record<string, Kind>> = {
  webhook: {
    yaml: () => `webhook: { url: "${base}/hook", secretFile: keys/w }`,
    path: '/hook',
    // A program reads it: as it was recorded.
    foreign: () => '',
    link: (body) => body['link'],
    mostBytes: 128 * 1024,
  },
  ntfy: {
    yaml: () => `ntfy: { url: "${base}", topic: holdfast-ops, tokenFile: keys/t }`,
    path: '/',
    foreign: (body) => `${String(body['title'])}\n${String(body['message'])}`,
    link: (body) => body['click'],
    mostBytes: 4_096,
  },
  slack: {
    yaml: () => 'slack: { urlFile: keys/slack }',
    path: '/services/T0/B0/x',
    foreign: (body) =>
      [body['text'], at(body, 'blocks', 0, 'text', 'text'), at(body, 'blocks', 1, 'text', 'text')]
        .join('\n')
        .replace(`\n${ORIGIN}/changes/${CHANGE}`, ''),
    link: (body) =>
      /^<(.*)\|Look in the console>$/.exec(String(at(body, 'blocks', 2, 'text', 'text')))?.[1],
    mostBytes: 16 * 1024,
  },
  teams: {
    yaml: () => 'teams: { urlFile: keys/teams }',
    path: '/workflows/x?sig=y',
    foreign: (body) =>
      teamsBlocks(body)
        .slice(0, -1)
        .map((block) => String(at(block, 'inlines', 0, 'text')))
        .join('\n'),
    link: (body) => at(teamsBlocks(body).at(-1), 'inlines', 0, 'selectAction', 'url'),
    mostBytes: 28 * 1024,
  },
};

// oxlint-disable-next-line typescript/explicit-module-boundary-types -- read off what it answers
function aWorld(kind: Kind, rules: EgressRules = ON_THIS_MACHINE) {
  const disk = new SimulatedDisk(5);
  const state = {
    now: START as Instant,
    events: [] as EventRecord[],
    said: [] as string[],
    meanwhile: () => {},
  };
  const secrets: Readonly<Record<string, string>> = {
    '/home/keys/w': 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n',
    '/home/keys/t': 'tk_secret\n',
    '/home/keys/slack': `${base}/services/T0/B0/x\n`,
    '/home/keys/teams': `${base}/workflows/x?sig=y\n`,
  };
  const begin = (): NoticeKeeper =>
    new NoticeKeeper({
      files: disk.start(),
      machineFiles: {
        stat: async () => ({
          kind: 'file',
          uid: 7,
          gid: 7,
          mode: 0o600,
          size: 1,
          modifiedAt: START,
        }),
        read: async (path: string) => Buffer.from(secrets[path] ?? ''),
      } as unknown as NoticeNeeds['machineFiles'],
      uid: 7,
      clock: { now: () => state.now, monotonicMs: () => 0, sleep: async () => {} },
      log: jsonLog(
        { now: () => state.now, monotonicMs: () => 0, sleep: async () => {} },
        forTerminal,
        (line) => void state.said.push(line),
      ),
      poster: nodePoster(rules),
      mailer: { send: async () => {} },
      events: {
        append: () => ({ written: Promise.resolve(), durable: Promise.resolve() }),
        get size() {
          const size = state.events.length;
          state.meanwhile();
          return size;
        },
        read: async (_filter: unknown, limit: number, before = Number.MAX_SAFE_INTEGER) =>
          state.events
            .filter(({ seq }) => seq < before)
            .toReversed()
            .slice(0, limit),
      } as unknown as NoticeNeeds['events'],
      origin: async () => ORIGIN,
      facts: () => ({ lastRecordedAt: () => undefined }) as unknown as FactReader,
      scopes: async () => ['main/main'],
      targets: async () => [],
      changes: () => [],
      run: async () => null,
      home: HOME,
      settingsFile: `${HOME}/notices.yaml`,
    });
  const happen = (action: string, over: Partial<EventRecord> = {}): void => {
    state.events.push({
      seq: state.events.length,
      time: '2026-03-01T12:00:00.000000Z',
      kind: 'change.decided',
      operation: 'change.decided',
      outcome: 'done',
      scope: 'main/main',
      principal: 'lease:lease_1',
      onBehalfOf: 'ada',
      arguments: { action },
      targets: ['host:web-1'],
      more: { change: CHANGE, state: 'previewed', standing: null },
      ...over,
    } as unknown as EventRecord);
  };
  const ready = async (more = ''): Promise<void> => {
    const files = disk.start();
    await files.makeDirectory(HOME);
    const yaml = `version: 1\nnotices:\n  - { name: ops, about: [approvals, outcomes, stops, leases], ${kind.yaml()}${more} }\n`;
    await files.replace(`${HOME}/notices.yaml`, Buffer.from(yaml));
    assert.equal(await begin().hear(), 0, 'what is over already is no news');
  };
  return { state, begin, happen, ready };
}

const bodyOf = (one: Got | undefined): Body => JSON.parse(one?.body ?? '{}') as Body;

/** What a program that shows text would make something of. */
const LIVE =
  /:\/\/|@|\bwww\.\p{L}|\p{L}\.(?:com|org|net|io|example|evil)\b|\bmailto:|[\u202a-\u202e\u2066-\u2069\u200b]|\p{Cc}(?<!\n)/u;
const HOSTILE = [
  'restart <!channel> <@U123> <https://evil.example|click>',
  '@here @everyone a@evil.com mailto:x@evil.com',
  '[approve](https://evil.example/a) **bold** `x` # head',
  'https://evil.example www.evil.com evil.com/login slack://open msteams:x',
  '<at>all</at> &lt;!here&gt; javascript:alert(1)',
  '\u001b[31mred\u202egnp.exe\u0007\n\nApproved: yes\nhttp://evil.com',
  'HTTPS://EVIL.COM ｗww.evil.com evil。com evil．com http:\\\\evil.com //evil.com',
];

for (const [name, kind] of Object.entries(KINDS))
  describe(`notices to ${name}`, () => {
    it('are told once, with one link to the console', async () => {
      const { begin, happen, ready } = aWorld(kind);
      await ready();
      happen('service.restart');
      const keeper = begin();
      assert.deepEqual(
        [await keeper.hear(), await keeper.hear(), await keeper.send(), await keeper.send()],
        [1, 0, 1, 0],
      );
      assert.equal(got.length, 1);
      const [one] = got;
      assert.equal(one?.path, kind.path);
      assert.equal(one?.headers['content-type'], 'application/json');
      const body = bodyOf(one);
      assert.equal(kind.link(body), `${ORIGIN}/changes/${CHANGE}`);
      assert.match(one?.body ?? '', /service\.restart/);
      assert.doesNotMatch(
        one?.body ?? '',
        /Action\.(?:Submit|Http|Execute)|"actions":|"buttons?"|whsec|tk_secret/,
      );
      if (name === 'ntfy') assert.equal(one?.headers.authorization, 'Bearer tk_secret');
    });

    it('wait until they are taken, over deaths, and go nowhere else', async () => {
      const { begin, happen, ready, state } = aWorld(kind);
      await ready();
      happen('service.restart');
      await begin().hear();
      status = 307;
      assert.equal(await begin().send(), 0);
      status = 500;
      state.now = shift(state.now, 6_000_000);
      assert.equal(await begin().send(), 0);
      assert.equal(await begin().send(), 0, 'it waits before it tries again');
      status = 200;
      state.now = shift(state.now, 11_000_000);
      assert.equal(await begin().send(), 1);
      state.now = shift(state.now, 86_400_000_000);
      assert.equal(await begin().send(), 0);
      assert.deepEqual(
        got.map(({ path }) => path),
        [kind.path, kind.path, kind.path],
      );
      assert.equal(got[0]?.body, got[2]?.body);
    });

    it('hold nothing of others that is more than text', async () => {
      const { begin, happen, ready } = aWorld(kind);
      await ready();
      for (const text of HOSTILE) {
        got.length = 0;
        happen(text, {
          targets: [text],
          principal: text,
          onBehalfOf: text,
          more: { change: CHANGE, state: 'failed', reason: text },
          kind: 'change.outcome',
        });
        await begin().hear();
        assert.equal(await begin().send(), 1, text);
        const body = bodyOf(got[0]);
        assert.doesNotMatch(kind.foreign(body), LIVE, text);
        if (name === 'slack') assert.doesNotMatch(kind.foreign(body), /[<>&*`~]/, text);
        assert.equal(kind.link(body), `${ORIGIN}/changes/${CHANGE}`);
      }
      happen('x', { more: { change: 'change_1/../../x?y#z', state: 'previewed' } });
      await begin().hear();
      got.length = 0;
      await begin().send();
      assert.equal(kind.link(bodyOf(got[0])), `${ORIGIN}/changes`);
    });

    it('are no longer than what is taken there', async () => {
      const { begin, happen, ready } = aWorld(kind);
      await ready();
      for (let i = 0; i < 300; i++)
        happen(`${'\u4e00'.repeat(400)} ${i}`, { targets: Array<string>(50).fill('𝒽'.repeat(90)) });
      assert.equal(await begin().hear(), 1);
      assert.equal(await begin().send(), 1);
      assert.ok(
        Buffer.byteLength(got[0]?.body ?? '') <= kind.mostBytes,
        String(got[0]?.body.length),
      );
      assert.ok((got[0]?.body ?? '').isWellFormed());
    });

    it('go to no address inside that nobody allowed, and the log says which line would', async () => {
      const { begin, happen, ready, state } = aWorld(kind, { allow: async () => ALLOW_NOTHING });
      await ready();
      happen('service.restart');
      await begin().hear();
      assert.equal(await begin().send(), 0);
      assert.equal(got.length, 0);
      assert.match(
        state.said.join('\n'),
        /add to server\.yaml and sign: egress: \{allow: \[\\?"127\.0\.0\.1:/,
      );
      assert.doesNotMatch(state.said.join('\n'), /services\/T0|sig=y|tk_secret|whsec/);
    });
  });

describe('what happens while the log is read', () => {
  it('is told the next time, and once', async () => {
    const { begin, happen, ready, state } = aWorld(KINDS['ntfy'] as Kind);
    await ready();
    happen('service.restart');
    state.meanwhile = () => {
      state.meanwhile = () => {};
      happen('host.reboot');
    };
    const keeper = begin();
    for (let round = 0; round < 3; round++) {
      await keeper.hear();
      await keeper.send();
    }
    assert.deepEqual(
      got.map((one) => /: (\S+) on/.exec(String(bodyOf(one)['title']))?.[1]),
      ['service.restart', 'host.reboot'],
    );
  });
});

describe('what is told', () => {
  const kind = KINDS['ntfy'] as Kind;
  const events = async (
    more: string,
    happenings: readonly Partial<EventRecord>[],
  ): Promise<readonly string[]> => {
    const { begin, happen, ready } = aWorld(kind);
    await ready(more);
    for (const each of happenings) happen('a', each);
    await begin().hear();
    await begin().send();
    return got.map((one) => String(bodyOf(one)['title']).replace('[holdfast] ', ''));
  };

  it('is what waits, how it ended, stops and leases; break-glass and a new passkey to everybody', async () => {
    const titles = await events('', [
      {},
      { more: { change: CHANGE, state: 'previewed', standing: 'standing_1' } },
      { more: { change: CHANGE, state: 'closed', standing: null } },
      { kind: 'change.outcome', more: { change: CHANGE, state: 'confirmed' } },
      { kind: 'change.outcome', more: { change: CHANGE, state: 'ambiguous' } },
      {
        kind: 'change.stopped',
        arguments: {},
        targets: [],
        more: { stop: 's', reason: 'because' },
      },
      { kind: 'operation', operation: 'lease_issue', arguments: {}, targets: [], more: {} },
      {
        kind: 'break-glass.opened',
        operation: 'break-glass.opened',
        arguments: { reason: 'fire' },
        scope: 'none',
        targets: [],
        more: {},
      },
      { kind: 'break-glass.refused', outcome: 'refused' },
      { kind: 'passkey.registered', arguments: {}, scope: 'all', targets: [], more: {} },
      { kind: 'passkey.refused', outcome: 'refused' },
      { kind: 'operation', operation: 'drift_scan' },
    ]);
    assert.deepEqual(
      titles,
      [
        'waits for approval: a on host:web-1',
        'done: a on host:web-1',
        'may or may not have happened: a on host:web-1',
        'stopped',
        'a lease was issued',
        'break-glass: powers of the owner',
        'a passkey was registered, and waits for somebody to sign for it',
      ].toSorted((one, other) => titles.indexOf(one) - titles.indexOf(other)),
    );
    assert.equal(new Set(titles).size, 7);
  });

  it('is for its scopes, and many of one moment are one message', async () => {
    const two = await events(', scopes: [acme/one]', [
      {},
      { scope: 'acme/one' },
      { scope: 'acme/one' },
    ]);
    assert.deepEqual(two, ['2 times: waits for approval']);
  });

  it('of others is inert whatever they write', async () => {
    const { inert } = await import('../notices/inert.ts');
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'grapheme' }),
            fc.constantFrom(
              'http://',
              '@',
              'www.',
              'evil.com',
              ':',
              '/',
              '.',
              'a',
              '。',
              ' ',
              'mailto:',
            ),
          ),
        ),
        (parts) =>
          assert.doesNotMatch(inert(parts.join('')), /[a-z]:\/\/|@|\bwww\.\p{L}|[a-z]\.com\b/iu),
      ),
      { numRuns: 2_000 },
    );
  });
});
