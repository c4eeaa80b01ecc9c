/** Making machines into hosts of ours, and hosts into machines again. By an operator's own ssh, signed by them. */
import { resolve } from 'node:path';
import { Fault } from '#base/fault';
import { canonicalJson, type Json } from '#base/json';
import {
  formOf,
  type HostPins,
  type InventoryForm,
  type Listed,
  parseNewHost,
  parseProbe,
  parseRemoved,
  parseUpgraded,
  pinsOf,
  readHosts,
  scriptFor,
} from '#enrolment';
import type { Desk } from '../desk.ts';
import {
  doorOf,
  groupsOf,
  installHost,
  inTurns,
  probeHost,
  rowOf,
  type Start,
  type Wanted,
  type Way,
} from '../enrolling.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import {
  type EnrolmentPage,
  type Outcome,
  renderEnrolmentPage,
  renderHosts,
  renderOutcome,
  renderPlans,
  renderPlansShort,
} from '../render/enrolment.ts';
import { consent, keyFor } from '../signing.ts';
import { KEY, WORDS } from './change.ts';
import { readText } from './reading.ts';
import type { CommandSpec, OptionSpec, Options } from './spec.ts';

const SSH: OptionSpec = {
  flags: '--ssh <alias>',
  about: 'how your own ssh knows it; default: its address in fleet.yaml',
};
const SSH_CONFIG: OptionSpec = {
  flags: '--ssh-config <path>',
  about: 'another configuration for your ssh',
};
const YES: OptionSpec = {
  flags: '--yes',
  about: 'do not ask before it is done; the signature is asked for still',
};
const AT_ONCE: OptionSpec = {
  flags: '--at-once <n>',
  about: 'hosts at the same time; default 8',
  read: 'whole number',
};

