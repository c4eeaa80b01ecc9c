/**
 * Who may sign and what is in force: prepares config documents, takes signed ones, and brings them to
 * hosts. The truth is the signed records; everything here is read from them anew when they change.
 */
import { join } from 'node:path';
import {
  configStatus,
  digestWords,
  fingerprint,
  type InForce,
  NAMESPACES,
  nextConfig,
  RECOVERY,
} from '#authority';
import { sha256 } from '#base/digest';
import { asFault, Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { Clock, Files } from '#base/ports';
import { formatInstant, type Instant } from '#base/time';
import type { Log } from '#evidence';
import type { AuthorityState } from '#execution';
import type { AuthorityPowers, ConfigRequest } from '#operations';
import {
  type AuthorityRecord,
  bytesOf,
  finishStaged,
  follow,
  type LastSigned,
  mustBeNewest,
  readRecords,
  recordFile,
  stagedFile,
  type Texts,
} from './authority-record.ts';
import { registryOf, wantedOf } from './config-request.ts';
import type { Paths } from './data-directory.ts';
import { stampOfFolder } from './file-stamp.ts';
import { Kept } from './kept.ts';
import { PendingConfigs } from './pending-config.ts';
import { keysInForce, unsignedRestore } from './restored.ts';

export type Digests = {
  readonly inventory: string;
  readonly policy: string;
  readonly catalogue: string;
  readonly baselines: string;
};

export type AuthorityNeeds = {
  readonly files: Files;
  readonly clock: Clock;
  readonly paths: Paths;
  readonly events: Log;
  readonly organisation: () => Promise<string>;
  /** Of what lies there now, with the operators' registry given. */
  readonly digests: (operators: string) => Promise<Digests>;
  /** Names of what was edited since `baselines` was signed with the second digest; `now` is the first. */
  readonly edited: (now: string, signed: string | undefined) => Promise<readonly string[]>;
  readonly checkpoint: () => Promise<{ readonly size: number; readonly root: string }>;
  /** The latest version that this machine, as a host, was brought; `undefined` while it cannot be asked. */
  readonly versionOnHost: () => Promise<number | undefined>;
  /** Brings the records to the hosts there are; answers what could not be brought, in words. */
  readonly deliver: (records: readonly AuthorityRecord[]) => Promise<readonly string[]>;
};

type SignedConfig = Parameters<AuthorityPowers['apply']>[0];

const SIGNED = 'config.signed';

export class AuthorityKeeper implements AuthorityPowers {
  readonly #needs: AuthorityNeeds;
  readonly #records: Kept<readonly AuthorityRecord[]>;
  /** Nothing but a signature changes it while this runs. */
  readonly #pending: PendingConfigs;
  #unsigned: Promise<string | null> | undefined;
  #parsed: { readonly text: string; readonly registry: ReturnType<typeof registryOf> } | undefined;
  #applying: Promise<unknown> = Promise.resolve();

  constructor(needs: AuthorityNeeds) {
    this.#needs = needs;
    const { files, clock, paths } = needs;
    this.#pending = new PendingConfigs(files, clock, join(paths.authority, 'pending'));
    this.#records = new Kept(
      () => stampOfFolder(paths.authority),
      () => this.#read(),
    );
  }

  /** What lies there, held to what the log and this machine know: the newest is never less than that. */
  async #read(): Promise<readonly AuthorityRecord[]> {
    const { files, paths, versionOnHost } = this.#needs;
    const last = await this.#lastSigned();
    const there = await readRecords(files, paths.authority);
    const records = await finishStaged(files, paths.authority, there, last);
    mustBeNewest(paths.authority, records, last, await versionOnHost());
    return records;
  }

  async #lastSigned(): Promise<LastSigned | undefined> {
    const [event] = await this.#needs.events.read({ operation: SIGNED }, 1);
    const { version, config } = event?.more ?? {};
    return typeof version === 'number' && typeof config === 'string'
      ? { version, digest: config }
      : undefined;
  }

  records(): Promise<readonly AuthorityRecord[]> {
    return this.#records.get();
  }

  /** For the change road. Throws where anything of it cannot be read. */
  async state(): Promise<AuthorityState> {
    const { organisation } = this.#needs;
    const current = (await this.records()).at(-1);
    const operatorsText = await this.#operatorsText();
    const now = await this.#needs.digests(operatorsText);
    const none = current ?? NOBODY;
    return {
      organisation: await organisation(),
      signers: none.signers,
      signersText: current?.texts.signers ?? '',
      revocations: none.revocations,
      hostPolicy: none.hostPolicy,
      config:
        current === undefined
          ? null
          : { text: current.texts.order, signatures: current.texts.signatures },
      now: { ...now, ...filesNow(current) },
      operators: this.#registry(operatorsText),
      hasRecovery: current?.hasRecovery ?? false,
      restored: await this.#restored(),
      edited: await this.#needs.edited(now.baselines, current?.config.baselines),
    };
  }

  /** Of one of the digests alone: whether the config in force has it; `true` while nobody can sign. */
  async hasSigned(name: keyof Digests, digest: string): Promise<boolean> {
    const current = (await this.records()).at(-1);
    return current === undefined || current.config[name] === digest;
  }

  async operators(): Promise<Json> {
    const current = (await this.records()).at(-1);
    const registry = this.#registry(await this.#operatorsText());
    const ids = [
      ...new Set((current?.signers.lines ?? []).flatMap(({ operators }) => operators)),
    ].filter((id) => id !== RECOVERY);
    const policy = current?.hostPolicy;
    return {
      operators: ids.map((id) => {
        const person = registry.find((one) => one.id === id);
        return {
          id,
          name: person?.name ?? id,
          accounts: [...(person?.accounts ?? [])],
          keys: (current?.signers.lines ?? [])
            .filter(({ operators }) => operators.includes(id))
            .map(({ key, isAuthority }) => ({
              type: isAuthority ? `root ${key.type}` : key.type,
              fingerprint: fingerprint(key.blob),
              // Of a passkey: the name that it is bound to, and of which it is a key.
              ...(key.application === null || key.application.startsWith('ssh:')
                ? {}
                : { rpId: key.application }),
            })),
        };
      }),
      recovery: current?.hasRecovery ?? false,
      profile: policy?.profile ?? 'solo',
      rules: Object.entries(policy?.rules ?? {}).map(([rule, { quorum, assurance }]) => ({
        rule,
        quorum,
        least: assurance,
      })),
      next:
        current === undefined
          ? 'holdfast operator add <id>, at a terminal'
          : current.hasRecovery
            ? ''
            : 'holdfast operator recovery --recovery-key <path on a medium you keep offline>',
    };
  }

  async status(): Promise<Json> {
    const current = (await this.records()).at(-1);
    if (current === undefined) {
      return {
        status: 'unsigned',
        version: 0,
        signedBy: [],
        at: null,
        changed: [],
        next: 'holdfast operator add <id>, at a terminal',
      };
    }
    const found = await this.#changed(current);
    const restored = await this.#restored();
    if (restored !== null) {
      return {
        status: 'restored',
        version: current.config.version,
        signedBy: [...current.signedBy],
        at: formatInstant((current.config.issued * 1_000_000) as Instant),
        changed: [...found],
        restored,
        keys: [...keysInForce(current)],
        next: 'holdfast config sign, once these are the people who may sign; revoke the others first with holdfast operator revoke',
      };
    }
    return {
      status: found.length === 0 ? 'in-force' : 'changed',
      version: current.config.version,
      signedBy: [...current.signedBy],
      at: formatInstant((current.config.issued * 1_000_000) as Instant),
      changed: [...found],
      next: found.length === 0 ? '' : 'holdfast config sign, once what changed is as you want it',
    };
  }

  async page(request: ConfigRequest, principal: string): Promise<Json> {
    const { clock, organisation, checkpoint } = this.#needs;
    const current = (await this.records()).at(-1);
    const before = await this.#operatorsText();
    const wanted = wantedOf(current, request, before, formatInstant(clock.now()));
    const digests = await this.#needs.digests(wanted.operators);
    const next = nextConfig({
      organisation: current?.config.organisation ?? (await organisation()),
      current: current === undefined ? null : inForce(current),
      authority: wanted.authority,
      digests,
      issued: Math.floor(clock.now() / 1_000_000),
      checkpoint: await checkpoint(),
    });
    const pending: Omit<Texts, 'signatures' | 'recoveryTest'> = {
      order: next.text,
      signers: next.files.signers,
      revocations: Buffer.from(next.files.revocations).toString('base64'),
      hostPolicy: next.files.hostPolicy,
      operators: wanted.operators,
    };
    const digest = sha256(next.text);
    await this.#pending.keep(digest, pending, principal);
    const rule = (current?.hostPolicy ?? { rules: wanted.authority.policy.rules }).rules.config;
    return {
      order: next.text,
      namespace: NAMESPACES.config,
      version: next.config.version,
      digest,
      digestWords: digestWords(digest),
      says: [
        ...wanted.says,
        ...(await this.#broughtBack(current)),
        ...(await this.#differences(current, digests)),
      ],
      needs:
        current === undefined
          ? 'of the new operator, who is the first'
          : `${rule.quorum} of at least ${rule.assurance}, or the recovery key`,
    };
  }

  /** Of what was prepared here: left for a passkey in the console, for a day. */
  async wait(
    order: string,
    says: readonly string[],
    recoverySignature: string | null,
    by: string,
  ): Promise<Json> {
    const digest = sha256(order);
    await this.#pending.wait({ digest, order, says, by, recoverySignature });
    return { digest, path: `/sign/${digest}` };
  }

  async waiting(): Promise<Json> {
    const waiting = await this.#pending.waiting();
    return waiting.map(({ digest, order, says, by, recoverySignature }) => ({
      digest,
      order,
      says: [...says],
      by,
      namespace: NAMESPACES.config,
      digestWords: digestWords(digest),
      hasRecoverySignature: recoverySignature !== null,
    }));
  }

  /** One after another: of two that follow the same version, the second does not follow any more. */
  apply(signed: SignedConfig, principal: string): Promise<Json> {
    const applied = this.#applying.then(() => this.#apply(signed, principal));
    this.#applying = applied.catch(() => {});
    return applied;
  }

  async #apply(signed: SignedConfig, principal: string): Promise<Json> {
    const { files, paths, events, clock } = this.#needs;
    const digest = sha256(signed.order);
    const pending = await this.#pending.read(digest);
    const records = await this.#read();
    const now = Math.floor(clock.now() / 1_000_000);
    const texts = {
      ...pending,
      order: signed.order,
      signatures: signed.signatures,
      recoveryTest: signed.recoverySignature ?? (await this.#pending.recoverySignature(digest)),
    };
    const record = follow(records.at(-1), texts, now);
    await this.#mustBeAsSigned(record);
    await files.makeDirectory(paths.authority);
    await files.replace(stagedFile(paths.authority), bytesOf(record), 0o600);
    await events.append({
      kind: SIGNED,
      requestId: digest.slice(0, 32),
      traceId: null,
      scope: 'all',
      principal,
      onBehalfOf: null,
      surface: principal.endsWith('@console') ? 'console' : 'cli',
      operation: SIGNED,
      arguments: {},
      decision: { verdict: 'allow', because: `signed by ${record.signedBy.join(', ')}` },
      outcome: 'done',
      fault: null,
      targets: [],
      output: null,
      tainted: false,
      more: { config: digest, version: record.config.version, signedBy: [...record.signedBy] },
    }).durable;
    const place = recordFile(paths.authority, record.config.version);
    await files.replace(place, bytesOf(record), 0o600);
    await files.remove(stagedFile(paths.authority));
    if ((await this.#operatorsText()) !== record.texts.operators)
      await files.replace(paths.operators, Buffer.from(record.texts.operators), 0o600);
    await this.#pending.forget(digest);
    // A person has looked at what was restored and put it in force.
    await files.remove(paths.restored);
    this.#unsigned = undefined;
    // What was signed is looked at and kept before anybody edits it.
    await this.#needs.edited(record.config.baselines, record.config.baselines);
    const trouble = await this.#needs.deliver([...records, record]);
    return {
      version: record.config.version,
      says: [`signed by ${record.signedBy.join(', ')}`, ...trouble],
      next: record.hasRecovery
        ? ''
        : 'name a recovery key before the first T2: holdfast operator recovery --recovery-key <path>',
    };
  }

  /** Since when nobody has signed what a backup brought back. */
  async #restored(): Promise<string | null> {
    const { files, paths, events } = this.#needs;
    this.#unsigned ??= unsignedRestore(events).catch((thrown: unknown) => {
      this.#unsigned = undefined;
      throw thrown;
    });
    const unsigned = await this.#unsigned;
    if (unsigned !== null) return unsigned;
    const note = await files.read(paths.restored);
    if (note === undefined) return null;
    // A death may have come between the signature and this.
    if (events.isRestored) await files.remove(paths.restored);
    return events.isRestored ? null : Buffer.from(note).toString('utf8').trim();
  }

  /** Every call asks for it, and the file hardly ever changes. */
  #registry(text: string): ReturnType<typeof registryOf> {
    if (this.#parsed?.text !== text) this.#parsed = { text, registry: registryOf(text) };
    return this.#parsed.registry;
  }

  async #operatorsText(): Promise<string> {
    const bytes = await this.#needs.files.read(this.#needs.paths.operators);
    return bytes === undefined ? '' : Buffer.from(bytes).toString('utf8');
  }

  async #changed(current: AuthorityRecord): Promise<readonly string[]> {
    try {
      const now = await this.#needs.digests(await this.#operatorsText());
      const status = configStatus(current.texts.order, current.texts.signatures, {
        ...now,
        ...filesNow(current),
      });
      const edited = await this.#needs.edited(now.baselines, current.config.baselines);
      const named = (name: string): string =>
        name === 'baselines' && edited.length > 0 ? edited.join(', ') : inWords(name);
      return status.state === 'changed' ? status.changed.map(named) : [];
    } catch (thrown) {
      return [`cannot be read: ${asFault(thrown).message}`];
    }
  }

  /** Whoever signs first after a restore answers for everybody who may sign then. */
  async #broughtBack(current: AuthorityRecord | undefined): Promise<readonly string[]> {
    const restored = await this.#restored();
    if (restored === null) return [];
    return [
      `a backup was put back: ${restored}. Whoever was revoked since may sign again. These may sign now:`,
      ...keysInForce(current),
    ];
  }

  async #differences(
    current: AuthorityRecord | undefined,
    digests: Digests,
  ): Promise<readonly string[]> {
    if (current === undefined)
      return [
        'inventory, policies, catalogue, baselines and waivers come in force as they are now',
      ];
    const changed = (Object.keys(digests) as (keyof Digests)[]).filter(
      (name) => digests[name] !== current.config[name],
    );
    return changed.map((name) => `${inWords(name)}: comes in force as it is now`);
  }

  /** Between the page and the signature a file may have been edited: then something else would be in force. */
  async #mustBeAsSigned({ config, texts }: AuthorityRecord): Promise<void> {
    const now = await this.#needs.digests(texts.operators);
    const moved = (Object.keys(now) as (keyof Digests)[]).filter(
      (name) => now[name] !== config[name],
    );
    if (moved.length === 0) return;
    throw new Fault(
      'conflict',
      'config-moved',
      `edited since the page was shown: ${moved.map(inWords).join(', ')}. Prepare it again`,
    );
  }
}

