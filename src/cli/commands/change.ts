/** Proposing, deciding, undoing and stopping. */
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { LIMITS } from '#base/limits';
import type { ApprovalPage, ChangeView, StopView } from '#execution';
import type { Desk } from '../desk.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { renderAnything } from '../render/anything.ts';
import { renderApproval } from '../render/approval.ts';
import {
  renderActions,
  renderChange,
  renderChanges,
  renderLifted,
  renderResult,
  renderStop,
  renderStops,
  renderStopToLift,
} from '../render/change.ts';
import { renderUndoLook } from '../render/rollout.ts';
import { consent, keyFor, mustReach } from '../signing.ts';
import { readText } from './reading.ts';
import {
  type CommandSpec,
  type GroupSpec,
  given,
  type OptionSpec,
  type Options,
  TARGET,
} from './spec.ts';

export const ARG: OptionSpec = {
  flags: '--arg <pair>',
  about: 'an argument as name=value; once for each',
  read: 'repeated',
};
export const REASON: OptionSpec = { flags: '--reason <reason>', about: 'why', mandatory: true };
export const KEY: OptionSpec = {
  flags: '--key <path>',
  about:
    'key to sign with: a file, or the .pub of one in ssh-agent; default HOLDFAST_KEY, ~/.ssh/holdfast_operator',
};
export const WORDS: OptionSpec = {
  flags: '--words <words>',
  about: 'away from a terminal: the six words of the digest, as the page shows them',
};

/** Batch after batch in place of all at once. */
export const ROLLOUT: readonly OptionSpec[] = [
  {
    flags: '--batch <n>',
    about: 'in batches of at most this many targets, each verified before the next',
    read: 'whole number',
  },
  {
    flags: '--wait <seconds>',
    about: 'with --batch: between two batches; default 0',
    read: 'whole number',
  },
  {
    flags: '--max-failures <n>',
    about: 'with --batch: it pauses for you when more targets fail; default 0',
    read: 'whole number',
  },
  { flags: '--in-order', about: 'with --batch: in the order given, not the least critical first' },
];

/** As `run_action` takes it. */
export function rolloutOf(options: Options): { readonly rollout?: Record<string, Json> } {
  const { batch, wait, maxFailures, inOrder } = options;
  if (batch === undefined) {
    if (wait === undefined && maxFailures === undefined && inOrder !== true) return {};
    throw new Fault('invalid', 'usage', 'there are no batches to speak of: give --batch too');
  }
  return {
    rollout: {
      batch: Number(batch),
      ...(wait === undefined ? {} : { waitSeconds: Number(wait) }),
      ...(maxFailures === undefined ? {} : { maxFailures: Number(maxFailures) }),
      ...(inOrder === true ? { order: 'as-asked' } : {}),
    },
  };
}

export const actions: CommandSpec = {
  usage: 'actions [query]',
  summary: 'find what can be done: actions with their arguments, tier and what they change',
  examples: ['actions', 'actions restart --target web-1', 'actions --tier T0 --json'],
  options: [
    { flags: '--tier <tier>', about: 'of this tier', choices: ['T0', 'T1', 'T2', 'T3'] },
    { flags: '--family <family>', about: 'of this family' },
    TARGET,
    { flags: '--limit <n>', about: 'at most this many; default 10', read: 'whole number' },
  ],
  async run(desk, [query], options) {
    await desk.answer(
      'find_actions',
      {
        ...(query === undefined ? {} : { query }),
        ...given(options, 'tier', 'family', 'target', 'limit'),
      },
      renderActions,
    );
  },
};

