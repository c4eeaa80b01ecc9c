/** People at the console, from a terminal: the first one, invitations, who is signed in. Links and codes are for eyes only. */
import { Fault } from '#base/fault';
import type { ConsoleShown, InvitationShown } from '#operations';
import type { Desk } from '../desk.ts';
import {
  type MadeInvitation,
  renderChoice,
  renderCodes,
  renderConfirmed,
  renderEnded,
  renderInvitation,
  renderPasskeys,
  renderPending,
  renderSessions,
} from '../render/console.ts';
import { writeUnsigned } from '../render/unsigned-edit.ts';
import { mustBeAtATerminal } from '../signing.ts';
import { CONFIG_KEY, KEYS_OF_PEOPLE, keyOrConsole, mustBeAnId, signConfig } from './authority.ts';
import { WORDS } from './change.ts';
import type { CommandSpec } from './spec.ts';

/** Nothing that lets a person in goes to a program, a file or a pipe. */
function forEyesOnly(desk: Desk): void {
  mustBeAtATerminal(desk, KEYS_OF_PEOPLE);
  if (!desk.json && desk.io.isTerminal.stdout) return;
  throw new Fault(
    'refused',
    'nobody-there',
    'what lets a person in is shown at a terminal only: run this without --json and without sending its output elsewhere',
  );
}

/** A link to a page that nobody serves would be over before it is. */
function mustBeServed({ isServed, origin }: ConsoleShown): void {
  if (isServed) return;
  throw new Fault(
    'unavailable',
    'console-not-served',
    `nobody answers at ${origin}, where the link would lead: start the service in another terminal (holdfast up), then run this again`,
  );
}

async function typed(desk: Desk, question: string): Promise<string> {
  return (await desk.io.ask(question))?.trim() ?? '';
}

/** Passkeys are bound to a name, so what server.yaml says is decided before there is one. */
async function isInForce(desk: Desk, { unsigned, isToRestart }: ConsoleShown): Promise<boolean> {
  if (isToRestart) {
    throw new Fault(
      'conflict',
      'not-served-yet',
      'server.yaml was confirmed, and another address is still served: start the service again, then run this again',
    );
  }
  if (unsigned === null) return true;
  desk.present(unsigned, writeUnsigned);
  const answer = await typed(desk, 'Type yes if it is to be served as the file says: ');
  if (answer !== 'yes' || unsigned.digest === null) {
    throw new Fault(
      'refused',
      'not-confirmed',
      'nothing was confirmed: yes was not typed. Mend server.yaml, or take it away, then run this again',
    );
  }
  const done = await desk.ask('server_confirm', { digest: unsigned.digest });
  desk.present(done as { readonly next: string }, renderConfirmed);
  return false;
}

const setup: CommandSpec = {
  usage: 'setup',
  summary: 'the first person: a one-time link to register a passkey, which signs for itself',
  more: 'At a terminal only. Says what passkeys are bound to before anything is made. Once somebody may sign: holdfast console invite <id>.',
  examples: ['console setup'],
  async run(desk) {
    forEyesOnly(desk);
    const there = (await desk.ask('console_status', {})) as unknown as ConsoleShown;
    if (there.operators > 0) {
      throw new Fault(
        'conflict',
        'operator-exists',
        'somebody may sign already: invite with holdfast console invite <id>, and sign for the passkey with holdfast console admit <id>',
      );
    }
    mustBeServed(there);
    if (!(await isInForce(desk, there))) return;
    desk.present(there, renderChoice);
    const operator = await typed(desk, 'Your id, like ada (lower-case letters, digits, . _ -): ');
    mustBeAnId(operator);
    const name = await typed(desk, `Your name [${operator}]: `);
    if ((await typed(desk, `Type ${there.rpId} to bind passkeys to it: `)) !== there.rpId) {
      throw new Fault(
        'refused',
        'not-confirmed',
        'nothing was made: the address was not typed. For another one: holdfast console expose, or url in server.yaml',
      );
    }
    const made = await desk.ask('invitation_make', {
      operator,
      ...(name === '' ? {} : { name }),
      first: true,
    });
    desk.present(made as unknown as MadeInvitation, renderInvitation);
  },
};

const invite: CommandSpec = {
  usage: 'invite <id>',
  summary: 'a one-time link for one person: a passkey, or a further one of theirs',
  more: 'At a terminal only. It grants nothing: what is registered waits until somebody in force signs for it.',
  examples: ['console invite bea --name "Bea Bell"'],
  options: [{ flags: '--name <name>', about: 'full name; default the id' }],
  async run(desk, [id = ''], options) {
    forEyesOnly(desk);
    mustBeAnId(id);
    mustBeServed((await desk.ask('console_status', {})) as unknown as ConsoleShown);
    const { name } = options;
    const made = await desk.ask('invitation_make', {
      operator: id,
      ...(typeof name === 'string' ? { name } : {}),
    });
    desk.present(made as unknown as MadeInvitation, renderInvitation);
  },
};

