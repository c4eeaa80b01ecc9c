import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { whyNotConnected } from './unreachable.ts';

/** What OpenSSH 9.2 wrote, and what it means; with a bastion on the way where the third says so. */
const SAID: readonly (readonly [string, string, boolean?])[] = [
  ['ssh: connect to host 127.0.0.1 port 1: Connection refused', 'connection-refused'],
  ['ssh: connect to host 10.255.255.1 port 22: Connection timed out', 'timed-out'],
  [
    'Connection timed out during banner exchange\r\nConnection to 1.2.3.4 port 22 timed out',
    'timed-out',
  ],
  ['ssh: connect to host x port 22: No route to host', 'network-unreachable'],
  ['ssh: connect to host x port 22: Network is unreachable', 'network-unreachable'],
  ['ssh: Could not resolve hostname nowhere.invalid: Name or service not known', 'name-not-found'],
  [
    '@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.',
    'host-key-changed',
  ],
  [
    'No ED25519 host key is known for [127.0.0.1]:1 and you have requested strict checking.\r\nHost key verification failed.',
    'host-key-unknown',
  ],
  ['me@127.0.0.1: Permission denied (publickey).', 'not-authorised'],
  ['Connection closed by 127.0.0.1 port 22', 'connection-lost'],
  ['', 'connection-lost'],
  ['\x1b[31mnonsense', 'connection-lost'],
  [
    'ada@bastion: Permission denied (publickey).\r\nConnection closed by UNKNOWN port 65535',
    'bastion-failed',
    true,
  ],
  [
    'ssh: connect to host b port 22: Connection refused\r\nConnection closed by UNKNOWN port 65535',
    'bastion-failed',
    true,
  ],
  [
    'channel 0: open failed: connect failed: Connection refused\r\nstdio forwarding failed\r\nConnection closed by UNKNOWN port 65535',
    'connection-refused',
    true,
  ],
  [
    'channel 0: open failed: administratively prohibited: open failed\r\nstdio forwarding failed\r\nConnection closed by UNKNOWN port 65535',
    'bastion-failed',
    true,
  ],
  ['me@target: Permission denied (publickey).', 'not-authorised', true],
];

describe('why a host was not reached', () => {
  for (const [said, reason, hasBastion = false] of SAID) {
    it(`is ${reason} when ssh says ${JSON.stringify(said.slice(0, 60))}`, () => {
      assert.equal(whyNotConnected(said, hasBastion), reason);
    });
  }
});
