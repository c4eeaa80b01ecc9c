import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConsoleShown } from '#operations';
import { consoleChecks } from './doctor-console.ts';

const GOOD: ConsoleShown = {
  origin: 'https://holdfast.example.org',
  isServed: true,
  rpId: 'holdfast.example.org',
  isAccepted: true,
  accepted: ['https://holdfast.example.org'],
  operators: 1,
  passkeys: 1,
  pending: 0,
  stranded: 0,
  sessions: 0,
  unsigned: null,
  isToRestart: false,
  next: '',
};

describe('the doctor, of the console', () => {
  it('has nothing to say where there is no passkey', () => {
    assert.deepEqual(consoleChecks({ ...GOOD, passkeys: 0, isAccepted: false, accepted: [] }), []);
  });

  it('is content where hosts take what is signed there', () => {
    assert.deepEqual(
      consoleChecks(GOOD).map(({ ok }) => ok),
      [true],
    );
    assert.match(consoleChecks({ ...GOOD, pending: 2 })[0]?.next ?? '', /2 wait/);
  });

  it('says so when the address moved: what to sign, and that old pages stay', () => {
    const [check, ...others] = consoleChecks({
      ...GOOD,
      origin: 'https://holdfast.example.org:8443',
      isAccepted: false,
    });
    assert.deepEqual([check?.ok, others], [false, []]);
    assert.match(
      check?.mend ?? '',
      /config origins https:\/\/holdfast\.example\.org,https:\/\/holdfast\.example\.org:8443/,
    );
  });

  it('says so when the name is another, and every passkey another key', () => {
    const checks = consoleChecks({ ...GOOD, passkeys: 0, stranded: 3 });
    assert.deepEqual(
      checks.map(({ ok }) => ok),
      [false],
    );
    assert.match(checks[0]?.mend ?? '', /revoke-key/);
  });
});