const admit: CommandSpec = {
  usage: 'admit <id>',
  summary: 'sign for a passkey that waits: the person is in force from then on',
  more: 'Compare the fingerprint with the person before you sign. Hosts are told of the page it was made at in the same document.',
  examples: ['console admit bea', 'console admit bea --key ~/.ssh/ada_sk'],
  options: [
    { flags: '--fingerprint <fingerprint>', about: 'which one, where several wait' },
    CONFIG_KEY,
    WORDS,
  ],
  async run(desk, [id = ''], options) {
    mustBeAnId(id);
    const one = await waiting(desk, id, options['fingerprint']);
    const { origin } = (await desk.ask('console_status', {})) as unknown as ConsoleShown;
    const { name, accounts, invitedBy, pending } = one;
    desk.present({ operator: id, name, invitedBy, ...pending }, renderPending);
    await signConfig(
      desk,
      {
        kind: 'add-operator',
        id,
        name,
        accounts: [...accounts],
        key: pending.key,
        origins: [origin],
      },
      { key: await keyOrConsole(desk, options['key']), words: options['words'] },
    );
  },
};

type Waiting = InvitationShown & { readonly pending: NonNullable<InvitationShown['pending']> };

async function waiting(desk: Desk, id: string, fingerprint: unknown): Promise<Waiting> {
  const { invitations } = (await desk.ask('invitations_list', {})) as unknown as {
    readonly invitations: readonly InvitationShown[];
  };
  const all = invitations.flatMap((each): Waiting[] =>
    each.operator === id && each.pending !== null ? [{ ...each, pending: each.pending }] : [],
  );
  const [one, ...others] =
    typeof fingerprint === 'string'
      ? all.filter(({ pending }) => pending.fingerprint === fingerprint)
      : all;
  if (one === undefined) {
    throw new Fault(
      'missing',
      'no-such-passkey',
      `no passkey of ${id} waits for a signature: holdfast console passkeys lists them`,
    );
  }
  if (others.length > 0) {
    throw new Fault(
      'invalid',
      'invalid-input',
      `several passkeys of ${id} wait: name one with --fingerprint, of ${all.map(({ pending }) => pending.fingerprint).join(', ')}`,
    );
  }
  return one;
}

const passkeys: CommandSpec = {
  usage: 'passkeys [id]',
  summary: 'list passkeys, whose they are, and which are in force',
  examples: ['console passkeys', 'console passkeys bea --json'],
  async run(desk, [id]) {
    await desk.answer('passkeys_list', id === undefined ? {} : { operator: id }, renderPasskeys);
  },
};

const sessions: CommandSpec = {
  usage: 'sessions',
  summary: 'who is signed in; end one session, or every one of a person',
  examples: ['console sessions', 'console sessions end ses_…', 'console sessions end-all bea'],
  async run(desk) {
    await desk.answer('sessions_list', {}, renderSessions);
  },
  within: [
    {
      usage: 'list',
      summary: 'list who is signed in',
      examples: ['console sessions list --json'],
      async run(desk) {
        await desk.answer('sessions_list', {}, renderSessions);
      },
    },
    {
      usage: 'end <session>',
      summary: 'end one session, at its next request',
      examples: ['console sessions end ses_…'],
      async run(desk, [id = '']) {
        await desk.answer('session_end', { id }, renderEnded);
      },
    },
    {
      usage: 'end-all <id>',
      summary: 'end every session of an operator',
      examples: ['console sessions end-all bea'],
      async run(desk, [operator = '']) {
        await desk.answer('session_end', { operator }, renderEnded);
      },
    },
  ],
};

const recovery: CommandSpec = {
  usage: 'recovery <id>',
  summary: 'ten new recovery codes of an operator, in place of those before',
  more: 'At a terminal only. They sign in, to look and to register a passkey; they are no keys, and approve nothing.',
  examples: ['console recovery ada'],
  async run(desk, [operator = '']) {
    forEyesOnly(desk);
    mustBeAnId(operator);
    const made = await desk.ask('recovery_make', { operator });
    desk.present(
      made as unknown as { readonly operator: string; readonly codes: readonly string[] },
      renderCodes,
    );
  },
};

export const CONSOLE_PEOPLE: readonly CommandSpec[] = [
  setup,
  invite,
  admit,
  passkeys,
  sessions,
  recovery,
];
