/** Who may sign, what is in force, what the policies say, and what is given to strangers. */
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { LIMITS } from '#base/limits';
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
  renderWaits,
} from '../render/authority.ts';
import { renderExplained, renderPolicyTest, renderReplay } from '../render/policy.ts';
import { renderEvidence, renderOutput } from '../render/proof.ts';
import { consent, keyFor, mustBeAtATerminal, usualKey } from '../signing.ts';
import { KEY, WORDS } from './change.ts';
import { readText } from './reading.ts';
import { type CommandSpec, type GroupSpec, given, type OptionSpec, type Options } from './spec.ts';

type Signing = {
  readonly key: string;
  /** Of --words. */
  readonly words?: unknown;
  /** The person said that they need not be asked. */
  readonly isMeant?: boolean;
  /** Signs too, to prove that it works. */
  readonly recoveryKey?: string;
};

/** In place of a key: the document waits in the console for a passkey. */
const IN_CONSOLE = 'console';

export async function keyOrConsole(desk: Desk, named: unknown): Promise<string> {
  return named === IN_CONSOLE ? IN_CONSOLE : keyFor(desk, named);
}

/** Shows what a document would put in force, has it signed, and hands it in. */
export async function signConfig(desk: Desk, request: Json, signing: Signing): Promise<void> {
  const page = (await desk.ask('config_page', { request })) as unknown as ConfigPage;
  const { order, namespace, version, digestWords } = page;
  await desk.commands.checkOrder({ kind: 'config', order, namespace, version, digestWords });
  desk.present(page, renderConfigPage);
  if (signing.isMeant !== true)
    await consent(desk, { words: digestWords, given: signing.words, name: null });
  const { keys } = desk.commands;
  const { recoveryKey } = signing;
  const recoverySignature =
    recoveryKey === undefined ? undefined : await keys.sign(recoveryKey, namespace, order);
  if (signing.key === IN_CONSOLE) {
    await desk.answer(
      'config_wait',
      {
        order,
        says: [...page.says],
        ...(recoverySignature === undefined ? {} : { recoverySignature }),
      },
      renderWaits,
    );
    return;
  }
  const signature = await keys.sign(signing.key, namespace, order);
  await desk.answer(
    'config_apply',
    {
      order,
      signatures: [signature],
      ...(recoverySignature === undefined ? {} : { recoverySignature }),
    },
    renderPutInForce,
  );
}

export const KEYS_OF_PEOPLE = 'keys of people are made and named by people: run this at a terminal';
const OPERATOR_ID = /^[a-z][a-z0-9._-]{0,62}$/;

/** Before a key is made for it. */
export function mustBeAnId(id: string): void {
  if (OPERATOR_ID.test(id) && id !== 'recovery') return;
  throw new Fault(
    'invalid',
    'invalid-input',
    `not the id of a person: ${id.slice(0, 80)}. Take lower-case letters, digits and . _ -, beginning with a letter`,
  );
}

function personOf(id: string, key: string, options: Options): Json {
  return {
    kind: 'add-operator',
    id,
    name: typeof options['name'] === 'string' ? options['name'] : id,
    key,
    accounts: (options['account'] as readonly string[] | undefined) ?? [
      `${userInfo().username}@local`,
    ],
  };
}

/** A new key at the usual place, for the person who sits here. */
async function newKey(desk: Desk, path: string, id: string): Promise<string> {
  const { keys } = desk.commands;
  if (await keys.exists(path)) {
    throw new Fault(
      'conflict',
      'key-exists',
      `a key is there already: ${path}. If it is theirs: holdfast operator add ${id} --public ${path}.pub; if not, give their own public key with --public`,
    );
  }
  desk.note(`making a key: ${path}. Choose a passphrase that you will know at 3 a.m.`);
  return keys.make(path, `holdfast operator ${id}`);
}

