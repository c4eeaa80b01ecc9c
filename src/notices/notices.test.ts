/** What is told, how it is signed, and that it waits until it is taken. */
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { Fault } from '#base/fault';
import type { PostRequest } from '#base/ports';
import { type Instant, parseInstant, shift } from '#base/time';
import { SimulatedDisk } from '#test/simulated-files';
import { SimulatedNetwork } from '#test/simulated-poster';
import { compose, type Transition } from './compose.ts';
import { Outbox } from './outbox.ts';
import { parseNotices } from './settings.ts';
import { sendWebhook, sign } from './webhook.ts';

const NOW = parseInstant('2026-03-01T12:00:00Z');
const SETTINGS = parseNotices(
  `version: 1
notices:
  - { name: ops, webhook: { url: "https://hooks.example/h", secretFile: keys/w }, resolved: true }
  - { name: low, webhook: { url: "https://hooks.example/l", secretFile: keys/w }, severity: info, scopes: [acme/one] }
`,
  'notices.yaml',
);

function aTransition(
  over: Partial<Transition['finding']> = {},
  was: Transition['was'] = null,
): Transition {
  return {
    at: NOW,
    was,
    finding: {
      id: 'finding_0123456789abcdef',
      scope: 'main/main',
      target: 'host:web-1',
      baseline: 'git:site/web',
      declared: 'git',
      entity: 'port:web-1/tcp/4444',
      attribute: '*',
      kind: 'unexpected',
      severity: 'critical',
      observed: { process: '\u001b[31mevil\u202e' },
      desired: null,
      notBefore: null,
      firstSeen: NOW,
      lastSeen: NOW,
      looks: 1,
      status: 'open',
      owner: 'team-a',
      because: null,
      cause: null,
      ...over,
    },
  };
}

describe('a notice', () => {
  it('is one message for each subscription that wants it, and says where to decide', () => {
    const many = [
      aTransition(),
      aTransition({ id: 'finding_1123456789abcdef', target: 'host:web-2' }),
    ];
    const notices = compose(many, SETTINGS, NOW);
    assert.deepEqual(
      notices.map(({ subscription, event, subject }) => [subscription, event, subject]),
      [['ops', 'finding.opened', '[holdfast] critical drift: 2 findings on 2 targets']],
    );
    const text = notices[0]?.lines.join('\n') ?? '';
    assert.match(text, /holdfast drift explain finding_0123456789abcdef/);
    assert.ok(!text.includes('\u001b') && !text.includes('\u202e'));
  });

  it('is not for what is pending, waived or too small, and tells an end only where it was open', () => {
    for (const status of ['pending', 'waived', 'ignored'] as const)
      assert.deepEqual(compose([aTransition({ status })], SETTINGS, NOW), [], status);
    assert.deepEqual(compose([aTransition({ severity: 'warning' })], SETTINGS, NOW), []);
    const ended = aTransition({ status: 'resolved' }, 'open');
    assert.equal(compose([ended], SETTINGS, NOW)[0]?.event, 'finding.resolved');
    assert.deepEqual(compose([{ ...ended, was: 'pending' }], SETTINGS, NOW), []);
    const elsewhere = aTransition({ severity: 'info', scope: 'acme/one' });
    assert.equal(compose([elsewhere], SETTINGS, NOW)[0]?.subscription, 'low');
  });

  it('has the same id for the same occurrence, and another for the next', () => {
    const id = (over: Partial<Transition['finding']>, at = NOW): string | undefined =>
      compose([aTransition(over)], SETTINGS, at)[0]?.id;
    assert.equal(id({}), id({}, shift(NOW, 5)));
    assert.notEqual(id({}), id({ firstSeen: shift(NOW, 5) }));
  });

  it('is signed as the specification says, so that its receiver can check it', async () => {
    const key = randomBytes(32);
    const secret = `whsec_${key.toString('base64')}`;
    const network = new SimulatedNetwork();
    const seen: PostRequest[] = [];
    network.place('https://hooks.example/', (request) => {
      seen.push(request);
      return { status: seen.length === 1 ? 503 : 204, headers: {}, body: new Uint8Array() };
    });
    const [notice] = compose([aTransition()], SETTINGS, NOW);
    assert.ok(notice !== undefined);
    const hook = { url: 'https://hooks.example/h', secret, ca: null };
    const isNotTaken = (thrown: unknown): boolean =>
      thrown instanceof Fault && thrown.code === 'notice-not-taken';
    await assert.rejects(sendWebhook(network, hook, notice, NOW), isNotTaken);
    await sendWebhook(network, hook, notice, NOW);
    const [, taken] = seen;
    const headers = taken?.headers ?? {};
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${Buffer.from(taken?.body ?? []).toString()}`;
    const expected = createHmac('sha256', key).update(signed).digest('base64');
    assert.equal(headers['webhook-signature'], `v1,${expected}`);
    assert.equal(headers['webhook-id'], notice.id);
    // The example of the specification.
    assert.equal(
      sign(
        'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
        'msg_p5jXN8AQM9LWM0D4loKWxJek',
        1_614_265_330,
        '{"test": 2432232314}',
      ),
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
    assert.throws(() => sign('hunter2', 'a', 1, 'b'), { code: 'webhook-secret' });
  });
});

describe('the outbox', () => {
  const notices = compose([aTransition()], SETTINGS, NOW);
  const [notice] = notices;

  it('keeps a notice until it is taken, tries more and more rarely, and gives up after days', async () => {
    assert.ok(notice !== undefined);
    const outbox = new Outbox(new SimulatedDisk(1).start(), '/home/outbox');
    await outbox.put(notices);
    await outbox.put(notices);
    const waits: number[] = [];
    let now: Instant = NOW;
    for (let i = 0; i < 5; i++) {
      const [waiting] = (await outbox.due(now)).due;
      assert.ok(waiting !== undefined);
      assert.equal(await outbox.failed(waiting, now), false);
      waits.push(now);
      now = shift(now, 1_000_000);
      while ((await outbox.due(now)).due.length === 0) now = shift(now, 1_000_000);
    }
    const gaps = waits.slice(1, 5).map((at, i) => (at - (waits[i] ?? 0)) / 1_000_000);
    assert.deepEqual(gaps, [5, 10, 20, 40]);
    const [last] = (await outbox.due(shift(now, 4e12))).due;
    assert.ok(last !== undefined);
    assert.equal(await outbox.failed(last, shift(NOW, 4 * 86_400_000_000)), true);
    assert.equal((await outbox.due(shift(now, 4e12))).waiting, 0);
  });

  it('loses nothing when its machine loses power, at whichever step', async () => {
    for (let at = 1; at < 12; at++) {
      const disk = new SimulatedDisk(at);
      const kept = await new Outbox(disk.start({ kind: 'power-cut', at }), '/home/outbox')
        .put(notices)
        .then(
          () => true,
          () => false,
        );
      const after = new Outbox(disk.start(), '/home/outbox');
      const { due, unreadable } = await after.due(shift(NOW, 1));
      assert.deepEqual(unreadable, [], `step ${at}`);
      if (kept) assert.equal(due.length, 1, `step ${at}`);
      else {
        await after.put(notices);
        assert.equal((await after.due(shift(NOW, 1))).due.length, 1, `step ${at}`);
      }
    }
  });
});