export const propose: CommandSpec = {
  usage: 'propose <action> <targets>',
  summary: 'propose an action on targets; it waits for a signature unless it only looks',
  more: `Targets are comma separated. Give --arg once for each argument, and --arg-file where the value is the text of a file.
Exits with 3 when it is refused, 6 when it failed, 7 when nobody knows whether it took effect.`,
  examples: [
    "propose service.restart web-1 --arg unit=nginx.service --reason 'it hangs'",
    "propose service.status web-1 --arg unit=nginx.service --reason 'looking'",
    "propose file.write web-1 --arg path=/etc/motd --arg validate=none --arg-file content=motd --reason 'new text'",
    "propose package.upgrade web-1,web-2,web-3 --arg package=openssl --batch 2 --wait 60 --reason 'CVE'",
  ],
  options: [
    ARG,
    {
      flags: '--arg-file <pair>',
      about: 'an argument as name=path, whose value is the text of that file; - is standard input',
      read: 'repeated',
    },
    REASON,
    { flags: '--dry-run', about: 'stop after the preview' },
    ...ROLLOUT,
    { flags: '--idempotency-key <key>', about: 'the same key answers with the same change' },
  ],
  async run(desk, [action = '', targets = ''], options) {
    const args = new Map<string, Json>();
    const give = (name: string, value: Json): void => {
      if (args.has(name))
        throw new Fault('invalid', 'invalid-input', `argument given twice: ${name.slice(0, 100)}`);
      args.set(name, value);
    };
    for (const pair of repeated(options, 'arg')) {
      const [name, value] = split(pair);
      give(name, typed(value));
    }
    for (const pair of repeated(options, 'argFile')) {
      const [name, path] = split(pair);
      give(name, await readText(desk.io, path, LIMITS.valueBytes));
    }
    const view = await desk.answer<ChangeView>(
      'run_action',
      {
        action,
        targets: listed(targets),
        args: Object.fromEntries(args),
        ...given(options, 'reason', 'dryRun', 'idempotencyKey'),
        ...rolloutOf(options),
      },
      renderChange,
    );
    return exitOf(view);
  },
};

export const changes: CommandSpec = {
  usage: 'changes [change]',
  summary: 'list changes, newest first, or show one in full',
  examples: ['changes', 'changes --pending', 'changes chg_0123456789abcdef01234567'],
  options: [
    { flags: '--pending', about: 'what waits for a person' },
    { flags: '--state <state>', about: 'in this state' },
    TARGET,
    { flags: '--limit <n>', about: 'at most this many; default 20', read: 'whole number' },
    { flags: '--before <cursor>', about: 'older ones, as the page before said' },
  ],
  async run(desk, [change], options) {
    if (change !== undefined) {
      await desk.answer('get_change', { changeId: change }, renderChange);
      return;
    }
    await desk.answer(
      'changes_list',
      given(options, 'pending', 'state', 'target', 'limit', 'before'),
      renderChanges,
    );
  },
};

export const approvals: CommandSpec = {
  usage: 'approvals',
  summary: 'list what waits for a signature',
  examples: ['approvals', 'approvals --json'],
  async run(desk) {
    await desk.answer('changes_list', { pending: true }, renderChanges);
  },
};

export const approve: CommandSpec = {
  usage: 'approve <change>',
  summary: 'show exactly what would run, and sign it with your key',
  more: `At a terminal you are asked; T3 asks for the name of the target and a reason. Nothing is signed before that, and
nothing that differs from what is shown. Exits like propose.`,
  examples: [
    'approve chg_0123456789abcdef01234567',
    'approve chg_0123456789abcdef01234567 --key ~/.ssh/ada_sk',
    'approve chg_0123456789abcdef01234567 --show',
  ],
  options: [
    KEY,
    WORDS,
    { flags: '--name <target>', about: "T3, with --words: the target's name" },
    { flags: '--reason <reason>', about: 'why you approve; T3 needs it' },
    { flags: '--show', about: 'show the page and sign nothing' },
  ],
  async run(desk, [changeId = ''], options) {
    const page = (await desk.ask('approval_page', { changeId })) as unknown as ApprovalPage;
    const lines = await desk.commands.checkPage(page, changeId);
    // A page that is only shown has no use for the bytes to sign, and neither has who reads over a shoulder.
    const { envelope, parts: _unspent, ...shown } = page;
    if (options['show'] === true) {
      desk.show(shown, renderApproval(lines));
      return;
    }
    desk.present(shown, renderApproval(lines));
    const key = await keyFor(desk, options['key']);
    await mustReach(desk, key, { needed: page.assuranceNeeded, rule: page.plan.tier });
    const words = options['words'];
    const name = words === undefined ? page.typeName : options['name'];
    if (page.typeName !== null && name !== page.typeName) {
      throw new Fault(
        'refused',
        'name-not-typed',
        `nothing was signed: with --words, T3 needs the target's name too: --name ${page.typeName}`,
      );
    }
    await consent(desk, { words: page.digestWords, given: words, name: page.typeName });
    const reason = await reasonOf(desk, options['reason'], page.typeName !== null);
    const signature = await desk.commands.keys.sign(key, page.namespace, envelope);
    const view = await desk.answer<ChangeView>(
      'change_approve',
      {
        changeId,
        signature,
        ...(page.typeName === null ? {} : { typedTarget: page.typeName }),
        ...(reason === undefined ? {} : { reason }),
      },
      renderResult,
    );
    return exitOf(view);
  },
};