export const enroll: CommandSpec = {
  usage: 'enroll [target]',
  summary: 'make a machine into a host that checks everything by itself',
  more: 'By your own ssh, as root or with sudo that asks for no password. Shows its plan first. Run again, a batch goes on where it was. Used from when you have signed the record.',
  examples: [
    'enroll web-1',
    'enroll web-1 --ssh web --plan',
    'enroll --from inventory.ini --batch --yes',
    'enroll --sign',
  ],
  options: [
    SSH,
    SSH_CONFIG,
    {
      flags: '--from <path>',
      about: 'hosts of an Ansible inventory (ini), an ssh_config or a table (csv)',
    },
    {
      flags: '--form <form>',
      about: 'of that file; default: by its name and how it begins',
      choices: ['ini', 'ssh_config', 'csv'],
    },
    { flags: '--batch', about: 'ssh asks nobody for anything; needed with --from' },
    AT_ONCE,
    { flags: '--plan', about: 'look and show, and do nothing' },
    { flags: '--again', about: 'also when it is enrolled: the next epoch' },
    { flags: '--reader-only', about: 'nothing is ever changed there' },
    {
      flags: '--groups <groups>',
      about: 'for the reader: adm, systemd-journal, or none; default both',
      read: 'list',
    },
    { flags: '--write', about: 'print the script to run as root there by hand, and do nothing' },
    { flags: '--answer <path>', about: 'take what that script printed on the target' },
    { flags: '--no-sign', about: 'leave the signature for later' },
    { flags: '--sign', about: 'only sign for what waits' },
    YES,
    KEY,
    WORDS,
  ],
  async run(desk, [target], options) {
    if (options['sign'] === true && target === undefined && options['from'] === undefined) {
      const signed = await signPending(desk, options, new Map());
      desk.show({ hosts: [], ...signed } satisfies Outcome, renderOutcome);
      return EXIT_CODES.ok;
    }
    const listed = await hostsAsked(desk, target, options);
    const wanted = wantedOf(desk, options);
    const start = await startOf(
      desk,
      listed.map(({ id }) => id),
    );
    if (options['write'] === true) return writeScript(desk, start, wanted);
    if (typeof options['answer'] === 'string') return takeAnswer(desk, start, options);
    const material = await desk.commands.ssh.material(desk.home);
    const ways = await inTurns(start.hosts, wanted.width, (host): Promise<Way> => {
      const known = listed.find(({ id }) => id === host.target)?.listed;
      const way = { target: host.target, start: host, door: doorOf(host, wanted, known), ms: 0 };
      // Done before: a batch goes on with the others.
      if (host.state !== 'new' && !wanted.again) return Promise.resolve(way);
      desk.progress(`looking at ${host.target}`);
      return probeHost(desk, way, wanted, material, start.organisation);
    });
    desk.clearProgress();
    const planned = options['plan'] === true;
    if (!planned || !desk.json)
      desk.present(ways, ways.length > 4 ? renderPlansShort : renderPlans);
    if (planned) {
      if (desk.json)
        desk.show(
          {
            hosts: ways.map((way) => ({
              ...rowOf(way, false),
              hostKeys: [...(way.probe?.hostKeys ?? [])],
              makes: [...(way.plan?.makes ?? [])],
              problems: [...(way.plan?.problems ?? [])],
            })),
            says: [],
            next: '',
          },
          renderOutcome,
        );
      return worst(ways);
    }
    const able = ways.filter(
      ({ plan, fault }) => plan !== undefined && fault === undefined && plan.problems.length === 0,
    );
    if (able.length > 0)
      await goOn(
        desk,
        options,
        `Enrol ${able.length === 1 ? (able[0]?.target ?? '') : `${able.length} hosts`} like this?`,
      );
    let handing: Promise<unknown> = Promise.resolve();
    const hand = (pins: HostPins): Promise<void> => {
      const handed = handing.then(async () => {
        await desk.ask('enrolment_add', { host: pins as unknown as Json });
      });
      handing = handed.catch(() => {});
      return handed;
    };
    const done = await inTurns(ways, wanted.width, (way) => {
      if (way.plan !== undefined) desk.progress(`enrolling ${way.target}`);
      return installHost(desk, way, wanted.again, start, material, hand);
    });
    desk.clearProgress();
    const waits = done.some(
      ({ pins, start: { state } }) => pins !== undefined || state === 'pending',
    );
    const own = new Map(
      done.flatMap(({ target: id, pins }) => (pins === undefined ? [] : [[id, pins] as const])),
    );
    const signs = waits && options['sign'] !== false;
    const signed = signs
      ? await signPending(desk, options, own)
      : { says: [], next: waits ? 'holdfast enroll --sign' : '' };
    desk.show(
      { hosts: done.map((way) => rowOf(way, signs)), ...signed } satisfies Outcome,
      renderOutcome,
    );
    return worst(done);
  },
};

export const hosts: CommandSpec = {
  usage: 'hosts',
  summary: 'list enrolled hosts, what each can check, and what waits for a signature',
  examples: ['hosts', 'hosts --json'],
  async run(desk) {
    await desk.answer('enrolment_list', {}, renderHosts);
  },
};

export const unenroll: CommandSpec = {
  usage: 'unenroll <target>',
  summary: 'take everything of ours away from a host, and sign that it is none any more',
  more: 'With --force also when the host is gone, or a job there has not ended.',
  examples: ['unenroll web-1', 'unenroll web-1 --force'],
  options: [
    SSH,
    SSH_CONFIG,
    { flags: '--force', about: 'go on when the host is not reached' },
    { flags: '--no-sign', about: 'leave the signature for later' },
    YES,
    KEY,
    WORDS,
  ],
  async run(desk, [target = ''], options) {
    const wanted = wantedOf(desk, options);
    const start = await startOf(desk, [target]);
    const host = start.hosts[0] ?? missing(target);
    const force = options['force'] === true;
    await goOn(desk, options, `Take everything of Holdfast away from ${host.target}?`);
    const material = await desk.commands.ssh.material(desk.home);
    const says: string[] = [];
    try {
      const door = await rootDoor(desk, doorOf(host, wanted, undefined), material.script);
      const bytes = await desk.commands.ssh.send(
        door,
        scriptFor(material.script, {
          verb: 'remove',
          organisation: start.organisation,
          evenRunning: force,
        }),
      );
      const { left } = parseRemoved(bytes);
      if (left.length > 0)
        throw new Fault(
          'uncertain',
          'left-behind',
          `not everything could be taken away: ${left.join(', ')}. Look there as root`,
        );
      says.push('nothing of ours is left there');
    } catch (thrown) {
      if (!force || !(thrown instanceof Fault)) throw thrown;
      says.push(`not cleaned: ${thrown.code}: ${thrown.message}`);
    }
    const { state } = (await desk.ask('enrolment_remove', { target: host.target })) as {
      readonly state: string;
    };
    const signs = state === 'pending' && options['sign'] !== false;
    const signed = signs
      ? await signPending(desk, options, new Map())
      : { says: [], next: state === 'pending' ? 'holdfast enroll --sign' : '' };
    desk.show(
      { hosts: [], says: [...says, ...signed.says], next: signed.next } satisfies Outcome,
      renderOutcome,
    );
  },
};

