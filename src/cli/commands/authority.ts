/** Who may sign, what is in force, what the policies say, and what is given to strangers. */
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { Desk } from '../desk.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { renderAnything } from '../render/anything.ts';
import {
  type ConfigPage,
  type InForce,
  renderConfigPage,
  renderInForce,
  renderOperators,
  renderPutInForce,
} from '../render/authority.ts';
import { consent, keyFor, usualKey } from '../signing.ts';
import { KEY, WORDS } from './change.ts';
import { type CommandSpec, type GroupSpec, given } from './spec.ts';

/** Shows what a document would put in force, has it signed, and hands it in. */
async function signConfig(
  desk: Desk,
  request: Json,
  options: { readonly key: string; readonly words: unknown; readonly recoveryKey?: string },
): Promise<void> {
  const page = (await desk.ask('config_page', { request })) as unknown as ConfigPage;
  if (!desk.json) desk.show(page, renderConfigPage);
  await consent(desk, {
    words: page.digestWords,
    given: typeof options.words === 'string' ? options.words : undefined,
    name: null,
  });
  const { keys } = desk.commands;
  const signature = await keys.sign(options.key, page.namespace, page.order);
  const recoverySignature =
    options.recoveryKey === undefined
      ? undefined
      : await keys.sign(options.recoveryKey, page.namespace, page.order);
  await desk.answer(
    'config_apply',
    {
      order: page.order,
      signatures: [signature],
      ...(recoverySignature === undefined ? {} : { recoverySignature }),
    },
    renderPutInForce,
  );
}

function mustBeAtATerminal(desk: Desk): void {
  const { stdin, stderr } = desk.io.isTerminal;
  if (stdin && stderr) return;
  throw new Fault(
    'refused',
    'nobody-there',
    'keys of people are made and named by people: run this at a terminal',
  );
}

export const operator: GroupSpec = {
  usage: 'operator',
  summary: 'the people who may sign: add, list, revoke, recover',
  commands: [
    {
      usage: 'add <id>',
      summary: 'add a person; the first one makes this Holdfast able to change anything',
      more: 'At a terminal only. Without --public a key is made, protected by a passphrase. An operator who is there already signs for the new one.',
      examples: [
        'operator add ada',
        'operator add bea --public ~/bea.pub --account bea@local',
        'operator add ada --public ~/.ssh/ada_sk.pub --key ~/.ssh/ada_sk',
      ],
      options: [
        { flags: '--name <name>', about: 'full name; default the id' },
        {
          flags: '--public <path>',
          about: 'an existing key: file, security key or certificate (.pub)',
        },
        {
          flags: '--account <accounts>',
          about: "the person's accounts, like ada@local; default yours",
          read: 'list',
        },
        KEY,
        { flags: '--yes', about: 'do not ask again before signing' },
      ],
      async run(desk, [id = ''], options) {
        mustBeAtATerminal(desk);
        const { keys } = desk.commands;
        const isFirst =
          ((await desk.ask('operators_list', {})) as { operators: readonly Json[] }).operators
            .length === 0;
        const own = options['public'] === undefined;
        const path = own ? usualKey(desk.io) : resolve(desk.io.cwd, String(options['public']));
        const publicLine = own
          ? await keys.make(path, `holdfast operator ${id}`)
          : await keys.publicLine(path);
        const signer = isFirst
          ? typeof options['key'] === 'string'
            ? options['key']
            : path.replace(/\.pub$/, '')
          : await keyFor(desk, options['key']);
        const page = (await desk.ask('config_page', {
          request: {
            kind: 'add-operator',
            id,
            name: typeof options['name'] === 'string' ? options['name'] : id,
            key: publicLine,
            accounts: (options['account'] as readonly string[] | undefined) ?? [
              `${userInfo().username}@local`,
            ],
          },
        })) as unknown as ConfigPage;
        if (!desk.json) desk.show(page, renderConfigPage);
        if (options['yes'] !== true)
          await consent(desk, { words: page.digestWords, given: undefined, name: null });
        const signature = await keys.sign(signer, page.namespace, page.order);
        await desk.answer(
          'config_apply',
          { order: page.order, signatures: [signature] },
          renderPutInForce,
        );
      },
    },
    {
      usage: 'list',
      summary: 'list who may sign, and what each tier needs',
      examples: ['operator list', 'operator list --json'],
      async run(desk) {
        await desk.answer('operators_list', {}, renderOperators);
      },
    },
    {
      usage: 'revoke <id>',
      summary: 'take a person out, and their keys for good',
      examples: ['operator revoke bea'],
      options: [KEY, WORDS],
      async run(desk, [id = ''], options) {
        await signConfig(
          desk,
          { kind: 'revoke-operator', id },
          {
            key: await keyFor(desk, options['key']),
            words: options['words'],
          },
        );
      },
    },
    {
      usage: 'recovery',
      summary: 'name the second, offline key, and prove that it works',
      more: 'At a terminal only. Without --public a key is made at the path you give; take it offline afterwards. T2 is refused until it is named.',
      examples: ['operator recovery --recovery-key /media/usb/holdfast_recovery'],
      options: [
        {
          flags: '--recovery-key <path>',
          about: 'where the recovery key is, or is to be made',
          mandatory: true,
        },
        KEY,
        { flags: '--yes', about: 'do not ask again before signing' },
      ],
      async run(desk, _words, options) {
        mustBeAtATerminal(desk);
        const { keys } = desk.commands;
        const path = resolve(desk.io.cwd, String(options['recoveryKey']));
        const key = await keys.publicLine(path).catch(() => keys.make(path, 'holdfast recovery'));
        const page = (await desk.ask('config_page', {
          request: { kind: 'add-recovery', key },
        })) as unknown as ConfigPage;
        if (!desk.json) desk.show(page, renderConfigPage);
        if (options['yes'] !== true)
          await consent(desk, { words: page.digestWords, given: undefined, name: null });
        const signature = await keys.sign(
          await keyFor(desk, options['key']),
          page.namespace,
          page.order,
        );
        const recoverySignature = await keys.sign(path, page.namespace, page.order);
        await desk.answer(
          'config_apply',
          { order: page.order, signatures: [signature], recoverySignature },
          renderPutInForce,
        );
      },
    },
    {
      usage: 'recover <id>',
      summary: 'add a person with the recovery key, when every other key is lost',
      examples: [
        'operator recover ada --public ~/new.pub --recovery-key /media/usb/holdfast_recovery',
      ],
      options: [
        { flags: '--public <path>', about: "the person's new key", mandatory: true },
        { flags: '--recovery-key <path>', about: 'the recovery key', mandatory: true },
        { flags: '--name <name>', about: 'full name; default the id' },
        {
          flags: '--account <accounts>',
          about: "the person's accounts; default yours",
          read: 'list',
        },
      ],
      async run(desk, [id = ''], options) {
        mustBeAtATerminal(desk);
        const { keys } = desk.commands;
        const key = await keys.publicLine(resolve(desk.io.cwd, String(options['public'])));
        await signConfig(
          desk,
          {
            kind: 'add-operator',
            id,
            name: typeof options['name'] === 'string' ? options['name'] : id,
            key,
            accounts: (options['account'] as readonly string[] | undefined) ?? [
              `${userInfo().username}@local`,
            ],
          },
          { key: resolve(desk.io.cwd, String(options['recoveryKey'])), words: undefined },
        );
      },
    },
    {
      usage: 'root <path>',
      summary: "trust an offline root key's certificates for the operators named",
      examples: ['operator root ~/root.pub --operators ada,bea'],
      options: [
        {
          flags: '--operators <ids>',
          about: 'operators it may certify',
          read: 'list',
          mandatory: true,
        },
        KEY,
        WORDS,
      ],
      async run(desk, [path = ''], options) {
        const key = await desk.commands.keys.publicLine(resolve(desk.io.cwd, path));
        const operators = options['operators'] as readonly string[];
        await signConfig(
          desk,
          { kind: 'trust-root', key, operators },
          {
            key: await keyFor(desk, options['key']),
            words: options['words'],
          },
        );
      },
    },
  ],
};

