import type { Desk } from '../desk.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { HostDoor } from '../operator-ssh.ts';
import { renderDone } from '../render/anything.ts';
import {
  renderLook,
  renderStart,
  renderTarget,
  renderTargetSummary,
  renderTargets,
} from '../render/fleet.ts';
import {
  AS_OF,
  type CommandSpec,
  type GroupSpec,
  given,
  KNOWN_AT,
  moments,
  type Options,
} from './spec.ts';

export const init: CommandSpec = {
  usage: 'init',
  summary: 'make the data directory and a commented fleet.yaml for this machine',
  more: 'What is there already stays as it is.',
  examples: ['init', 'init --home /srv/holdfast'],
  async run(desk) {
    const made = await desk.commands.init(desk.home);
    desk.show(made, (paper, { home, inventory, created }) => {
      paper.whole(
        created ? `Wrote ${inventory}` : `${inventory} is there already, nothing changed`,
      );
      paper.whole(`Data directory: ${home}`);
      paper.whole('Next: holdfast up');
    });
  },
};

export const up: CommandSpec = {
  usage: 'up',
  summary: 'observe this machine, serve AI clients and this command, until stopped',
  examples: ['up', 'up --once', 'up --port 7878', 'up --no-http'],
  options: [
    { flags: '--once', about: 'observe, say what was seen, and exit' },
    { flags: '--port <n>', about: 'port of MCP over HTTP on loopback', read: 'port' },
    { flags: '--no-http', about: 'serve the local socket only' },
  ],
  async run(desk, _words, options) {
    const once = options['once'] === true;
    const port = options['port'];
    await desk.commands.up(
      desk.home,
      { once, port: typeof port === 'number' ? port : undefined, http: options['http'] !== false },
      {
        progress: desk.progress,
        ready: (summary) => {
          desk.clearProgress();
          desk.show(summary, (paper, value, screen) => renderStart(paper, value, screen, once));
        },
      },
    );
  },
};

const SNAPSHOT_BYTES = 4_194_304;

export const look: CommandSpec = {
  usage: 'look <ssh-alias>',
  summary: 'look at a host with your own ssh: nothing is installed there, nothing is changed',
  more: 'Sends one fixed script that only reads, over your own ssh configuration, and records what it saw. What only root sees stays partial: holdfast enroll is the next step.',
  examples: ['look web-1', 'look web-1 --target host:web-1 --ssh-config ./ssh_config'],
  options: [
    { flags: '--target <target>', about: 'which target it is; default host:<ssh-alias>' },
    { flags: '--ssh-config <path>', about: 'another configuration for your ssh' },
    {
      flags: '--host-type <type>',
      about: 'of a target that is declared by this; default linux',
      choices: ['debian', 'ubuntu', 'linux'],
    },
    { flags: '--batch', about: 'ask nobody for anything' },
  ],
  async run(desk, [alias = ''], options) {
    const named = options['target'];
    const target = typeof named === 'string' ? named : `host:${alias.replace(/^[^@]*@/, '')}`;
    const config = options['sshConfig'];
    const { files } = await desk.commands.ssh.material(desk.home);
    const script = (await files()).find(({ name }) => name === 'snapshot.sh')?.text ?? '';
    desk.progress(`looking: ${alias}`);
    const door: HostDoor = {
      host: alias,
      port: null,
      jump: [],
      config: typeof config === 'string' ? config : null,
      isBatch: options['batch'] === true,
      withSudo: false,
    };
    const bytes = await desk.commands.ssh.send(door, script, SNAPSHOT_BYTES);
    desk.clearProgress();
    await declared(desk, target, door, options);
    const snapshot = Buffer.from(bytes).toString('base64');
    await desk.ask('observe', { target, snapshot });
    await desk.answer('target_summary', { target }, renderTargetSummary);
  },
};