export const rotateKeys: CommandSpec = {
  usage: 'rotate-keys [targets]',
  summary: 'change the keys that hosts are entered with: add the next, try them, take the old away',
  more: 'All enrolled hosts unless some are named. Nothing is taken away before every host was entered with the next keys.',
  examples: ['rotate-keys', 'rotate-keys --ssh-config ~/.ssh/fleet'],
  options: [SSH_CONFIG, AT_ONCE, { flags: '--batch', about: 'ssh asks nobody for anything' }, YES],
  async run(desk, [words], options) {
    const wanted = wantedOf(desk, options);
    const start = await startOf(desk, await enrolledTargets(desk, words));
    const targets = start.hosts.map(({ target }) => target);
    await goOn(desk, options, `Change the transport keys of ${targets.length} hosts?`);
    const staged = (await desk.ask('enrolment_keys', { verb: 'stage' })) as unknown as Pick<
      Start,
      'keys' | 'next'
    >;
    const { script } = await desk.commands.ssh.material(desk.home);
    const put = (keys: Start['keys'], next: Start['next']): Promise<readonly Way[]> =>
      inTurns(start.hosts, wanted.width, async (host): Promise<Way> => {
        const began = performance.now();
        const way = {
          target: host.target,
          start: host,
          door: doorOf(host, wanted, undefined),
          ms: 0,
        };
        return attempted(way, began, async () => {
          const door = await rootDoor(desk, way.door, script);
          const answer = parseNewHost(
            await desk.commands.ssh.send(
              door,
              scriptFor(script, { verb: 'keys', organisation: start.organisation, keys, next }),
            ),
          );
          if (answer.hostId !== host.hostId)
            throw new Fault(
              'refused',
              'other-answer',
              `another host answers than the one enrolled: ${host.target}. Look at it before you try again`,
            );
        });
      });
    const added = await put(staged.keys, staged.next);
    const failed = added.filter(({ fault }) => fault !== undefined);
    if (failed.length > 0)
      return shown(
        desk,
        added,
        ['the old keys stay in use: not every host has the next ones yet'],
        'run it again',
      );
    const { tried } = (await desk.ask('enrolment_keys', {
      verb: 'try',
      targets: [...targets],
    })) as unknown as {
      readonly tried: readonly { readonly target: string; readonly why: string | null }[];
    };
    const entered = added.map((way): Way => {
      const why = tried.find(({ target }) => target === way.target)?.why;
      if (why === null) return way;
      const says = `not entered with the next keys: ${why ?? 'not tried'}`;
      return {
        ...way,
        fault: new Fault(
          'unavailable',
          'key-not-taken',
          `${way.target}: ${says}. Mend that and run it again; the old keys stay in use`,
        ),
      };
    });
    if (entered.some(({ fault }) => fault !== undefined))
      return shown(desk, entered, ['the old keys stay in use'], 'run it again');
    await desk.ask('enrolment_keys', { verb: 'commit' });
    const cleared = await put(staged.next ?? staged.keys, null);
    return shown(
      desk,
      cleared,
      ['the next keys are in use'],
      cleared.some(({ fault }) => fault !== undefined)
        ? 'the old keys still open some hosts: run it again'
        : '',
    );
  },
};

