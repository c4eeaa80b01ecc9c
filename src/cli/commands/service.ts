import { resolve } from 'node:path';
import { Fault } from '#base/fault';
import { EXIT_CODES } from '../exit-codes.ts';
import type { ServiceAction } from '../program.ts';
import {
  type CheckAnswer,
  renderChecks,
  renderCopy,
  renderEvents,
  renderService,
  renderVerdict,
  type ServiceAnswer,
} from '../render/service.ts';
import { type CommandSpec, type GroupSpec, given, LIMIT, TARGET } from './spec.ts';

export const events: CommandSpec = {
  usage: 'events',
  summary: 'list what was asked of this service, newest first: who, what, and what came of it',
  examples: ['events', 'events --outcome refused', 'events --operation observe --limit 5 --json'],
  options: [
    { flags: '--operation <operation>', about: 'of this operation, like query_facts' },
    { flags: '--principal <principal>', about: 'asked by this principal' },
    TARGET,
    {
      flags: '--outcome <outcome>',
      about: 'what came of it',
      choices: ['done', 'failed', 'refused', 'started'],
    },
    { flags: '--request <id>', about: 'of this request' },
    { flags: '--trace <id>', about: 'of this W3C trace' },
    LIMIT,
    { flags: '--before <seq>', about: 'older than this sequence number', read: 'whole number' },
  ],
  async run(desk, _words, options) {
    const { request, trace, ...filter } = given(
      options,
      'operation',
      'principal',
      'target',
      'outcome',
      'request',
      'trace',
      'limit',
      'before',
    );
    await desk.answer(
      'events_list',
      {
        ...filter,
        ...(request === undefined ? {} : { requestId: request }),
        ...(trace === undefined ? {} : { traceId: trace }),
      },
      renderEvents,
    );
  },
};

export const verify: CommandSpec = {
  usage: 'verify',
  summary: 'check every event, checkpoint and the store; names the first record at fault',
  more: 'Exits with 8 when something does not hold.',
  examples: ['verify', 'verify --json'],
  async run(desk) {
    const answer = await desk.answer('verify_log', {}, renderVerdict);
    return answer.ok ? EXIT_CODES.ok : EXIT_CODES.unverified;
  },
};

export const backup: CommandSpec = {
  usage: 'backup <path>',
  summary: 'copy everything into one encrypted file while the service runs, and check the copy',
  more: 'Encrypted to the recovery and root keys in force, so that only their holders open it, also with age. Without such a key, and with --plain, it is a directory that is not encrypted.',
  examples: ['backup /srv/backups/holdfast-2026-01-31.age', 'backup /srv/plain --plain'],
  options: [{ flags: '--plain', about: 'a directory that is not encrypted, on purpose' }],
  async run(desk, [path = ''], { plain }) {
    const answer = await desk.answer<CheckAnswer>(
      'backup',
      { path: resolve(desk.io.cwd, path), ...(plain === true ? { plain } : {}) },
      renderCopy('Backed up to', 'path'),
    );
    return answer.ok === false ? EXIT_CODES.unverified : EXIT_CODES.ok;
  },
};

export const restore: CommandSpec = {
  usage: 'restore <path>',
  summary: 'put a checked backup in place of an empty or absent data directory',
  more: 'Nothing above T0 runs there until an operator has signed (holdfast config sign). A key with a passphrase is asked for by age: the message says how.',
  examples: [
    'restore /srv/backups/holdfast-2026-01-31.age --identity /media/usb/recovery --home ~/.holdfast',
  ],
  options: [
    {
      flags: '--identity <file>',
      about: 'private key that opens it: the recovery or root key, or an age identity',
    },
  ],
  async run(desk, [path = ''], { identity }) {
    const answer = (await desk.commands.restore(
      desk.home,
      resolve(desk.io.cwd, path),
      typeof identity === 'string' ? resolve(desk.io.cwd, identity) : undefined,
    )) as CheckAnswer;
    desk.show(answer, renderCopy('Restored into', 'home'));
    return answer.ok === false ? EXIT_CODES.unverified : EXIT_CODES.ok;
  },
};

export const doctor: CommandSpec = {
  usage: 'doctor',
  summary: 'check this installation and say what to mend',
  examples: ['doctor', 'doctor --json'],
  async run(desk) {
    const answer = await desk.answer<CheckAnswer>('doctor', {}, renderChecks);
    return answer.ok === false ? EXIT_CODES.broken : EXIT_CODES.ok;
  },
};

const serviceCommand = (action: ServiceAction, summary: string): CommandSpec => ({
  usage: action,
  summary,
  examples: [`service ${action}`, `service ${action} --system`],
  options: [
    { flags: '--system', about: 'as a service of the system, run by root' },
    { flags: '--user', about: 'as a service of your account (default unless you are root)' },
  ],
  async run(desk, _words, options) {
    const { system, user } = options;
    if (system === true && user === true)
      throw new Fault('invalid', 'usage', 'give one of --system and --user, not both');
    const root = desk.io.isRoot;
    const manager = system === true || (root && user !== true) ? 'system' : 'user';
    const done = await desk.commands.service(desk.home, action, manager);
    desk.show(done as ServiceAnswer, renderService(action));
    // A unit that is written and does not run is no service.
    const failed = action === 'install' && (done as ServiceAnswer).running === false;
    return failed ? EXIT_CODES.unavailable : EXIT_CODES.ok;
  },
});

export const service: GroupSpec = {
  usage: 'service',
  summary: 'run as a systemd service, of the system or of your account',
  commands: [
    serviceCommand('install', 'install and start the service'),
    serviceCommand('uninstall', 'stop and remove the service; data stays'),
    serviceCommand('status', 'show whether the service runs'),
  ],
};

export const mcp: CommandSpec = {
  usage: 'mcp',
  summary: 'speak MCP on standard input and output; what an AI client starts',
  more: 'Joins the service that is running, or serves by itself while the client is connected.',
  examples: ['mcp', 'mcp --home /srv/holdfast'],
  async run(desk) {
    await desk.commands.mcp(desk.home);
  },
};

export const version: CommandSpec = {
  usage: 'version',
  summary: 'show the version',
  examples: ['version', 'version --json'],
  run(desk) {
    const { version } = desk.commands;
    desk.show({ version }, (paper) => paper.whole(`holdfast ${version}`));
    return Promise.resolve();
  },
};