export const CONFIG_KEY: OptionSpec = {
  flags: KEY.flags,
  about: `${KEY.about}; console: with a passkey, in the console`,
};

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
        CONFIG_KEY,
        { flags: '--yes', about: 'do not ask again before signing' },
      ],
      async run(desk, [id = ''], options) {
        mustBeAtATerminal(desk, KEYS_OF_PEOPLE);
        mustBeAnId(id);
        const { operators } = (await desk.ask('operators_list', {})) as {
          readonly operators: readonly Json[];
        };
        const given = options['public'];
        const path = typeof given === 'string' ? resolve(desk.io.cwd, given) : usualKey(desk.io);
        const line =
          typeof given === 'string'
            ? await desk.commands.keys.publicLine(path)
            : await newKey(desk, path, id);
        // The first one signs for themself; later ones are signed for by who is there already.
        const own = operators.length === 0 && options['key'] === undefined;
        const key = own ? path.replace(/\.pub$/, '') : await keyOrConsole(desk, options['key']);
        await signConfig(desk, personOf(id, line, options), {
          key,
          isMeant: options['yes'] === true,
        });
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
      options: [CONFIG_KEY, WORDS],
      async run(desk, [id = ''], options) {
        await signConfig(
          desk,
          { kind: 'revoke-operator', id },
          {
            key: await keyOrConsole(desk, options['key']),
            words: options['words'],
          },
        );
      },
    },
    {
      usage: 'revoke-key <fingerprint>',
      summary: 'take one key out for good: a lost phone, a stolen security key',
      examples: ['operator revoke-key SHA256:…'],
      options: [CONFIG_KEY, WORDS],
      async run(desk, [fingerprint = ''], options) {
        await signConfig(
          desk,
          { kind: 'revoke-key', fingerprint },
          {
            key: await keyOrConsole(desk, options['key']),
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
        CONFIG_KEY,
        { flags: '--yes', about: 'do not ask again before signing' },
      ],
      async run(desk, _words, options) {
        mustBeAtATerminal(desk, KEYS_OF_PEOPLE);
        const { keys } = desk.commands;
        const path = resolve(desk.io.cwd, String(options['recoveryKey']));
        const own = await keyOrConsole(desk, options['key']);
        const isThere = await keys.exists(path);
        if (!isThere)
          desk.note(`making the recovery key: ${path}. Its passphrase is kept apart from yours`);
        const key = isThere
          ? await keys.publicLine(path)
          : await keys.make(path, 'holdfast recovery');
        await signConfig(
          desk,
          { kind: 'add-recovery', key },
          { key: own, recoveryKey: path, isMeant: options['yes'] === true },
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
        mustBeAtATerminal(desk, KEYS_OF_PEOPLE);
        mustBeAnId(id);
        const line = await desk.commands.keys.publicLine(
          resolve(desk.io.cwd, String(options['public'])),
        );
        await signConfig(desk, personOf(id, line, options), {
          key: resolve(desk.io.cwd, String(options['recoveryKey'])),
        });
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
        CONFIG_KEY,
        WORDS,
      ],
      async run(desk, [path = ''], options) {
        const key = await desk.commands.keys.publicLine(resolve(desk.io.cwd, path));
        const operators = options['operators'] as readonly string[];
        await signConfig(
          desk,
          { kind: 'trust-root', key, operators },
          {
            key: await keyOrConsole(desk, options['key']),
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
      more: 'Exits with 3 when something was edited, or a backup was put back, and nobody signed since.',
      examples: ['config status', 'config status --json'],
      async run(desk) {
        const { status } = await desk.answer<InForce>('config_status', {}, renderInForce);
        return status === 'changed' || status === 'restored' ? EXIT_CODES.refused : EXIT_CODES.ok;
      },
    },
    {
      usage: 'sign',
      summary: 'put what is on disk now in force, with your signature',
      examples: ['config sign', 'config sign --key ~/.ssh/ada_sk'],
      options: [CONFIG_KEY, WORDS],
      async run(desk, _words, options) {
        await signConfig(
          desk,
          { kind: 'sign' },
          {
            key: await keyOrConsole(desk, options['key']),
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
        CONFIG_KEY,
        WORDS,
      ],
      async run(desk, [rule = ''], options) {
        const quorum = options['quorum'] ?? 1;
        await signConfig(
          desk,
          { kind: 'rule', rule, quorum: quorum as number, least: String(options['least']) },
          { key: await keyOrConsole(desk, options['key']), words: options['words'] },
        );
      },
    },
    {
      usage: 'origins [origins]',
      summary: 'the pages whose passkeys hosts take, and no others; comma separated',
      examples: ['config origins https://holdfast.example.org'],
      options: [CONFIG_KEY, WORDS],
      async run(desk, [origins = ''], options) {
        const named = origins.split(',').flatMap((origin) => origin.trim() || []);
        await signConfig(
          desk,
          { kind: 'origins', origins: named },
          { key: await keyOrConsole(desk, options['key']), words: options['words'] },
        );
      },
    },
    {
      usage: 'profile <profile>',
      summary: 'take all rules of a shipped profile: solo or team',
      examples: ['config profile team'],
      argumentChoices: ['solo', 'team'],
      options: [CONFIG_KEY, WORDS],
      async run(desk, [profile = ''], options) {
        await signConfig(
          desk,
          { kind: 'profile', profile },
          {
            key: await keyOrConsole(desk, options['key']),
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
          path === undefined ? undefined : await readText(desk.io, path, LIMITS.valueBytes);
        const { ok } = await desk.answer(
          'policy_test',
          cases === undefined ? {} : { cases },
          renderPolicyTest,
        );
        return ok ? EXIT_CODES.ok : EXIT_CODES.refused;
      },
    },
    {
      usage: 'explain <change>',
      summary: 'why a change was decided as it was: each policy that spoke',
      examples: ['policy explain chg_0123456789abcdef01234567'],
      async run(desk, [changeId = '']) {
        await desk.answer('policy_explain', { changeId }, renderExplained);
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
        await desk.answer('policy_replay', given(options, 'limit'), renderReplay);
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
    if (desk.json) desk.show(answer, () => {});
    else desk.raw(answer.bundle);
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
        await desk.answer('evidence_status', {}, renderEvidence);
      },
    },
    {
      usage: 'output <sha256>',
      summary: 'show a kept output, by the hash that receipts and events name',
      examples: [
        'evidence output 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
      ],
      async run(desk, [sha256 = '']) {
        await desk.answer('evidence_output', { sha256 }, renderOutput);
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
      more: 'With --json one page of at most 1000 lines; go on with --after and its next.',
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
          if (desk.json) {
            desk.show(page, () => {});
            return;
          }
          for (const line of page.lines) desk.raw(line);
          if (page.lines.length === 0 || page.next <= after) return;
          after = page.next;
        }
      },
    },
  ],
};