/** T3 is not signed without one. */
async function reasonOf(
  desk: Desk,
  given: unknown,
  isNeeded: boolean,
): Promise<string | undefined> {
  if (typeof given === 'string' || !isNeeded) return typeof given === 'string' ? given : undefined;
  const typed = (await desk.io.ask('Why do you approve it? '))?.trim() ?? '';
  if (typed !== '') return typed;
  throw new Fault(
    'refused',
    'name-not-typed',
    'nothing was signed: T3 needs your reason (--reason)',
  );
}

const decision = (
  usage: string,
  operation: string,
  summary: string,
  example: string,
): CommandSpec => ({
  usage: `${usage} <change>`,
  summary,
  examples: [example],
  options: [REASON],
  async run(desk, [changeId = ''], options) {
    await desk.answer<ChangeView>(
      operation,
      { changeId, ...given(options, 'reason') },
      renderResult,
    );
    return EXIT_CODES.ok;
  },
});

export const reject = decision(
  'reject',
  'change_reject',
  'refuse a change that waits',
  "reject chg_0123456789abcdef01234567 --reason 'not in office hours'",
);
export const cancel = decision(
  'cancel',
  'change_cancel',
  'withdraw a change that did not start',
  "cancel chg_0123456789abcdef01234567 --reason 'no longer needed'",
);
export const undo: CommandSpec = {
  usage: 'undo <change>',
  summary: 'run the signed way back of a change, or propose it',
  more: `It is refused where somebody else changed the same since: --show compares three ways what was before, what the change
made, and what is now. With --only some targets, the way back of those is proposed, and signed anew.`,
  examples: [
    "undo chg_0123456789abcdef01234567 --reason 'made it worse'",
    'undo chg_0123456789abcdef01234567 --show',
    "undo chg_0123456789abcdef01234567 --only web-1,web-2 --reason 'made those worse'",
  ],
  options: [
    { flags: '--reason <reason>', about: 'why' },
    { flags: '--only <targets>', about: 'on these of its targets only', read: 'list' },
    { flags: '--show', about: 'look at what moved since, and take nothing back' },
  ],
  async run(desk, [changeId = ''], options) {
    if (options['show'] === true) {
      await desk.answer('undo_look', { changeId }, renderUndoLook);
      return EXIT_CODES.ok;
    }
    if (options['reason'] === undefined)
      throw new Fault(
        'invalid',
        'usage',
        'say why it is taken back: --reason, or --show to look first',
      );
    const view = await desk.answer<ChangeView>(
      'change_undo',
      { changeId, ...given(options, 'reason', 'only') },
      renderResult,
    );
    return exitOf(view);
  },
};

export const rollout: GroupSpec = {
  usage: 'rollout',
  summary: 'pause, resume or end a change that goes from batch to batch',
  commands: [
    {
      usage: 'pause <change>',
      summary: 'begin no further batch until you say so',
      examples: ["rollout pause chg_0123456789abcdef01234567 --reason 'looking at the first ones'"],
      options: [REASON],
      async run(desk, [changeId = ''], options) {
        await desk.answer('rollout_pause', { changeId, ...given(options, 'reason') }, renderResult);
      },
    },
    {
      usage: 'resume <change>',
      summary: 'let a paused rollout go on: what failed so far is forgiven',
      examples: [
        "rollout resume chg_0123456789abcdef01234567 --reason 'web-4 was full, the rest is not'",
      ],
      options: [
        REASON,
        {
          flags: '--max-failures <n>',
          about: 'from here on; default: as it was signed',
          read: 'whole number',
        },
      ],
      async run(desk, [changeId = ''], options) {
        const view = await desk.answer<ChangeView>(
          'rollout_resume',
          { changeId, ...given(options, 'reason', 'maxFailures') },
          renderResult,
        );
        return exitOf(view);
      },
    },
    {
      usage: 'end <change>',
      summary: 'end it: what was not begun never will be',
      examples: ["rollout end chg_0123456789abcdef01234567 --reason 'it is not the cure'"],
      options: [REASON],
      async run(desk, [changeId = ''], options) {
        await desk.answer('rollout_end', { changeId, ...given(options, 'reason') }, renderResult);
      },
    },
  ],
};