/** What nobody declared is declared as the operator's own ssh knows it; nothing of ours enters it before it is enrolled. */
async function declared(
  desk: Desk,
  target: string,
  door: HostDoor,
  options: Options,
): Promise<void> {
  const { targets } = (await desk.ask('target_list', {})) as {
    readonly targets: readonly { readonly id: string }[];
  };
  if (targets.some(({ id }) => id === target)) return;
  const hostType = typeof options['hostType'] === 'string' ? options['hostType'] : 'linux';
  const address = await desk.commands.ssh.addressOf(door);
  await desk.ask('target_add', { target, transport: 'ssh', address, hostType });
  desk.note(
    `declared ${target} in fleet.yaml as ${hostType} at ${address}. Next: holdfast enroll ${target} --ssh ${door.host}`,
  );
}

const ENVIRONMENTS = ['production', 'staging', 'test', 'development', 'lab'];
const HOST_TYPES = ['debian', 'ubuntu', 'linux', 'talos', 'windows', 'other'];

export const target: GroupSpec = {
  usage: 'target',
  summary: 'the inventory: what is observed, and who may assert facts of it',
  commands: [
    {
      usage: 'add <target>',
      summary: 'add a target to fleet.yaml, or a source to one that is there; comments stay',
      examples: [
        'target add host:web-1 --source probe',
        'target add host:db-1 --source scanner --kinds package,port --trusted',
        'target add host:web-2 --environment staging --host-type debian --tags edge,eu',
      ],
      options: [
        { flags: '--source <source>', about: 'a source that may assert facts of it' },
        {
          flags: '--kinds <kinds>',
          about: 'kinds that source may assert; default all',
          read: 'list',
        },
        { flags: '--trusted', about: 'what that source says feeds drift' },
        { flags: '--host-type <type>', about: 'kind of host', choices: HOST_TYPES },
        { flags: '--environment <environment>', about: 'its environment', choices: ENVIRONMENTS },
        {
          flags: '--transport <transport>',
          about: 'how it is reached',
          choices: ['local', 'ssh', 'none'],
        },
        { flags: '--address <address>', about: 'name or address it is reached at' },
        { flags: '--owner <owner>', about: 'who answers for it' },
        { flags: '--tags <tags>', about: 'tags, comma separated', read: 'list' },
      ],
      async run(desk, [target], options) {
        await desk.answer(
          'target_add',
          {
            target: target ?? '',
            ...given(options, 'hostType', 'environment', 'transport', 'address', 'owner', 'tags'),
            ...given(options, 'source', 'kinds', 'trusted'),
          },
          renderDone('Declared'),
        );
      },
    },
    {
      usage: 'list',
      summary: 'list targets with their profiles',
      examples: ['target list', 'target list --json'],
      async run(desk) {
        await desk.answer('target_list', {}, renderTargets);
      },
    },
    {
      usage: 'show <target>',
      summary: 'show one target',
      examples: ['target show web-1', 'target show host:web-1 --json'],
      async run(desk, [target]) {
        await desk.answer('target_show', { target: target ?? '' }, renderTarget);
      },
    },
    {
      usage: 'remove <target>',
      summary: 'remove a target from fleet.yaml; its facts stay on record',
      examples: ['target remove host:web-1'],
      async run(desk, [target]) {
        await desk.answer('target_remove', { target: target ?? '' }, renderDone('Removed'));
      },
    },
  ],
};

export const observe: CommandSpec = {
  usage: 'observe [target]',
  summary: 'look at a target now and record what is there; default: this machine',
  examples: ['observe', 'observe && holdfast drift', 'observe web-1 --kinds playbook'],
  options: [
    {
      flags: '--kinds <kinds>',
      about: 'also what only a tool tells, comma separated: playbook',
      read: 'list',
    },
  ],
  async run(desk, [target], options) {
    const look = { ...(target === undefined ? {} : { target }), ...given(options, 'kinds') };
    const { unreachable } = await desk.answer('observe', look, renderLook);
    return unreachable === null ? EXIT_CODES.ok : EXIT_CODES.unavailable;
  },
};

export const summary: CommandSpec = {
  usage: 'summary <target>',
  summary: 'show a target in a few lines: what is known, what is odd, what could not be seen',
  examples: ['summary web-1', 'summary web-1 --as-of yesterday --json'],
  options: [AS_OF, KNOWN_AT],
  async run(desk, [target], options) {
    await desk.answer(
      'target_summary',
      { target: target ?? '', ...moments(desk, options, 'asOf', 'knownAt') },
      renderTargetSummary,
    );
  },
};