/** Before anybody may sign: a state in which nothing above T0 passes. */
const NOBODY = {
  signers: { version: 0, previous: '', lines: [] },
  revocations: { version: 0, madeAt: 0, keys: [], serials: [] },
  hostPolicy: {
    version: 0,
    previous: '',
    profile: 'solo',
    rules: {
      T1: { quorum: 1, assurance: 'separate' },
      T2: { quorum: 1, assurance: 'separate' },
      T3: { quorum: 1, assurance: 'separate' },
      standing: { quorum: 1, assurance: 'separate' },
      config: { quorum: 1, assurance: 'separate' },
      lift: { quorum: 1, assurance: 'separate' },
    },
    skew: 0,
    origins: [],
  },
} as const;

function inForce({ texts, signers, revocations, hostPolicy }: AuthorityRecord): InForce {
  return { config: texts.order, signers, revocations, hostPolicy };
}

function filesNow(
  current: AuthorityRecord | undefined,
): Pick<AuthorityState['now'], 'signers' | 'revocations' | 'hostPolicy'> {
  return {
    signers: sha256(current?.texts.signers ?? ''),
    revocations: sha256(Buffer.from(current?.texts.revocations ?? '', 'base64')),
    hostPolicy: sha256(current?.texts.hostPolicy ?? ''),
  };
}

function inWords(name: string): string {
  switch (name) {
    case 'inventory':
      return 'the inventory (fleet.yaml)';
    case 'policy':
      return 'policies, settings or operators (policy/, operators.yaml)';
    case 'catalogue':
      return 'the catalogue (catalogue/, runbooks/, or the shipped actions of this version)';
    case 'baselines':
      return 'baselines, waivers, declarations, notices, server or access (declarations.yaml and what it names, notices.yaml, server.yaml, access.yaml)';
    default:
      return `the file ${name}`;
  }
}

/** Everything that decides, apart from who may sign. */
export function policyDigest(policies: string, operators: string): string {
  return sha256(`${policies}\n${sha256(operators)}\n`);
}
