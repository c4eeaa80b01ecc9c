/**
 * Who signs in, and with what. Nothing here puts a key in force: that takes a signature. What is answered once, a link
 * or codes, is answered at a terminal only.
 */
import * as z from 'zod/v4';
import { type Access, holding, isWhole, OWNER, rolesOfPerson } from '#access';
import { Fault } from '#base/fault';
import { LIMITS } from '#base/limits';
import { clean } from '#redaction';
import type { AccessPowers } from './access.ts';
import { type Asking, administering } from './operation.ts';
import { unsignedEdit } from './unsigned-edit.ts';

const operatorId = z
  .string()
  .regex(/^[a-z][a-z0-9._-]{0,62}$/, 'lower-case letters, digits, . _ -, beginning with a letter');
const time = z.string();

export type PasskeyShown = z.output<typeof passkey>;
export type InvitationShown = z.output<typeof invitation>;
export type SessionShown = z.output<typeof session>;
export type GlassShown = z.output<typeof glass>;

const passkey = z.strictObject({
  credentialId: z.string(),
  operator: z.string(),
  label: z.string(),
  key: z.string(),
  fingerprint: z.string(),
  /** `other-address`: made for another rpId than the console has now. */
  state: z.enum(['in-force', 'pending', 'revoked', 'other-address']),
  rpId: z.string(),
  transports: z.array(z.string()),
  backedUp: z.boolean(),
  createdAt: time,
  lastUsedAt: time.nullable(),
});

const invitation = z.strictObject({
  id: z.string(),
  operator: z.string(),
  name: z.string(),
  accounts: z.array(z.string()),
  invitedBy: z.string(),
  expiresAt: time,
  /** The passkey that came of it and waits for a signature. */
  pending: z
    .strictObject({ key: z.string(), fingerprint: z.string(), label: z.string() })
    .nullable(),
});

const session = z.strictObject({
  id: z.string(),
  operator: z.string(),
  method: z.enum(['passkey', 'oidc', 'recovery', 'invitation']),
  createdAt: time,
  lastSeenAt: time,
  expiresAt: time,
  userAgent: z.string(),
  address: z.string(),
  isOwn: z.boolean(),
});

const glass = z.strictObject({
  operator: z.string(),
  reason: z.string(),
  openedAt: time,
  expiresAt: time,
});

const made = z.strictObject({
  operator: z.string(),
  name: z.string(),
  link: z.string(),
  expiresAt: time,
  origin: z.string(),
  rpId: z.string(),
  isFirst: z.boolean(),
});

const standing = z.strictObject({
  origin: z.string(),
  /** Somebody answers there now. */
  isServed: z.boolean(),
  rpId: z.string(),
  /** Hosts take signatures of passkeys that were made there. */
  isAccepted: z.boolean(),
  /** Every page whose passkeys hosts take. */
  accepted: z.array(z.string()),
  operators: z.number().int(),
  passkeys: z.number().int(),
  pending: z.number().int(),
  /** Passkeys in force that were made for another address, and sign nothing here. */
  stranded: z.number().int(),
  sessions: z.number().int(),
  /** `server.yaml`, where it is not what was signed, and what is in force of it. */
  unsigned: unsignedEdit.nullable(),
  /** What is in force now is served once the service has started again. */
  isToRestart: z.boolean(),
  next: z.string(),
});
export type ConsoleShown = z.output<typeof standing>;

/** What this takes of the service. Answers hold what each operation publishes. */
export type IdentityPowers = {
  readonly console: () => Promise<ConsoleShown>;
  /** Throws where somebody may sign, or the file is another one by now. */
  readonly confirmServer: (digest: string, principal: string) => Promise<void>;
  /** Throws where a first person is asked for and there is one, and the other way round. */
  readonly invite: (
    asked: {
      readonly operator: string;
      readonly name?: string | undefined;
      readonly isFirst: boolean;
    },
    principal: string,
  ) => Promise<z.input<typeof made>>;
  readonly invitations: () => Promise<readonly InvitationShown[]>;
  readonly passkeys: () => Promise<readonly PasskeyShown[]>;
  readonly renamePasskey: (credentialId: string, label: string) => Promise<boolean>;
  readonly removePasskey: (credentialId: string) => Promise<boolean>;
  readonly sessions: () => Promise<readonly Omit<SessionShown, 'isOwn'>[]>;
  readonly endSession: (id: string) => Promise<boolean>;
  readonly endSessions: (operator: string) => Promise<number>;
  readonly recoveryCodes: (operator: string) => Promise<readonly string[]>;
  readonly glass: () => Promise<readonly GlassShown[]>;
  /** `false`: it was not open. */
  readonly closeGlass: (operator: string, principal: string) => Promise<boolean>;
};

export const consoleStatus = administering({
  name: 'console_status',
  title: 'How the console stands',
  summary:
    'Where people open it, what its passkeys are bound to, whether hosts take what they sign, and who is signed in.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  mends: true,
  input: z.strictObject({}),
  output: standing,
  run: async (_input, { identity }) => identity.console(),
});

