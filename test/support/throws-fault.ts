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
