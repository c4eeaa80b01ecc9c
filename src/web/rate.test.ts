import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SimulatedClock } from '#test/simulated-clock';
import { throwsFault } from '#test/throws-fault';
import { AtOnce, addressKey, RateLimit } from './rate.ts';

describe('a rate', () => {
  it('lets a burst through, then as many as it says, and says when there is room', async () => {
    const clock = new SimulatedClock();
    const rate = new RateLimit({ burst: 3, perSecond: 0.5 }, clock);
    for (let i = 0; i < 3; i++) rate.take('a');
    const fault = await throwsFault(() => rate.take('a'), 'too-many-requests');
    assert.equal(fault.facts['retryAfter'], 2);
    rate.take('b');
    await clock.pass(2_000);
    rate.take('a');
    await throwsFault(() => rate.take('a'), 'too-many-requests');
  });

  it('does not forget whoever is out of room because many others come', async () => {
    const clock = new SimulatedClock();
    const rate = new RateLimit({ burst: 1, perSecond: 1 }, clock);
    for (let i = 0; i < 9_000; i++) rate.take(`address ${i}`);
    await throwsFault(() => rate.take('address 8999'), 'too-many-requests');
    await clock.pass(1_000);
    for (let i = 9_000; i < 21_000; i++) rate.take(`address ${i}`);
    await throwsFault(() => rate.take('address 20999'), 'too-many-requests');
  });
});

describe('the addresses of one customer', () => {
  it('count as one, however they are written', () => {
    const one = addressKey('2001:db8:0:0:1:2:3:4');
    for (const other of ['2001:db8::1', '2001:db8::a:b:c:d', '2001:DB8::', '2001:0db8:0:0::9'])
      assert.equal(addressKey(other), one, other);
    assert.notEqual(addressKey('2001:db8:0:1::1'), one);
    assert.equal(addressKey('fe80::1%eth0'), addressKey('fe80::2%eth0'));
    assert.equal(addressKey('::ffff:192.0.2.1'), addressKey('192.0.2.1'));
    assert.notEqual(addressKey('192.0.2.1'), addressKey('192.0.2.2'));
  });
});

describe('how much at once', () => {
  it('is bounded for each, and ends once however often it is ended', async () => {
    const atOnce = new AtOnce(2);
    const leave = atOnce.enter('a');
    atOnce.enter('a');
    await throwsFault(() => atOnce.enter('a'), 'too-many-requests');
    atOnce.enter('b');
    leave();
    leave();
    atOnce.enter('a');
    await throwsFault(() => atOnce.enter('a'), 'too-many-requests');
  });
});
