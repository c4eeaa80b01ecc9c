import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import { checkValue, kindOf, SSH_SOURCE } from '#model';
import { throwsFault } from '../../../test/support/throws-fault.ts';
import { type Observed, observeWindows, WINDOWS_SCRIPT } from '../index.ts';
import { paperClock } from '../samples.ts';
import { aWindowsAnswer, WINDOWS_PARTS } from './samples.ts';

const look = (bytes: Uint8Array = aWindowsAnswer()): Promise<readonly Observed[]> =>
  observeWindows({ target: 'host:web-1', bytes, clock: paperClock() });

async function valueOf(entity: string, attribute: string): Promise<unknown> {
  const facts = (await look()).flatMap((one) => one.facts);
  return facts.find((fact) => fact.entity === entity && fact.attribute === attribute)?.value;
}

describe('a Windows host', () => {
  it('is told in the kinds of every host, all complete', async () => {
    const looks = await look();
    assert.ok(looks.every((one) => one.source === SSH_SOURCE));
    assert.deepEqual(
      looks.flatMap((one) => one.shortfalls),
      [],
    );
    for (const { entity, attribute, value } of looks.flatMap((one) => one.facts))
      assert.equal(checkValue(kindOf(entity), attribute, value), undefined);
    assert.equal(await valueOf('host:web-1', 'os.id'), 'windows');
    assert.equal(await valueOf('host:web-1', 'boot.at'), '2026-02-27T06:12:44.000000Z');
    assert.equal(await valueOf('service:web-1/W3SVC', 'state.active'), 'active');
    assert.equal(await valueOf('service:web-1/Backup', 'state.failed'), true);
    assert.equal(await valueOf('service:web-1/Spooler', 'state.failed'), false);
    assert.equal(await valueOf('service:web-1/Spooler', 'state.active'), undefined);
    assert.equal(await valueOf('package:web-1/KB5034439', 'manager'), 'windows-update');
    assert.equal(await valueOf('package:web-1/Old Tool:x86', 'version'), 'unknown');
    assert.equal(await valueOf('user:web-1/Guest', 'password.state'), 'locked');
    assert.equal(await valueOf('user:web-1/Administrator', 'password.changedOn'), '2026-01-05');
    assert.deepEqual(await valueOf('group:web-1/Administrators', 'members'), [
      'CORP\\Domain Admins',
      'WEB-1\\Administrator',
    ]);
    assert.equal(await valueOf('port:web-1/tcp/[::]:80', 'process'), 'System');
    assert.equal(await valueOf('filesystem:web-1/C:', 'usedBytes'), 53_412_886_528);
    assert.equal(await valueOf('interface:web-1/Ethernet0', 'mac'), '00:50:56:aa:bb:cc');
    assert.equal(await valueOf('address:web-1/Ethernet0/fe80::1', 'scope'), 'link');
    assert.equal(await valueOf('route:web-1/0.0.0.0/0 dev Ethernet0', 'gateway'), '192.0.2.1');
    assert.equal(await valueOf('cron_job:web-1/\\Nightly', 'schedule'), 'DailyTrigger');
    assert.equal(await valueOf('time_sync:web-1/system', 'reference'), 'time.example.org');
  });

  it('says nothing of sockets of clients, of privacy addresses and of its own routes', async () => {
    const entities = new Set((await look()).flatMap((one) => one.facts.map((fact) => fact.entity)));
    assert.ok(!entities.has('port:web-1/udp/0.0.0.0:54321'));
    assert.ok(![...entities].some((each) => each.includes('2001:db8::9') || each.includes('/32')));
  });

  it('is partial in the kinds of a part that failed or was not understood', async () => {
    const { services: _, ...rest } = WINDOWS_PARTS;
    const failed = await look(aWindowsAnswer(rest, { services: 'CimException' }));
    assert.ok(!failed.flatMap((one) => one.complete).includes('service'));
    assert.match(failed[1]?.shortfalls[0]?.reason ?? '', /services: CimException/);
    for (const bad of [[{ name: 7 }], [7], 'text', [{ name: 'x' }], null]) {
      const looks = await look(aWindowsAnswer({ ...WINDOWS_PARTS, services: bad }));
      assert.ok(!looks.flatMap((one) => one.complete).includes('service'));
      assert.ok(looks.flatMap((one) => one.complete).includes('package'));
    }
    const hostile = { services: 'x'.repeat(9_000) };
    const told = await look(aWindowsAnswer(rest, hostile));
    assert.equal(told[1]?.shortfalls[0]?.reason, 'services: failed');
  });

  it('is refused when its answer is something else, or cut', async () => {
    const whole = aWindowsAnswer();
    for (const bytes of [
      Buffer.from(''),
      Buffer.from('[]'),
      Buffer.from('{"format":"holdfast-windows 2","parts":{},"failed":{},"end":true}'),
      Buffer.from('{"format":"holdfast-windows 1","parts":{},"failed":{}}'),
      Buffer.from('{"format":"holdfast-windows 1","parts":[],"failed":{},"end":true}'),
      whole.subarray(0, whole.length - 4),
    ])
      await throwsFault(() => look(bytes), 'windows-malformed');
  });

  it('of any rows makes facts or partial kinds, never anything else', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(WINDOWS_PARTS)),
        fc.array(
          fc.dictionary(
            fc.constantFrom('name', 'port', 'state', 'address', '__proto__'),
            fc.jsonValue(),
          ),
        ),
        async (part, rows) => {
          try {
            const looks = await look(
              aWindowsAnswer({ ...WINDOWS_PARTS, [part]: JSON.parse(JSON.stringify(rows)) }),
            );
            for (const { entity } of looks.flatMap((one) => one.facts))
              assert.match(entity, /^[a-z_]+:web-1(\/|$)/);
          } catch (error) {
            assert.ok(error instanceof Fault);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('the script for Windows', () => {
  it('is one block without empty lines, so that PowerShell takes it whole from its input', () => {
    assert.match(WINDOWS_SCRIPT, /^& \{\n[^]*\n\}\n\n$/);
    assert.ok(!WINDOWS_SCRIPT.slice(0, -1).includes('\n\n'));
  });

  it('asks only what reads', () => {
    const verbs = [...WINDOWS_SCRIPT.matchAll(/\b([A-Z][A-Za-z]+)-[A-Z][A-Za-z]+/g)];
    const reading = new Set(['Get', 'Test', 'ConvertTo', 'ForEach', 'Where', 'New']);
    assert.ok(verbs.length > 30);
    for (const [whole, verb] of verbs) assert.ok(reading.has(verb ?? ''), whole);
    // The only thing it makes is how its own output is encoded.
    assert.deepEqual(WINDOWS_SCRIPT.match(/New-Object [\w.]+/g), [
      'New-Object System.Text.UTF8Encoding',
    ]);
  });

  it('asks for every part there is', () => {
    const asked = [...WINDOWS_SCRIPT.matchAll(/Get-Part '([a-z]+)'/g)].map((match) => match[1]);
    assert.deepEqual(new Set(asked), new Set(Object.keys(WINDOWS_PARTS)));
  });
});