export const upgradeHosts: CommandSpec = {
  usage: 'upgrade-hosts [targets]',
  summary: 'bring the programs of this release to hosts, in stages, each tried before it is kept',
  more: 'canary: the share of --percent, at least one host; all: the rest, which is refused until a canary answers with this version. A host whose new programs do not answer has the old ones back.',
  examples: ['upgrade-hosts --stage canary --percent 5', 'upgrade-hosts --stage all'],
  options: [
    {
      flags: '--stage <stage>',
      about: 'canary or all; default canary',
      choices: ['canary', 'all'],
    },
    {
      flags: '--percent <n>',
      about: 'of the hosts, for the canary; default 10',
      read: 'whole number',
    },
    SSH_CONFIG,
    AT_ONCE,
    { flags: '--batch', about: 'ssh asks nobody for anything' },
    YES,
  ],
  async run(desk, [words], options) {
    const wanted = wantedOf(desk, options);
    const start = await startOf(desk, await enrolledTargets(desk, words));
    const material = await desk.commands.ssh.material(desk.home);
    const probed = await inTurns(
      start.hosts,
      wanted.width,
      async (host): Promise<Way & { readonly version?: string }> => {
        const way = {
          target: host.target,
          start: host,
          door: doorOf(host, wanted, undefined),
          ms: 0,
        };
        return attempted(way, performance.now(), async () => {
          await rootDoor(desk, way.door, material.script);
        });
      },
    );
    const reached = probed.filter(({ fault }) => fault === undefined);
    const share = typeof options['percent'] === 'number' ? options['percent'] : 10;
    const isAll = options['stage'] === 'all';
    const some = reached.slice(0, Math.max(1, Math.ceil((start.hosts.length * share) / 100)));
    const chosen = isAll ? reached : some;
    await goOn(
      desk,
      options,
      `Bring version ${material.version} to ${chosen.length} of ${start.hosts.length} hosts?`,
    );
    const one = async (way: Way): Promise<Way> =>
      attempted(way, performance.now(), async () => {
        const door = await rootDoor(desk, way.door, material.script);
        try {
          parseUpgraded(
            await desk.commands.ssh.send(
              door,
              scriptFor(material.script, {
                verb: 'upgrade',
                version: material.version,
                files: material.files,
              }),
            ),
          );
        } catch (thrown) {
          if (!(thrown instanceof Fault) || thrown.facts['code'] !== 'same-version') throw thrown;
        }
      });
    // The first alone: what is wrong everywhere is found out on one host.
    const [first, ...rest] = chosen;
    const begun = first === undefined ? [] : [await one(first)];
    const stops = begun.some(({ fault }) => fault !== undefined);
    const done = [
      ...begun,
      ...(stops ? [] : await inTurns(rest, wanted.width, one)),
      ...probed.filter(({ fault }) => fault !== undefined),
    ];
    const failed = done.some(({ fault }) => fault !== undefined);
    return shown(
      desk,
      done,
      stops ? ['stopped after the first host; the others were not touched'] : [],
      failed
        ? 'mend what failed and run it again'
        : isAll
          ? ''
          : 'holdfast upgrade-hosts --stage all, once the canaries are well',
    );
  },
};

type Asked = { readonly id: string; readonly listed: Listed | undefined };

