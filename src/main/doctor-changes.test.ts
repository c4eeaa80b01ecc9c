import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '#base/fault';
import { instant } from '#base/time';
import { type ChangePatient, type Check, examineChanges } from './doctor-changes.ts';

const WELL: ChangePatient = {
  now: instant('2026-03-01T12:00:00Z'),
  operators: async () => ({
    operators: [{ id: 'ada', keys: [{ type: 'ssh-ed25519' }] }],
    recovery: true,
    rules: [{ rule: 'T2', least: 'same-user' }],
  }),
  inForce: async () => ({ status: 'in-force', version: 3, changed: [] }),
  policies: async () => ({ policies: 4, cases: 17, failed: [] }),
  catalogue: async () => ({ all: [1, 2, 3] }),
  host: async () => ({ configVersion: 3, stopped: null }),
  stops: () => ({ stops: [], unreadable: null }),
  pending: async () => [],
  outputsKey: async () => 0o100600,
  anchors: () => [{ by: 'witness', name: 'other', trouble: null, alarm: false }],
};

async function check(name: string, over: Partial<ChangePatient>): Promise<Check> {
  const found = (await examineChanges({ ...WELL, ...over })).filter((one) => one.name === name);
  assert.equal(found.length, 1, name);
  return found[0] as Check;
}

describe('the doctor, of changes', () => {
  it('has nothing to say to do where all is well', async () => {
    for (const { name, ok, next, says } of await examineChanges(WELL)) {
      assert.deepEqual([ok, next], [true, undefined], name);
      assert.ok(says, name);
    }
  });

  it('says what to do next where nothing is broken and something is missing', async () => {
    const nobody = async () => ({ operators: [], recovery: false, rules: [] });
    const unsigned = async () => ({ status: 'unsigned' as const, version: 0, changed: [] });
    const touch = async () => ({
      operators: [{ id: 'ada', keys: [{ type: 'ssh-ed25519' }] }],
      recovery: false,
      rules: [
        { rule: 'T1', least: 'same-user' },
        { rule: 'T2', least: 'touch' },
      ],
    });
    const at = (decideBy: string) => async () => [{ changeId: 'chg_1', decideBy }];
    const said: readonly (readonly [string, Partial<ChangePatient>, RegExp])[] = [
      ['operators', { operators: nobody }, /holdfast operator add/],
      ['recovery key', { operators: touch }, /holdfast operator recovery/],
      ['what a key file may sign', { operators: touch }, /config rule T2 --least same-user/],
      [
        'policies',
        { policies: async () => ({ policies: 1, cases: 17, failed: [1] }) },
        /holdfast policy test/,
      ],
      ['waiting for a signature', { pending: at('2026-03-02T12:00:00Z') }, /holdfast approvals/],
      ['waiting for a signature', { pending: at('2026-03-01T12:30:00Z') }, /approve chg_1/],
      ['anchor', { anchors: () => [] }, /evidence\.yaml/],
    ];
    for (const [name, over, next] of said) {
      const { ok, next: told } = await check(name, over);
      assert.equal(ok, true, name);
      assert.match(told ?? '', next, name);
    }
    const fresh = { operators: nobody, inForce: unsigned, host: async () => undefined };
    assert.equal((await check('this machine as a host', fresh)).ok, true);
    assert.equal((await check('configuration in force', fresh)).ok, true);
    const key = await check('what a key file may sign', { operators: touch });
    assert.equal(key.says, 'T1; more is needed for T2 (touch)');
  });

  it('says what to mend, each by itself', async () => {
    const broken = async (): Promise<never> => {
      throw new Fault('broken', 'authority-broken', 'the file 000003.json is not whole');
    };
    const sick: readonly (readonly [string, Partial<ChangePatient>])[] = [
      ['operators', { operators: broken }],
      [
        'configuration in force',
        { inForce: async () => ({ status: 'changed', version: 3, changed: ['the inventory'] }) },
      ],
      [
        'configuration in force',
        { inForce: async () => ({ status: 'restored', version: 3, changed: [] }) },
      ],
      ['policies', { policies: broken }],
      ['catalogue', { catalogue: broken }],
      ['this machine as a host', { host: async () => undefined }],
      ['this machine as a host', { host: async () => ({ configVersion: 2, stopped: null }) }],
      ['this machine as a host', { host: async () => ({ configVersion: 3, stopped: 'stop_1' }) }],
      ['this machine as a host', { host: broken }],
      ['stops', { stops: () => ({ stops: [{ id: 'stop_1' }], unreadable: null }) }],
      ['stops', { stops: () => ({ stops: [], unreadable: 'EIO' }) }],
      ['waiting for a signature', { pending: broken }],
      ['key of kept outputs', { outputsKey: async () => undefined }],
      ['key of kept outputs', { outputsKey: async () => 0o100640 }],
      [
        'anchor',
        {
          anchors: () => [
            { by: 'timestamp', name: 'tsa', trouble: 'does not answer', alarm: false },
          ],
        },
      ],
      [
        'anchor',
        { anchors: () => [{ by: 'timestamp', name: 'tsa', trouble: 'another log', alarm: true }] },
      ],
    ];
    for (const [name, over] of sick) {
      const { ok, mend, says } = await check(name, over);
      assert.equal(ok, false, name);
      assert.ok(mend && says, name);
    }
  });
});