export const close = decision(
  'close',
  'change_close',
  'say that you looked at an ambiguous change and it is over',
  "close chg_0123456789abcdef01234567 --reason 'looked: it did run'",
);

export const unflap: CommandSpec = {
  usage: 'unflap <action> <target>',
  summary: 'allow an action again that was stopped for flapping on a target',
  examples: ['unflap service.restart host:web-1'],
  async run(desk, [action = '', target = '']) {
    await desk.answer('flapping_clear', { action, target }, renderAnything);
  },
};

export const stop: GroupSpec = {
  usage: 'stop',
  summary: 'emergency stop: no new work, running work is ended, until an operator lifts it',
  commands: [
    {
      usage: 'now [subject] [name]',
      summary: 'stop the fleet, or one scope, target, action or rule',
      examples: [
        "stop now --reason 'something is wrong'",
        "stop now target host:web-1 --reason 'hands off'",
      ],
      argumentChoices: ['fleet', 'scope', 'target', 'action', 'rule', 'session'],
      options: [REASON],
      async run(desk, [subject = 'fleet', name], options) {
        if ((subject === 'fleet') !== (name === undefined)) {
          throw new Fault(
            'invalid',
            'usage',
            subject === 'fleet'
              ? 'the fleet has no name: holdfast stop now, or name what to stop'
              : `say which ${subject}: holdfast stop now ${subject} NAME`,
          );
        }
        await desk.answer(
          'emergency_stop',
          { subject, ...(name === undefined ? {} : { name }), ...given(options, 'reason') },
          renderStop,
        );
      },
    },
    {
      usage: 'list',
      summary: 'list the stops in force',
      examples: ['stop list', 'stop list --json'],
      async run(desk) {
        await desk.answer('stops_list', {}, renderStops);
      },
    },
    {
      usage: 'lift <stop>',
      summary: 'lift a stop with your signature',
      examples: ['stop lift stop_0123456789abcdef01234567'],
      options: [KEY, { flags: '--yes', about: 'away from a terminal: you mean it' }],
      async run(desk, [stopId = ''], options) {
        const { stops } = (await desk.ask('stops_list', {})) as unknown as {
          readonly stops: readonly StopView[];
        };
        const stop = stops.find(({ id }) => id === stopId);
        const page = (await desk.ask('stop_lift_page', { stopId })) as unknown as LiftPage;
        await desk.commands.checkOrder({ ...page, kind: 'lift', stop: stopId });
        if (stop !== undefined) desk.present(stop, renderStopToLift);
        const key = await keyFor(desk, options['key']);
        if (options['yes'] !== true)
          await consent(desk, { words: '', given: undefined, name: null });
        const signature = await desk.commands.keys.sign(key, page.namespace, page.order);
        await desk.answer('stop_lift', { stopId, order: page.order, signature }, renderLifted);
      },
    },
  ],
};

type LiftPage = { readonly order: string; readonly namespace: string };

export function repeated(options: Options, name: string): readonly string[] {
  return (options[name] as readonly string[] | undefined) ?? [];
}

export function listed(names: string): readonly string[] {
  return names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

export function split(pair: string): readonly [string, string] {
  const at = pair.indexOf('=');
  if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
  throw new Fault('invalid', 'invalid-input', `not name=value: ${pair.slice(0, 100)}`);
}

/** Numbers and booleans as such; everything else is text, and the action's own types have the last word. */
export function typed(value: string): Json {
  if (value === 'true') return true;
  if (value === 'false') return false;
  return /^-?(?:0|[1-9]\d{0,14})$/.test(value) ? Number(value) : value;
}

export function exitOf({ state, decision: { verdict } }: ChangeView): number {
  switch (state) {
    case 'failed':
      return EXIT_CODES.unavailable;
    case 'ambiguous':
      return EXIT_CODES.uncertain;
    case 'refused':
    case 'expired':
    case 'cancelled':
      return EXIT_CODES.refused;
    case 'proposed':
    case 'previewed':
    case 'approved':
    case 'executing':
    case 'confirmed':
    case 'closed':
    case 'rolled-back':
      return verdict === 'deny' ? EXIT_CODES.refused : EXIT_CODES.ok;
  }
}
