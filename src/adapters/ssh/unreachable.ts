/**
 * Why a host was not reached, from what ssh said and how it ended. What ssh wrote is never passed on: only
 * fixed patterns are looked for in it.
 */
import { Fault } from '#base/fault';
import { UNREACHABLE, type Unreachable } from './reach.ts';

/** In this order; OpenSSH writes them in English under LC_ALL=C, at LogLevel INFO. */
const SAYS: readonly (readonly [RegExp, Unreachable])[] = [
  [
    /HOST IDENTIFICATION HAS CHANGED|host key .{1,200} has changed|was revoked|marked as revoked|REVOKED HOST KEY/i,
    'host-key-changed',
  ],
  [
    /host key is known for|Host key verification failed|no matching host key type/,
    'host-key-unknown',
  ],
  [
    /Permission denied|Too many authentication failures|No supported authentication methods/,
    'not-authorised',
  ],
  [/Could not resolve hostname|Name or service not known|name resolution/, 'name-not-found'],
  [/Connection refused/, 'connection-refused'],
  [/timed out/, 'timed-out'],
  [/No route to host|Network is unreachable|Host is down/, 'network-unreachable'],
];

/** A proxy has no address, so ssh calls its end "UNKNOWN port 65535". */
const PROXY_ENDED = /UNKNOWN port 65535/;
/** A bastion's word on the next host: its own ssh says so, in one line. */
const BEYOND = /open failed: connect failed: ([^\r\n]{0,200})/;

/** Before there was a session: `stderr` is ssh's own, whatever the host is. */
export function whyNotConnected(stderr: string, hasBastion: boolean): Unreachable {
  if (hasBastion) {
    const beyond = BEYOND.exec(stderr)?.[1];
    if (beyond !== undefined) return matching(beyond) ?? 'connection-lost';
    if (PROXY_ENDED.test(stderr) && !/UNKNOWN port 65535 timed out/.test(stderr)) {
      return 'bastion-failed';
    }
  }
  return matching(stderr) ?? 'connection-lost';
}

function matching(text: string): Unreachable | undefined {
  return SAYS.find(([pattern]) => pattern.test(text))?.[1];
}

const NEXT: Readonly<Record<Unreachable, string>> = {
  'no-address': 'the inventory has no address that can be used. Give it one as host or host:port',
  'name-not-found': 'its name is not known. Look at the address in the inventory',
  'connection-refused': 'nobody listens there. Is sshd running, and is it that port?',
  'timed-out': 'no answer in time. Try again later',
  'network-unreachable': 'there is no way there from here. Look at the network',
  'host-key-unknown': 'its host key is not one that was pinned. Compare it and enrol it anew',
  'host-key-changed':
    'it shows another host key than the pinned one. Find out why before anything else',
  'not-authorised': 'it does not accept our key. Enrol it anew or rotate its keys',
  'bastion-failed':
    'a bastion on the way failed. Look at `via` in the inventory and at the bastion',
  'connection-lost': 'the connection ended or made no sense. Try again',
  'not-enrolled': 'no host key of it is pinned. Enrol it first',
  'no-wrapper': 'its wrapper is missing or does not start. Enrol it anew',
  busy: 'too much waits for it already. Try again later',
};

export function unreachable(
  target: string,
  reason: Unreachable,
  cause?: unknown,
): Fault<Unreachable> {
  return new Fault('unavailable', reason, `host cannot be reached: ${target}: ${NEXT[reason]}`, {
    facts: { target },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The reason in a fault of ours; whatever else went wrong lost the connection. */
export function reasonOf(thrown: unknown): Unreachable {
  const code = thrown instanceof Fault ? thrown.code : '';
  return UNREACHABLE.find((reason) => reason === code) ?? 'connection-lost';
}