export const config: GroupSpec = {
  usage: 'config',
  summary: 'what is in force: inventory, policy, catalogue, baselines, rules; signed by operators',
  commands: [
    {
      usage: 'status',
      summary: 'show what is in force and what was edited since',
      more: 'Exits with 3 when something was edited and not signed.',
      examples: ['config status', 'config status --json'],
      async run(desk) {
        const { status } = await desk.answer<InForce>('config_status', {}, renderInForce);
        return status === 'changed' ? EXIT_CODES.refused : EXIT_CODES.ok;
      },
    },
    {
      usage: 'sign',
      summary: 'put what is on disk now in force, with your signature',
      examples: ['config sign', 'config sign --key ~/.ssh/ada_sk'],
      options: [KEY, WORDS],
      async run(desk, _words, options) {
        await signConfig(
          desk,
          { kind: 'sign' },
          {
            key: await keyFor(desk, options['key']),
            words: options['words'],
          },
        );
      },
    },
    {
      usage: 'rule <rule>',
      summary: 'how many signatures, and of what assurance, a tier needs on hosts',
      examples: ['config rule T2 --least same-user', 'config rule T3 --quorum 2 --least touch'],
      argumentChoices: ['T1', 'T2', 'T3', 'standing', 'config', 'lift'],
      options: [
        { flags: '--quorum <n>', about: 'distinct operators; default 1', read: 'whole number' },
        {
          flags: '--least <assurance>',
          about: 'least assurance of each',
          choices: ['same-user', 'touch', 'separate'],
          mandatory: true,
        },
        KEY,
        WORDS,
      ],
      async run(desk, [rule = ''], options) {
        const quorum = options['quorum'] ?? 1;
        await signConfig(
          desk,
          { kind: 'rule', rule, quorum: quorum as number, least: String(options['least']) },
          { key: await keyFor(desk, options['key']), words: options['words'] },
        );
      },
    },
    {
      usage: 'profile <profile>',
      summary: 'take all rules of a shipped profile: solo or team',
      examples: ['config profile team'],
      argumentChoices: ['solo', 'team'],
      options: [KEY, WORDS],
      async run(desk, [profile = ''], options) {
        await signConfig(
          desk,
          { kind: 'profile', profile },
          {
            key: await keyFor(desk, options['key']),
            words: options['words'],
          },
        );
      },
    },
  ],
};

