import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { anEvent } from '#samples/evidence';
import { throwsFault } from '#test/throws-fault';
import type { EventInput, EventRecord } from '../protocol.ts';
import { toOcsf, toOcsfLine } from './ocsf.ts';
import { datagram, octetCounted, syslogMessage } from './syslog.ts';

const options = { facility: 16, hostname: 'host-1', processId: 7, bytesMost: 65_536 };

function record(over: Partial<EventInput> = {}): EventRecord {
  return {
    ...anEvent(over),
    v: 1,
    seq: 17,
    time: '2026-03-01T12:00:00.000000Z',
    prev: '0'.repeat(64),
  };
}

/** What a receiver or a terminal may take for the end of a line. */
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\n<13>1 - forged',
    '\r\n',
    '\u0085',
    '\u2028',
    '"] x="',
    '\\',
    ']',
    '\ud800',
    '\u001b[2J',
    '\ufeff',
  ),
  fc.tuple(fc.string(), fc.constantFrom('\n', '\r', '\0'), fc.string()).map((all) => all.join('')),
);
const events = fc
  .record({
    kind: nasty,
    operation: nasty,
    principal: nasty,
    onBehalfOf: fc.option(nasty),
    fault: fc.option(nasty),
    requestId: nasty,
    surface: nasty,
    scope: nasty,
    arguments: fc.dictionary(nasty, nasty),
    targets: fc.array(nasty, { maxLength: 3 }),
    outcome: fc.constantFrom('done', 'failed', 'refused', 'started'),
    decision: fc.record({ verdict: fc.constant('deny'), because: nasty }),
  })
  .map((over) => record(over as Partial<EventInput>));

describe('an event as OCSF', () => {
  it('is of the class that fits, with who, what and what came of it', () => {
    const ocsf = toOcsf(record({ outcome: 'refused', fault: 'not-permitted' }));
    assert.equal(ocsf['class_uid'], 6003);
    assert.equal(ocsf['type_uid'], 600302);
    assert.deepEqual(
      [ocsf['severity_id'], ocsf['status_id'], ocsf['status_code']],
      [3, 2, 'not-permitted'],
    );
    assert.equal(ocsf['time'], Date.parse('2026-03-01T12:00:00Z'));
    const classes = ['change.outcome', 'service.started', 'log.checkpoint', 'operation'].map(
      (kind) => toOcsf(record({ kind }))['type_uid'],
    );
    assert.deepEqual(classes, [300403, 600203, 600299, 600302]);
  });

  it('loses nothing of it', () => {
    const event = record({ more: { change: 'change_1' } });
    const { unmapped, metadata, actor, api, resources } = toOcsf(event) as Record<
      string,
      Record<string, never>
    >;
    assert.deepEqual(unmapped?.['arguments'], event.arguments);
    assert.deepEqual(unmapped?.['more'], event.more);
    assert.deepEqual(unmapped?.['decision'], event.decision);
    assert.equal(metadata?.['sequence'], 17);
    assert.ok(JSON.stringify([actor, api, resources]).includes('host:web-1'));
  });
});

describe('an exported line', () => {
  it('is one line, whatever an event holds', () => {
    fc.assert(
      fc.property(events, (event) => {
        const line = toOcsfLine(event);
        assert.ok(!BREAKS.test(line), JSON.stringify(line));
        assert.equal(JSON.parse(line).metadata.uid, '17');
        const message = syslogMessage(event, options);
        assert.ok(!BREAKS.test(message), JSON.stringify(message));
        const m =
          /^<(\d{1,3})>1 \S+ host-1 holdfast 7 [\x21-\x7e]{1,32} \[holdfast@32473((?: [A-Za-z]+="(?:[^"\\\]]|\\["\\\]])*"){8})\] \ufeff(\{.*\})$/u.exec(
            message,
          );
        assert.ok(m !== null, message);
        assert.deepEqual(JSON.parse(m[3] ?? ''), JSON.parse(line));
      }),
      { numRuns: 400 },
    );
  });

  it('is counted in octets, and a datagram is never cut', async () => {
    const message = syslogMessage(record({ operation: 'ä' }), options);
    const framed = octetCounted(message);
    const [length = ''] = framed.toString().split(' ', 1);
    assert.equal(Number(length), framed.length - length.length - 1);
    const short = syslogMessage(record(), { ...options, bytesMost: 700 });
    assert.ok(Buffer.byteLength(short) <= 700 && short.endsWith(']'));
    assert.equal(datagram(short, 700).toString(), short);
    await throwsFault(() => datagram(message, 100), 'syslog-too-big');
  });
});
