import { describe, it } from 'node:test';
import { throwsFault } from '#test/throws-fault';
import { parseAllowAmong } from './allow.ts';
import { judge } from './judge.ts';
import { placeOf } from './place.ts';

describe('where a request may go', () => {
  it('is within what was signed too, whatever an edit that nobody signed allows', async () => {
    const allow = parseAllowAmong(['10.0.0.0/8', 'hooks.internal'], ['10.1.0.0/16']);
    const goes = (url: string, address: string): void => judge(placeOf(url), [address], allow);
    goes('http://10.1.2.3/', '10.1.2.3');
    for (const [url, address] of [
      ['http://10.2.2.3/', '10.2.2.3'],
      ['http://hooks.internal/', '10.9.9.9'],
      ['http://hooks.internal/', '127.0.0.1'],
    ] as const)
      await throwsFault(() => goes(url, address), 'egress-refused');
    goes('http://hooks.internal/', '10.1.9.9');
    goes('https://example.org/', '93.184.216.34');
  });

  it('is the very address that was named, and no other that a resolver gives for it', async () => {
    const allow = parseAllowAmong(['10.1.0.0/16'], undefined);
    await throwsFault(
      () => judge(placeOf('http://10.1.2.3/'), ['10.1.2.4'], allow),
      'egress-refused',
    );
  });
});