export const policy: GroupSpec = {
  usage: 'policy',
  summary: 'try the policies on disk, explain a decision, hold them against the past',
  commands: [
    {
      usage: 'test [cases]',
      summary: 'check the policies, and what they decide in cases of yours or the shipped ones',
      examples: ['policy test', 'policy test my-cases.yaml'],
      async run(desk, [path]) {
        const cases =
          path === undefined
            ? undefined
            : Buffer.from(await desk.io.readFile(path)).toString('utf8');
        const { ok } = await desk.answer<{ readonly ok: boolean }>(
          'policy_test',
          cases === undefined ? {} : { cases },
          renderAnything,
        );
        return ok ? EXIT_CODES.ok : EXIT_CODES.refused;
      },
    },
    {
      usage: 'explain <change>',
      summary: 'why a change was decided as it was: each policy that spoke',
      examples: ['policy explain chg_0123456789abcdef01234567'],
      async run(desk, [changeId = '']) {
        await desk.answer('policy_explain', { changeId }, renderAnything);
      },
    },
    {
      usage: 'replay',
      summary: 'which past changes the policies on disk would decide otherwise',
      examples: ['policy replay', 'policy replay --limit 200'],
      options: [
        { flags: '--limit <n>', about: 'changes to look back; default 1000', read: 'whole number' },
      ],
      async run(desk, _words, options) {
        await desk.answer('policy_replay', given(options, 'limit'), renderAnything);
      },
    },
  ],
};

export const bundle: CommandSpec = {
  usage: 'bundle <change>',
  summary: 'write everything a stranger needs to check one change into one file',
  more: 'Checked with verifier/holdfast-verifier.mjs, without this program and without the network.',
  examples: ['bundle chg_0123456789abcdef01234567 > change.json'],
  async run(desk, [changeId = '']) {
    const answer = (await desk.ask('change_bundle', { changeId })) as unknown as {
      readonly bundle: string;
      readonly notices: readonly string[];
    };
    for (const notice of answer.notices) desk.note(notice);
    desk.io.stdout(answer.bundle.endsWith('\n') ? answer.bundle : `${answer.bundle}\n`);
  },
};

export const evidence: GroupSpec = {
  usage: 'evidence',
  summary: 'how far the log is anchored; kept outputs: show, hold, prune; export of events',
  commands: [
    {
      usage: 'status',
      summary: 'show how far the log is signed, witnessed and timestamped',
      examples: ['evidence status'],
      async run(desk) {
        await desk.answer('evidence_status', {}, renderAnything);
      },
    },
    {
      usage: 'output <sha256>',
      summary: 'show a kept output, by the hash that receipts and events name',
      examples: [
        'evidence output 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
      ],
      async run(desk, [sha256 = '']) {
        await desk.answer('evidence_output', { sha256 }, renderAnything);
      },
    },
    {
      usage: 'hold <change>',
      summary: 'keep the outputs of a change, or of all, whatever the retention',
      examples: [
        "evidence hold all --reason 'case 12'",
        "evidence hold chg_0123456789abcdef01234567 --reason 'audit' --release",
      ],
      options: [
        { flags: '--reason <reason>', about: 'why', mandatory: true },
        { flags: '--release', about: 'end the hold' },
      ],
      async run(desk, [change = ''], options) {
        await desk.answer(
          'evidence_hold',
          { change, ...given(options, 'reason', 'release') },
          renderAnything,
        );
      },
    },
    {
      usage: 'prune',
      summary: 'destroy kept outputs older than a moment; what is held stays, the proof stays',
      examples: ["evidence prune --before '365d ago'"],
      options: [{ flags: '--before <time>', about: 'kept before this', mandatory: true }],
      async run(desk, _words, options) {
        await desk.answer(
          'evidence_prune',
          { before: desk.moment(String(options['before'])) },
          renderAnything,
        );
      },
    },
    {
      usage: 'export <format>',
      summary: 'events as OCSF JSON lines or RFC 5424 syslog, oldest first',
      examples: ['evidence export ocsf > events.jsonl', 'evidence export syslog --after 1200'],
      argumentChoices: ['ocsf', 'syslog'],
      options: [
        {
          flags: '--after <seq>',
          about: 'only events later than this number',
          read: 'whole number',
        },
      ],
      async run(desk, [format = ''], options) {
        let after = typeof options['after'] === 'number' ? options['after'] : -1;
        for (;;) {
          const page = (await desk.ask('evidence_export', {
            format,
            after,
            limit: 1_000,
          })) as unknown as {
            readonly lines: readonly string[];
            readonly next: number;
          };
          for (const line of page.lines) desk.io.stdout(`${line}\n`);
          if (page.lines.length === 0 || page.next <= after) return;
          after = page.next;
        }
      },
    },
  ],
};
