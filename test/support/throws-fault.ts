import assert from 'node:assert/strict';
import { Fault } from '#base/fault';

/** Asserts that `act` throws a fault of `code`, and hands it back. Wording is not asserted. */
export async function throwsFault(act: () => unknown, code: string): Promise<Fault> {
  let thrown: unknown;
  try {
    await act();
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown instanceof Fault, `expected the fault ${code}, got ${String(thrown)}`);
  assert.equal(thrown.code, code, thrown.message);
  return thrown;
}

/** The fault that `act` throws at once. */
export function faultOf(act: () => unknown): Fault {
  try {
    act();
  } catch (thrown) {
    assert.ok(thrown instanceof Fault, String(thrown));
    return thrown;
  }
  return assert.fail('expected a fault');
}