/** Named, or of a list; what the inventory lacks is shown and then added. */
async function hostsAsked(
  desk: Desk,
  target: string | undefined,
  options: Options,
): Promise<readonly Asked[]> {
  const path = options['from'];
  if (typeof path !== 'string') {
    if (target === undefined)
      throw new Fault(
        'invalid',
        'invalid-input',
        'name a target, or a list of hosts with --from: holdfast help enroll',
      );
    return [{ id: target, listed: undefined }];
  }
  if (options['batch'] !== true)
    throw new Fault(
      'invalid',
      'invalid-input',
      'a list of hosts is enrolled with --batch: your ssh then asks nobody for anything',
    );
  const text = await readText(desk.io, path, 4 * 1024 * 1024);
  const form = (options['form'] as InventoryForm | undefined) ?? formOf(path, text);
  const listed = readHosts(form, text).map((each) => ({
    id: `host:${each.name.toLowerCase()}`,
    listed: each,
  }));
  const { targets } = (await desk.ask('target_list', {})) as {
    readonly targets: readonly { readonly id: string }[];
  };
  const fresh = listed.filter(({ id }) => !targets.some((known) => known.id === id));
  if (fresh.length > 0 && options['plan'] === true) {
    throw new Fault(
      'missing',
      'unknown-target',
      `not in fleet.yaml yet: ${fresh
        .slice(0, 10)
        .map(({ id }) => id)
        .join(
          ', ',
        )}${fresh.length > 10 ? ` and ${fresh.length - 10} more` : ''}. Without --plan they are added first`,
    );
  }
  if (fresh.length > 0) {
    desk.present(fresh, (paper) => {
      paper.whole({ text: `To be added to fleet.yaml: ${fresh.length}`, tone: 'strong' });
      for (const { id, listed: each } of fresh)
        paper.line(
          '  ',
          id,
          `  ${addressOf(each)}`,
          each.tags.length > 0 ? `  ${each.tags.join(' ')}` : '',
        );
    });
    await goOn(desk, options, 'Add them?');
    for (const { id, listed: each } of fresh) {
      await desk.ask('target_add', {
        target: id,
        transport: 'ssh',
        address: addressOf(each),
        hostType: 'linux',
        ...(each.tags.length > 0 ? { tags: [...each.tags] } : {}),
      });
    }
    desk.note(
      'fleet.yaml was edited: holdfast config sign puts it in force; until then nothing above T0 runs',
    );
  }
  return listed;
}

function addressOf({ address, port }: Listed): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return port === null || port === 22 ? address : `${host}:${port}`;
}

function wantedOf(desk: Desk, options: Options): Wanted {
  const text = (name: string): string | null =>
    typeof options[name] === 'string' ? options[name] : null;
  const config = text('sshConfig');
  return {
    alias: text('ssh'),
    config: config === null ? null : resolve(desk.io.cwd, config),
    isBatch: options['batch'] === true,
    again: options['again'] === true,
    readerOnly: options['readerOnly'] === true,
    groups: groupsOf(options['groups']),
    width: Math.min(64, Math.max(1, typeof options['atOnce'] === 'number' ? options['atOnce'] : 8)),
  };
}

async function startOf(desk: Desk, targets: readonly string[]): Promise<Start> {
  return (await desk.ask('enrolment_start', { targets: [...targets] })) as unknown as Start;
}

async function enrolledTargets(desk: Desk, words: string | undefined): Promise<readonly string[]> {
  if (words !== undefined) return words.split(',').map((word) => word.trim());
  const { hosts: all } = (await desk.ask('enrolment_list', {})) as unknown as {
    readonly hosts: readonly { readonly target: string; readonly state: string }[];
  };
  const targets = all.filter(({ state }) => state === 'enrolled').map(({ target }) => target);
  return targets.length > 0 ? targets : missing('enrolled');
}

function missing(what: string): never {
  throw new Fault(
    'missing',
    'unknown-target',
    `no such host: ${what.slice(0, 80)}. holdfast hosts lists those there are`,
  );
}

/** As root, or with sudo where that asks for nothing. */
async function rootDoor(
  desk: Desk,
  door: Way['door'],
  script: Parameters<typeof scriptFor>[0],
): Promise<Way['door']> {
  const { root } = parseProbe(
    await desk.commands.ssh.send(door, scriptFor(script, { verb: 'probe' })),
  );
  if (root !== 'no') return { ...door, withSudo: root === 'sudo' };
  throw new Fault(
    'refused',
    'needs-root',
    `root is needed there: ${door.host}. Enter as root, or with sudo that asks for no password`,
  );
}

async function attempted(way: Way, began: number, work: () => Promise<void>): Promise<Way> {
  try {
    await work();
    return { ...way, ms: performance.now() - began };
  } catch (thrown) {
    if (thrown instanceof Fault) return { ...way, fault: thrown, ms: performance.now() - began };
    throw thrown;
  }
}

