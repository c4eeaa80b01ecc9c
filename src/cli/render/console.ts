/** The console and its people, for people. */
import type { ConsoleShown, PasskeyShown, SessionShown } from '#operations';
import type { Render } from '../desk.ts';
import type { Piece } from '../text/paper.ts';
import { count, moment } from '../text/words.ts';
import { writeUnsigned } from './unsigned-edit.ts';

export const renderConsole: Render<ConsoleShown> = (paper, answer) => {
  const {
    origin,
    isServed,
    rpId,
    isAccepted,
    operators,
    passkeys,
    pending,
    stranded,
    sessions,
    unsigned,
    next,
  } = answer;
  paper.whole({ text: 'Console:    ', tone: 'strong' }, origin);
  if (!isServed)
    paper.whole('            ', {
      text: 'nobody answers there now: holdfast up serves it',
      tone: 'warn',
    });
  paper.whole(
    { text: 'Passkeys:   ', tone: 'strong' },
    `bound to ${rpId}; ${count(passkeys, 'passkey')} in force`,
  );
  if (pending > 0)
    paper.whole('            ', {
      text: `${count(pending, 'passkey')} waiting for a signature: holdfast console admit <operator>`,
      tone: 'warn',
    });
  if (stranded > 0)
    paper.whole('            ', {
      text: `${count(stranded, 'passkey')} of another address: signing nothing here`,
      tone: 'warn',
    });
  paper.whole({ text: 'Operators:  ', tone: 'strong' }, String(operators));
  paper.whole({ text: 'Signed in:  ', tone: 'strong' }, count(sessions, 'session'));
  if (operators > 0 && !isAccepted)
    paper.whole({ text: 'Hosts take no signature that is made there', tone: 'warn' });
  writeUnsigned(paper, unsigned);
  if (next !== '') paper.whole({ text: 'Next: ', tone: 'strong' }, next);
};

/** What it costs to choose this address, before anybody's key hangs on it. */
export const renderChoice: Render<ConsoleShown> = (paper, { origin, rpId }) => {
  paper.whole({ text: 'The console is opened at ', tone: 'strong' }, origin);
  paper.whole(
    'Passkeys will be bound to ',
    { text: rpId, tone: 'warn' },
    ', for as long as they live.',
  );
  paper.whole('  With another name later, every passkey is another key: everybody is invited and');
  paper.whole('  signed for anew. The port may change; hosts are then told of the new address.');
  if (rpId === 'localhost') {
    paper.whole(
      '  localhost is this machine alone: no phone can sign, and a signature made here counts as',
    );
    paper.whole(
      '  a touch on the machine that your assistant may be on too. For a name of your own, first:',
    );
    paper.whole('  holdfast console expose, or url in server.yaml.');
  }
  paper.blank();
};

export const renderConfirmed: Render<{ readonly next: string }> = (paper, { next }) => {
  paper.whole({ text: 'Confirmed. ', tone: 'good' }, 'Nothing was made yet.');
  paper.whole({ text: 'Next: ', tone: 'strong' }, next);
};

export type MadeInvitation = {
  readonly operator: string;
  readonly name: string;
  readonly link: string;
  readonly expiresAt: string;
  readonly isFirst: boolean;
};

export const renderInvitation: Render<MadeInvitation> = (paper, answer) => {
  const { operator, link, expiresAt, isFirst } = answer;
  paper.blank();
  paper.whole({ text: link, tone: 'strong' });
  paper.blank();
  paper.whole(
    `For ${operator} alone, once, until ${moment(expiresAt)}. Whoever has the link can use it.`,
  );
  if (isFirst)
    paper.whole('Open it in a browser: it registers a passkey, and has it sign for itself.');
  else {
    paper.whole(
      'It registers a passkey, which waits. Compare its fingerprint with the person, then:',
    );
    paper.whole(`  holdfast console admit ${operator}`);
  }
};

export const renderPasskeys: Render<{ readonly passkeys: readonly PasskeyShown[] }> = (
  paper,
  { passkeys },
) => {
  if (passkeys.length === 0) {
    paper.whole(
      'No passkey yet. ',
      { text: 'Next: ', tone: 'strong' },
      'holdfast console setup, or holdfast console invite <id>',
    );
    return;
  }
  paper.table(
    [
      { head: 'OPERATOR', whole: true },
      { head: 'LABEL', least: 6 },
      { head: 'STATE', whole: true },
      { head: 'FINGERPRINT', whole: true },
      { head: 'LAST USED', least: 10 },
    ],
    passkeys.map(({ operator, label, state, fingerprint, lastUsedAt }): Piece[] => [
      operator,
      label,
      { text: state, tone: state === 'in-force' ? 'good' : 'warn' },
      fingerprint,
      lastUsedAt === null ? 'never' : moment(lastUsedAt),
    ]),
  );
};

export const renderSessions: Render<{ readonly sessions: readonly SessionShown[] }> = (
  paper,
  { sessions },
) => {
  if (sessions.length === 0) {
    paper.whole('Nobody is signed in.');
    return;
  }
  paper.table(
    [
      { head: 'SESSION', whole: true },
      { head: 'OPERATOR', whole: true },
      { head: 'BY', whole: true },
      { head: 'FROM', least: 8 },
      { head: 'SEEN', least: 10 },
    ],
    sessions.map(({ id, operator, method, address, lastSeenAt }): Piece[] => [
      id,
      operator,
      method,
      address,
      moment(lastSeenAt),
    ]),
  );
};

export const renderEnded: Render<{ readonly ended: number }> = (paper, { ended }) => {
  paper.whole(ended === 0 ? 'None was open.' : `Ended: ${count(ended, 'session')}.`);
};

export const renderCodes: Render<{
  readonly operator: string;
  readonly codes: readonly string[];
}> = (paper, { operator, codes }) => {
  paper.whole({ text: `Recovery codes of ${operator}, shown once`, tone: 'strong' });
  for (const code of codes) paper.whole('  ', code);
  paper.whole(
    'Each signs in once, to look and to register a passkey. None of them is a key: they decide',
  );
  paper.whole('nothing, and sign nothing. Those from before are good for nothing now.');
};

export const renderPending: Render<{
  readonly operator: string;
  readonly name: string;
  readonly label: string;
  readonly fingerprint: string;
  readonly invitedBy: string;
}> = (paper, { operator, name, label, fingerprint, invitedBy }) => {
  paper.whole(
    { text: `A passkey of ${name} (${operator})`, tone: 'strong' },
    `, “${label}”, invited by ${invitedBy}`,
  );
  paper.whole('Its fingerprint, which must be the one on their screen: ', {
    text: fingerprint,
    tone: 'warn',
  });
  paper.blank();
};
