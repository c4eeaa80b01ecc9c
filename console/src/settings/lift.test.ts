import assert from 'node:assert/strict';
import { it } from 'node:test';
import { liftDocument } from '#authority';
import { liftsExactly } from './lift.ts';

it('an order lifts the stop that is shown, or is not signed', () => {
  const order = liftDocument.format({
    organisation: 'acme',
    stop: 'stop_1',
    issued: 1_700_000_000,
    runBy: 1_700_000_600,
  });
  assert.ok(liftsExactly(order, 'stop_1'));
  assert.ok(!liftsExactly(order, 'stop_2'));
  assert.ok(!liftsExactly(order.replace('end\n', 'stop stop_1\nend\n'), 'stop_1'));
  assert.ok(!liftsExactly(order.replace('lift', 'config'), 'stop_1'));
  assert.ok(!liftsExactly(`${order}\n`, 'stop_1'));
});