function shown(desk: Desk, ways: readonly Way[], says: readonly string[], next: string): number {
  const rows = ways.map((way) => ({
    ...rowOf(way, true),
    state: way.fault === undefined ? 'done' : 'failed',
  }));
  desk.show({ hosts: rows, says, next } satisfies Outcome, renderOutcome);
  return worst(ways);
}

function worst(ways: readonly Way[]): number {
  return Math.max(
    EXIT_CODES.ok,
    ...ways.map(({ fault, plan }) =>
      fault !== undefined
        ? EXIT_CODES[fault.kind]
        : (plan?.problems.length ?? 0) > 0
          ? EXIT_CODES.refused
          : EXIT_CODES.ok,
    ),
  );
}

async function goOn(desk: Desk, options: Options, question: string): Promise<void> {
  if (options['yes'] === true) return;
  const typed = desk.io.isTerminal.stdin ? await desk.io.ask(`${question} Type yes: `) : undefined;
  if (typed?.trim() === 'yes') return;
  throw new Fault(
    'refused',
    'not-confirmed',
    'nothing was done: nobody said yes. At a terminal you are asked; elsewhere give --yes',
  );
}

/** One signature over everything that waits (200 hosts each). `own`: what hosts told this very process. */
async function signPending(
  desk: Desk,
  options: Options,
  own: ReadonlyMap<string, HostPins>,
): Promise<{ readonly says: readonly string[]; readonly next: string }> {
  const says: string[] = [];
  for (;;) {
    const page = (await desk.ask('enrolment_page', {})) as unknown as EnrolmentPage;
    const { order, namespace, hosts: pins, digestWords } = page;
    for (const each of pins) {
      const told = own.get(each.target);
      if (
        told === undefined ||
        canonicalJson(told as unknown as Json) === canonicalJson(each as unknown as Json)
      )
        continue;
      throw new Fault(
        'refused',
        'page-differs',
        `what would be signed is not what the host said: ${each.target}. Sign nothing, and find out what answers on the socket of this data directory`,
      );
    }
    await desk.commands.checkOrder({
      kind: 'enrolment',
      order,
      namespace,
      hosts: pins,
      digestWords,
    });
    desk.present(page, renderEnrolmentPage);
    await consent(desk, { words: digestWords, given: options['words'], name: null });
    const signature = await desk.commands.keys.sign(
      await keyFor(desk, options['key']),
      namespace,
      order,
    );
    const applied = (await desk.ask('enrolment_apply', { order, signatures: [signature] })) as {
      readonly says: readonly string[];
    };
    says.push(...applied.says);
    if (page.left === 0) return { says, next: '' };
  }
}

/** For a host that only its own administrators reach. */
async function writeScript(desk: Desk, start: Start, wanted: Wanted): Promise<number> {
  const { version, script, files } = await desk.commands.ssh.material(desk.home);
  const epoch = Math.max(...start.hosts.map((host) => host.epoch));
  const runnerBy = wanted.readerOnly ? 'none' : 'sudo';
  const { organisation, controlPlane, keys } = start;
  desk.raw(
    scriptFor(script, {
      verb: 'install',
      organisation,
      controlPlane,
      keys,
      version,
      epoch,
      again: wanted.again,
      runnerBy,
      groups: wanted.groups,
      files,
    }),
  );
  return EXIT_CODES.ok;
}

async function takeAnswer(desk: Desk, start: Start, options: Options): Promise<number> {
  const [host, ...more] = start.hosts;
  if (host === undefined || more.length > 0)
    throw new Fault('invalid', 'invalid-input', 'an answer is of one host: name its target');
  const text = await readText(desk.io, String(options['answer']), 65_536);
  const pins = pinsOf(host.target, parseNewHost(Buffer.from(text)));
  await desk.ask('enrolment_add', { host: pins as unknown as Json });
  const signs = options['sign'] !== false;
  const signed = signs
    ? await signPending(desk, options, new Map())
    : { says: [], next: 'holdfast enroll --sign' };
  desk.show({ hosts: [], ...signed } satisfies Outcome, renderOutcome);
  return EXIT_CODES.ok;
}