export const serverConfirm = administering({
  name: 'server_confirm',
  title: 'Confirm server.yaml before anybody may sign',
  summary:
    'Lets the service serve and reach what server.yaml says, before there is anybody to sign it: passkeys are bound to its name. Only as long as nobody may sign, and only that very file.',
  capability: 'access.write',
  taints: false,
  assistants: false,
  mends: true,
  confirms: 'each',
  input: z.strictObject({
    digest: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal')
      .describe('of the file, as console_status tells it'),
  }),
  output: z.strictObject({ confirmed: z.literal(true), next: z.string() }),
  run: async ({ digest }, { identity }, asking) => {
    mustBeATerminal(asking, 'what is served before anybody may sign');
    await identity.confirmServer(digest, asking.caller.principal);
    return {
      confirmed: true as const,
      next: 'start the service again: its address is read when it starts. Then holdfast console setup',
    };
  },
});

export const invitationMake = administering({
  name: 'invitation_make',
  title: 'Invite a person to the console',
  summary:
    'A one-time link with which one named person registers a passkey. It is for a quarter of an hour, and grants nothing else.',
  capability: 'access.write',
  taints: false,
  assistants: false,
  mends: true,
  confidential: true,
  confirms: 'each',
  input: z.strictObject({
    operator: operatorId,
    name: z.string().min(1).max(LIMITS.nameChars).optional(),
    first: z.boolean().optional().describe('of a Holdfast where nobody may sign yet'),
  }),
  output: made,
  run: async ({ operator, name, first = false }, { identity }, asking) => {
    mustBeATerminal(asking, 'a link that lets a person in');
    return identity.invite({ operator, name, isFirst: first }, asking.caller.principal);
  },
});

export const invitationsList = administering({
  name: 'invitations_list',
  title: 'List invitations',
  summary: 'Links that are still open, and passkeys that came of one and wait for a signature.',
  capability: 'access.read',
  taints: false,
  assistants: false,
  mends: true,
  input: z.strictObject({}),
  output: z.strictObject({ invitations: z.array(invitation) }),
  run: async (_input, { identity }) => ({ invitations: [...(await identity.invitations())] }),
});

export const passkeysList = administering({
  name: 'passkeys_list',
  title: 'List passkeys',
  summary: 'Passkeys that sign in here, whose they are, and which of them are in force.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  narrows: true,
  mends: true,
  input: z.strictObject({ operator: operatorId.optional() }),
  output: z.strictObject({ passkeys: z.array(passkey) }),
  run: async ({ operator }, { identity }, asking) => {
    const all = await identity.passkeys();
    return { passkeys: seen(all, operator, asking) };
  },
});

export const passkeyRename = administering({
  name: 'passkey_rename',
  title: 'Rename a passkey',
  summary: 'What a person calls a passkey of theirs; nothing else of it changes.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  narrows: true,
  mends: true,
  confirms: 'recent',
  input: z.strictObject({
    credentialId: z.string().min(1).max(1_400),
    label: z.string().trim().min(1).max(64),
  }),
  output: z.strictObject({ renamed: z.boolean() }),
  run: async ({ credentialId, label }, { identity }, asking) => {
    const found = (await identity.passkeys()).find((one) => one.credentialId === credentialId);
    if (found === undefined) throw noSuch('passkey');
    mustBeOwnOr('access.write', found.operator, asking);
    return { renamed: await identity.renamePasskey(credentialId, clean(label).text) };
  },
});

export const passkeyRemove = administering({
  name: 'passkey_remove',
  title: 'Remove a passkey',
  summary:
    'A passkey that signs nobody in any more; its sessions end. Its key goes on signing until a signed configuration revokes it.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  narrows: true,
  mends: true,
  confirms: 'each',
  input: z.strictObject({ credentialId: z.string().min(1).max(1_400) }),
  output: z.strictObject({ removed: z.boolean(), says: z.string() }),
  run: async ({ credentialId }, { identity, access }, asking) => {
    const all = await identity.passkeys();
    const found = all.find((one) => one.credentialId === credentialId);
    if (found === undefined) throw noSuch('passkey');
    mustBeOwnOr('access.write', found.operator, asking);
    const isLast =
      found.state === 'in-force' &&
      !(await anyAdministers(
        access,
        all.filter((one) => one !== found),
      ));
    if (isLast && asking.caller.surface === 'console')
      throw new Fault(
        'refused',
        'last-passkey',
        'this is the last passkey of anybody who administers: without it nobody could admit or invite anybody in the console. Add another first, or remove it at a terminal with holdfast console',
      );
    const removed = await identity.removePasskey(credentialId);
    return {
      removed,
      says:
        found.state === 'in-force'
          ? `its key still signs: revoke it as well, with holdfast operator revoke-key ${found.fingerprint}${isLast ? '. It was the last passkey of anybody who administers: nobody does in the console now. Invite somebody with holdfast console invite <id>' : ''}`
          : '',
    };
  },
});

