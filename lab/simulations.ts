/** Actions that a lab host cannot show, on a host in memory that does what their programs say they do. */
import type { Trial } from '#rehearsal';
import { type Simulation, simulatedRehearsal } from '#test/simulated-rehearsal';

/** Why an action that asks for the lab is only simulated after all. */
export const NOT_IN_THE_LAB: Readonly<Record<string, string>> = {
  'container.restart': 'a lab host is a container, and holds no container engine of its own',
};

type Row = Simulation & { readonly arguments: Trial['arguments'] };

const LIVE = '/etc/letsencrypt/live/site';
const BACKUP = /\/changes\/[^/]+/;

/** A stack with one plan, that the helper applies: nothing is pending then. */
function aStack(destroys: number): Row {
  const plan = 'plan:edge/plan-0123456789abcdef';
  const facts = {
    [`${plan} current`]: true,
    [`${plan} destroys`]: destroys,
    [`${plan} path`]: '/var/lib/holdfast/tofu/edge/plan-0123456789abcdef.tfplan',
    [`${plan} sha256`]: 'a'.repeat(64),
    'stack:edge program': 'terraform',
    'stack:edge root': '/srv/tofu/edge',
    'stack:edge cli': '/var/lib/holdfast/tofu/cli.tfrc',
    'stack:edge home': '/var/lib/holdfast/tofu/home',
  };
  return {
    arguments: { plan: 'plan-0123456789abcdef' },
    target: { id: 'stack:edge', hostType: 'stack', transport: 'tofu' },
    hasFiles: true,
    state: new Map([['pending', '3']]),
    facts: (state) => [
      ...Object.entries(facts).map(([name, value]) => {
        const [entity = '', attribute = ''] = name.split(' ');
        return { entity, attribute, value };
      }),
      { entity: 'stack:edge', attribute: 'pending', value: Number(state.get('pending')) },
    ],
    programs: (argv, state) => {
      if (argv[0] !== 'file 1' || argv.at(-1) !== 'file 2') return 127;
      state.set('pending', '0');
      return 0;
    },
  };
}

/** A playbook that would change three things; run, it would change nothing more. */
function aPlaybook(): Row {
  const entity = 'playbook:sim/site/site.yml';
  return {
    arguments: { playbook: 'site/site.yml' },
    hasFiles: true,
    state: new Map([['changes', '3']]),
    facts: (state) => {
      const changes = Number(state.get('changes'));
      const facts = {
        state: changes === 0 ? 'ok' : 'changed',
        found: `sha256:${changes}`,
        archive: `/var/lib/holdfast/ansible/${'a'.repeat(64)}.tar`,
        sha256: 'a'.repeat(64),
        inventory: 'hosts.yml',
        limit: 'web-1',
        file: 'site.yml',
        changes,
      };
      return Object.entries(facts).map(([attribute, value]) => ({ entity, attribute, value }));
    },
    programs: (argv, state) => {
      if (argv.slice(0, 5).join(' ') !== 'file 1 apply -- file 2 file 3') return 127;
      state.set('changes', '0');
      return 0;
    },
  };
}

/** A node of Talos that does what the helper asks of it. */
function aNode(args: Trial['arguments']): Row {
  return {
    arguments: args,
    target: { id: 'host:cp-1', hostType: 'talos', transport: 'talos' },
    hasFiles: true,
    state: new Map([['stage', 'running']]),
    facts: (state) => [
      { entity: 'node:cp-1', attribute: 'config', value: '/etc/holdfast/talosconfig' },
      { entity: 'node:cp-1', attribute: 'address', value: '10.5.0.2' },
      { entity: 'node:cp-1', attribute: 'healthy', value: true },
      { entity: 'node:cp-1', attribute: 'machine.ready', value: true },
      { entity: 'node:cp-1', attribute: 'machine.stage', value: state.get('stage') ?? '' },
      { entity: 'service:cp-1/kubelet', attribute: 'state.active', value: 'active' },
      { entity: 'service:cp-1/kubelet', attribute: 'state.current', value: 'healthy' },
    ],
    programs: (argv, state) => {
      if (argv[0] !== 'file 1' || argv[1] !== '--config') return 127;
      if (argv[5] === 'reset') state.set('stage', 'maintenance');
      return 0;
    },
  };
}

const INSTALLER = `ghcr.io/siderolabs/installer:v1.10.0@sha256:${'a'.repeat(64)}`;

const ROWS: Readonly<Record<string, () => Row>> = {
  'talos.service-restart': () => aNode({ service: 'kubelet' }),
  'talos.apply-config': () => aNode({ file: '/srv/talos/cp-1.yaml', mode: 'no-reboot' }),
  'talos.reboot': () => aNode({ mode: 'default' }),
  'talos.upgrade': () => aNode({ image: INSTALLER }),
  'talos.reset': () => aNode({ wipe: 'system-disk', afterwards: 'shutdown' }),
  'ansible.apply': aPlaybook,
  'tofu.apply': () => aStack(0),
  'tofu.apply-destructive': () => aStack(2),
  'host.reboot': () => ({
    arguments: {},
    state: new Map([['boot.id', '1']]),
    facts: (state) => [
      { entity: 'host:sim', attribute: 'boot.id', value: `boot-${state.get('boot.id')}` },
    ],
    programs: ([program, verb], state) => {
      if (program !== 'systemctl' || verb !== 'reboot') return 127;
      state.set('boot.id', `${Number(state.get('boot.id')) + 1}`);
      return 0;
    },
  }),
  'container.restart': () => ({
    arguments: { container: 'web' },
    state: new Map([['running', 'true']]),
    facts: (state) => [
      { entity: 'container:sim/web', attribute: 'runtime', value: 'podman' },
      {
        entity: 'container:sim/web',
        attribute: 'state',
        value: state.get('running') === 'true' ? 'running' : 'exited',
      },
    ],
    programs: ([program, verb], state) => {
      state.set('stdout', 'true\n');
      return program === 'podman' && (verb === 'restart' || verb === 'container') ? 0 : 127;
    },
    unseen: ['stdout'],
  }),
  'cert.renew': () => ({
    arguments: { lineage: 'site' },
    state: new Map([['certificate', 'one']]),
    facts: (state) => [
      {
        entity: `certificate:sim/${LIVE}/fullchain.pem`,
        attribute: 'fingerprint',
        value: state.get('certificate') ?? 'none',
      },
    ],
    programs: (argv, state) => {
      const [from = '', to = ''] = argv.slice(-2);
      if (argv[0] === 'certbot') state.set('certificate', 'two');
      if (argv[0] === 'cp' && BACKUP.test(to)) state.set(to, state.get('certificate') ?? '');
      if (argv[0] === 'cp' && BACKUP.test(from)) {
        state.set('certificate', state.get(from) ?? 'lost');
      }
      return ['certbot', 'cp', 'install', 'openssl'].includes(argv[0] ?? '') ? 0 : 127;
    },
  }),
};

export function simulationOf(id: string): {
  readonly host: ReturnType<typeof simulatedRehearsal>;
  readonly trial: Trial;
} {
  const row = ROWS[id]?.();
  if (row === undefined) throw new Error(`nobody has written a simulation of ${id}`);
  const before = new Map(row.state);
  const host = simulatedRehearsal(row);
  const trial: Trial = {
    name: 'simulated',
    arguments: row.arguments,
    prepare: async () => {
      row.state.clear();
      for (const [key, value] of before) row.state.set(key, value);
    },
    // What a change keeps for its undoing stays.
    comesBack: (line) => (BACKUP.test(line) ? undefined : line),
  };
  return { host, trial };
}
