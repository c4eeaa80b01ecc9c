/** Passkeys and the invitations that they come from. A passkey is known from its registration on, and worth what is signed for it. */
import { newId } from '#base/ids';
import { type Instant, MICROS_PER_SECOND, shift } from '#base/time';
import type { Database, Row } from './database.ts';
import { identityFault } from './faults.ts';
import type { Identity, Invitation, Passkey } from './protocol.ts';
import { isSame, keptOf, newSecret } from './secret.ts';
import type { RoomNeeds } from './sessions.ts';

export const INVITATION_LIFE = 15 * 60 * MICROS_PER_SECOND;
const MOST_TEXT = 128;

const COLUMNS =
  'credential, operator, key, cose, rp_id, counter, transports, label, backed_up, created_at, used_at';

export function passkeysOf({ db, clock, tell }: RoomNeeds): Identity['passkeys'] {
  const byCredential = (credentialId: string): Passkey | undefined => {
    const row = db.row(`SELECT ${COLUMNS} FROM passkey WHERE credential = ?`, credentialId);
    return row === undefined ? undefined : passkeyOf(row);
  };
  return {
    add(passkey) {
      const added = db.write(() => addPasskey(db, passkey, clock.now()));
      tell('sessions');
      return added;
    },
    byCredential,
    of: (operator) =>
      db
        .rows(
          `SELECT ${COLUMNS} FROM passkey WHERE operator = ? ORDER BY created_at, credential`,
          operator,
        )
        .map(passkeyOf),
    list: () =>
      db
        .rows(`SELECT ${COLUMNS} FROM passkey ORDER BY operator, created_at, credential`)
        .map(passkeyOf),
    used(credentialId, counter, backedUp) {
      return db.write(() => {
        const passkey = byCredential(credentialId);
        if (passkey === undefined) return false;
        // Authenticators without a counter answer nought, always (WebAuthn Level 3, section 6.1.1).
        if ((passkey.counter !== 0 || counter !== 0) && counter <= passkey.counter) return false;
        db.run(
          'UPDATE passkey SET counter = ?, used_at = ?, backed_up = ? WHERE credential = ?',
          counter,
          clock.now(),
          (backedUp ?? passkey.backedUp) ? 1 : 0,
          credentialId,
        );
        return true;
      });
    },
    rename(credentialId, label) {
      const renamed = db.write(
        () =>
          db.run(
            'UPDATE passkey SET label = ? WHERE credential = ?',
            label.slice(0, MOST_TEXT),
            credentialId,
          ) > 0,
      );
      if (renamed) tell('sessions');
      return renamed;
    },
    remove(credentialId) {
      const removed = db.write(() => {
        db.run('DELETE FROM session WHERE credential = ?', credentialId);
        return db.run('DELETE FROM passkey WHERE credential = ?', credentialId) > 0;
      });
      if (removed) tell('sessions');
      return removed;
    },
  };
}

function addPasskey(
  db: Database,
  passkey: Omit<Passkey, 'createdAt' | 'lastUsedAt'>,
  now: Instant,
): Passkey {
  const { credentialId, operator, key, cose, rpId, counter, transports, backedUp } = passkey;
  const known = db.row('SELECT 1 FROM passkey WHERE credential = ? OR key = ?', credentialId, key);
  if (known !== undefined) {
    throw identityFault(
      'passkey-known',
      'this passkey is registered already: take another authenticator, or have it removed first',
    );
  }
  const label = passkey.label.slice(0, MOST_TEXT);
  db.run(
    'INSERT INTO passkey VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)',
    credentialId,
    operator,
    key,
    cose,
    rpId,
    counter,
    JSON.stringify(transports),
    label,
    backedUp ? 1 : 0,
    now,
  );
  return { ...passkey, label, createdAt: now, lastUsedAt: null };
}

function passkeyOf(row: Row): Passkey {
  const [credentialId, operator, key, cose, rpId, counter, transports, label, backedUp, at, used] =
    row;
  return {
    credentialId: credentialId as string,
    operator: operator as string,
    key: key as string,
    cose: cose as Uint8Array,
    rpId: rpId as string,
    counter: counter as number,
    transports: JSON.parse(transports as string) as string[],
    label: label as string,
    backedUp: backedUp === 1,
    createdAt: at as Instant,
    lastUsedAt: used as Instant | null,
  };
}

const INVITATION = 'id, operator, name, accounts, invited_by, expires_at, pending_key, spent, code';

export function invitationsOf({ db, clock, random, tell }: RoomNeeds): Identity['invitations'] {
  const usable = (row: Row | undefined): Invitation | undefined => {
    const found = row === undefined ? undefined : invitationOf(row);
    return found === undefined || row?.[7] !== 0 || clock.now() >= found.expiresAt
      ? undefined
      : found;
  };
  return {
    make({ operator, name, accounts, invitedBy }) {
      const now = clock.now();
      const { text, kept } = newSecret(random);
      const invitation: Invitation = {
        id: newId('inv', random),
        operator,
        name: name.slice(0, MOST_TEXT),
        accounts: [...accounts],
        invitedBy,
        expiresAt: shift(now, INVITATION_LIFE),
        pendingKey: null,
      };
      db.write(() => {
        db.run(
          'DELETE FROM invitation WHERE pending_key IS NULL AND (operator = ? OR expires_at <= ?)',
          operator,
          now,
        );
        db.run(
          'INSERT INTO invitation VALUES (?, ?, ?, ?, ?, ?, ?, NULL, 0)',
          invitation.id,
          kept,
          operator,
          invitation.name,
          JSON.stringify(invitation.accounts),
          invitedBy,
          invitation.expiresAt,
        );
      });
      tell('sessions');
      return { invitation, code: text };
    },
    find(code) {
      const kept = keptOf(code);
      const row = db.row(`SELECT ${INVITATION} FROM invitation WHERE code = ?`, kept);
      return row !== undefined && isSame(kept, row[8]) ? usable(row) : undefined;
    },
    list: () =>
      db
        .rows(`SELECT ${INVITATION} FROM invitation ORDER BY expires_at, id`)
        .flatMap((row) => (row[6] === null ? (usable(row) ?? []) : invitationOf(row))),
    register(id, passkey) {
      const added = db.write(() => {
        const open = usable(db.row(`SELECT ${INVITATION} FROM invitation WHERE id = ?`, id));
        if (open === undefined || open.pendingKey !== null || open.operator !== passkey.operator) {
          throw identityFault(
            'invitation-over',
            'this invitation was used already, or is over: have another made with holdfast console invite',
          );
        }
        db.run('UPDATE invitation SET pending_key = ? WHERE id = ?', passkey.key, id);
        return addPasskey(db, passkey, clock.now());
      });
      tell('sessions');
      return added;
    },
    spend: (id) =>
      db.write(() => db.run('UPDATE invitation SET spent = 1 WHERE id = ? AND spent = 0', id)) > 0,
    remove: (id) => db.write(() => db.run('DELETE FROM invitation WHERE id = ?', id)) > 0,
  };
}

function invitationOf(row: Row): Invitation {
  const [id, operator, name, accounts, invitedBy, expiresAt, pendingKey] = row;
  return {
    id: id as string,
    operator: operator as string,
    name: name as string,
    accounts: JSON.parse(accounts as string) as string[],
    invitedBy: invitedBy as string,
    expiresAt: expiresAt as Instant,
    pendingKey: pendingKey as string | null,
  };
}