export const sessionsList = administering({
  name: 'sessions_list',
  title: 'List sessions',
  summary: 'Who is signed in to the console, since when, and from where.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  narrows: true,
  mends: true,
  input: z.strictObject({ operator: operatorId.optional() }),
  output: z.strictObject({ sessions: z.array(session) }),
  run: async ({ operator }, { identity }, asking) => ({
    sessions: seen(await identity.sessions(), operator, asking).map((one) => ({
      ...one,
      isOwn: asking.caller.session === `session:${one.id}`,
    })),
  }),
});

export const sessionEnd = administering({
  name: 'session_end',
  title: 'End a session',
  summary: 'One session, or every one of an operator: gone at its next request.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  narrows: true,
  mends: true,
  confirms: 'each',
  input: z.union([
    z.strictObject({ id: z.string().min(1).max(64) }),
    z.strictObject({ operator: operatorId }),
  ]),
  output: z.strictObject({ ended: z.number().int() }),
  run: async (input, { identity }, asking) => {
    if ('operator' in input) {
      mustBeOwnOr('access.write', input.operator, asking);
      return { ended: await identity.endSessions(input.operator) };
    }
    const found = (await identity.sessions()).find(({ id }) => id === input.id);
    if (found === undefined) throw noSuch('session');
    mustBeOwnOr('access.write', found.operator, asking);
    return { ended: (await identity.endSession(input.id)) ? 1 : 0 };
  },
});

export const recoveryMake = administering({
  name: 'recovery_make',
  title: 'Make recovery codes',
  summary:
    'Ten new codes in place of those of an operator, shown once. Each signs in once, and decides nothing.',
  capability: 'access.write',
  taints: false,
  assistants: false,
  mends: true,
  confidential: true,
  confirms: 'each',
  input: z.strictObject({ operator: operatorId }),
  output: z.strictObject({ operator: z.string(), codes: z.array(z.string()) }),
  run: async ({ operator }, { identity }, asking) => {
    mustBeATerminal(asking, 'codes that sign a person in');
    return { operator, codes: [...(await identity.recoveryCodes(operator))] };
  },
});

export const breakGlassStatus = administering({
  name: 'break_glass_status',
  title: 'Who broke the glass',
  summary: 'Operators whose reach is widened to everything at this moment, why, and until when.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  mends: true,
  input: z.strictObject({}),
  output: z.strictObject({ open: z.array(glass) }),
  run: async (_input, { identity }) => ({ open: [...(await identity.glass())] }),
});

export const breakGlassClose = administering({
  name: 'break_glass_close',
  title: 'End break-glass',
  summary: "Ends an operator's break-glass before its time is over.",
  capability: 'changes.read',
  taints: false,
  assistants: false,
  mends: true,
  input: z.strictObject({ operator: operatorId }),
  output: z.strictObject({ closed: z.boolean() }),
  run: async ({ operator }, { identity }, asking) => {
    mustBeOwnOr('access.write', operator, asking);
    return { closed: await identity.closeGlass(operator, asking.caller.principal) };
  },
});

/** A person sees what is their own; whoever may read who has access sees all of it. */
function seen<One extends { readonly operator: string }>(
  all: readonly One[],
  operator: string | undefined,
  asking: Asking,
): One[] {
  const mayAll = holds('access.read', asking);
  return all.filter(
    (one) =>
      (operator === undefined || one.operator === operator) &&
      (mayAll || isOwn(one.operator, asking)),
  );
}

function mustBeOwnOr(capability: 'access.write', operator: string, asking: Asking): void {
  if (isOwn(operator, asking) || holds(capability, asking)) return;
  throw new Fault(
    'refused',
    'not-permitted',
    `this is ${operator}'s: only they, and whoever holds ${capability}, may do this`,
  );
}

/** Whether any of these passkeys is that of a person whose roles administer everything. */
async function anyAdministers(
  { access, operators }: AccessPowers,
  passkeys: readonly PasskeyShown[],
): Promise<boolean> {
  const file: Access | undefined = await access();
  const inForce = await operators();
  const administers = (role: string): boolean => {
    if (role === OWNER) return true;
    const part = file?.roles.get(role);
    return part !== undefined && isWhole(part) && part.capabilities.includes('access.write');
  };
  return passkeys.some(
    ({ state, operator }) =>
      state === 'in-force' &&
      inForce.includes(operator) &&
      [...rolesOfPerson(file, { operator, groups: [], isInForce: true })].some(administers),
  );
}

function isOwn(operator: string, { caller }: Asking): boolean {
  return caller.surface === 'console' && caller.principal === `operator:${operator}@console`;
}

function holds(capability: 'access.read' | 'access.write', { caller }: Asking): boolean {
  // Of some targets alone it says nothing about people.
  return holding(caller.reach, capability).some(isWhole);
}

function mustBeATerminal({ caller }: Asking, what: string): void {
  if (caller.surface === 'cli') return;
  throw new Fault(
    'refused',
    'terminal-only',
    `${what} is shown at a terminal only: run holdfast console there`,
  );
}

function noSuch(what: 'passkey' | 'session'): Fault {
  return new Fault('missing', `no-such-${what}`, `no such ${what}: look at the list again`);
}
