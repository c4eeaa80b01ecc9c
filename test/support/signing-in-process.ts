/** Signs people in and lends to assistants until it is killed; prints what was acknowledged, a line each. */
import { writeSync } from 'node:fs';
import { openIdentity } from '#identity';
import { nodeClock, nodeFiles, nodeRandom } from '#machine';
import { aNewLease, anInvitation, anOpening, aPasskeyOf } from '#samples/identity';

const [path, round] = process.argv.slice(2) as [string, string];
const clock = nodeClock();
const identity = await openIdentity({ path, files: nodeFiles(), clock, random: nodeRandom() });
// Straight to the descriptor: what is printed has left this process before it can die.
const say = (...words: readonly string[]): void => void writeSync(1, `${words.join(' ')}\n`);

for (let i = 0; ; i++) {
  const who = `p${round}.${i}`;
  const { session, secret } = identity.sessions.open(anOpening(who));
  say('open', session.id, secret);
  if (i % 2 === 0) {
    identity.sessions.end(session.id);
    say('ended', session.id, secret);
  }
  const { invitation, code } = identity.invitations.make(anInvitation(who));
  identity.invitations.register(invitation.id, aPasskeyOf(who));
  say('registered', who, code);
  identity.recovery.make(who);
  const codes = identity.recovery.make(who);
  say('codes', who, codes[0] ?? '');
  const now = clock.now();
  const { lease, bearer } = identity.leases.issue(
    aNewLease({ issuedAt: now, expiresAt: (now + 3_600_000_000) as typeof now }),
  );
  if (i % 3 === 0) {
    identity.leases.revoke(lease.id, 'ada', 'lost', now);
    say('revoked', lease.id, bearer);
  }
}
