import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import { throwsFault } from '#test/throws-fault';
import { DEFAULT_EVIDENCE_SETTINGS, parseEvidenceSettings } from './settings.ts';
import { witnessKey } from './witness/cosignature.ts';

const { vkey } = witnessKey('w.example/1', generateKeyPairSync('ed25519').publicKey);
const GOOD = `version: 1
timestamp:
  url: https://tsa.example/tsr
  certificate: /etc/holdfast/tsa.pem
  policy: '1.3.6.1.4.1.99999.1'
  everySeconds: 60
witnesses:
  - name: w1
    url: https://w.example/holdfast
    key: ${vkey}
anchor: /mnt/elsewhere/holdfast.checkpoints
lateAfterSeconds: 3600
retention:
  outputDays: 365
syslog:
  protocol: tls
  host: logs.example
checkpoint:
  everyEvents: 10
`;

describe('the settings of evidence', () => {
  it('are read as they are written, and say nothing where nothing is said', () => {
    const settings = parseEvidenceSettings(GOOD);
    assert.equal(settings.timestamp?.policy, '1.3.6.1.4.1.99999.1');
    assert.deepEqual(settings.witnesses, [
      { name: 'w1', url: 'https://w.example/holdfast', key: vkey },
    ]);
    assert.deepEqual(settings.syslog, {
      protocol: 'tls',
      host: 'logs.example',
      port: 6514,
      facility: 16,
    });
    assert.deepEqual(settings.checkpoint, { everyEvents: 10, everySeconds: 60 });
    assert.deepEqual(parseEvidenceSettings('version: 1\n'), DEFAULT_EVIDENCE_SETTINGS);
  });

  it('name the line of everything that they do not understand', async () => {
    for (const [from, to, line] of [
      ['version: 1', 'version: 2', 1],
      ['  url: https://tsa', '  ulr: https://tsa', 3],
      ['https://tsa.example', 'ftp://tsa.example', 3],
      ['https://tsa.example', 'https://user:word@tsa.example', 3],
      ['certificate: /etc', 'certificate: etc', 4],
      ['everySeconds: 60', 'everySeconds: 0', 6],
      ['everySeconds: 60', "everySeconds: '60'", 6],
      [`key: ${vkey}`, `key: ${vkey.replace('+', '++')}`, 10],
      ['anchor: /mnt', 'anchor: *mnt', 11],
      ['anchor: /mnt', 'anchor: !x /mnt', 11],
      ['outputDays: 365', 'outputDays: 365\n  outputDays: 1', 15],
      ['protocol: tls', 'protocol: tlss', 16],
    ] as const) {
      assert.ok(GOOD.includes(from), from);
      const bad = GOOD.replace(from, to);
      const fault = await throwsFault(
        () => parseEvidenceSettings(bad, 'e.yaml'),
        'invalid-evidence-settings',
      );
      assert.ok(fault.message.includes(`e.yaml:${line}:`), `${to}: ${fault.message}`);
    }
    await throwsFault(() => parseEvidenceSettings(''), 'invalid-evidence-settings');
    await throwsFault(
      () => parseEvidenceSettings('x'.repeat(300_000)),
      'invalid-evidence-settings',
    );
  });

  it('are settings or a fault, whatever the file holds', () => {
    const any = (text: string): void => {
      try {
        parseEvidenceSettings(text);
      } catch (error) {
        assert.ok(
          error instanceof Fault && error.code === 'invalid-evidence-settings',
          String(error),
        );
      }
    };
    fc.assert(
      fc.property(fc.nat(GOOD.length), fc.nat(20), fc.string({ maxLength: 12 }), (at, cut, put) =>
        any(GOOD.slice(0, at) + put + GOOD.slice(at + cut)),
      ),
      { numRuns: 100 },
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), any));
  });
});
