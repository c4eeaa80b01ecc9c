/** The change road with real files, hosts and keys behind its ports. */
import { join } from 'node:path';
import { NAMESPACES, publicKeyLine, signSshsigWith } from '#authority';
import { digestOf } from '#base/digest';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { LIMITS } from '#base/limits';
import type { Log } from '#base/log';
import type { Clock, Files, Random } from '#base/ports';
import { type Instant, MICROS_PER_SECOND, shift } from '#base/time';
import type { Catalogue } from '#catalogue';
import {
  type Log as EventLogFile,
  type OutputStore,
  openControlPlaneKey,
  openOutputStore,
} from '#evidence';
import { type ChangeRoad, type FaultPoint, openChangeRoad } from '#execution';
import type { Inventory } from '#inventory';
import { type EgressRules, nodeMachineFiles, nodePoster, nodePrograms } from '#machine';
import { BASELINE_SOURCE, type Target } from '#model';
import type { LookHow, TargetLook } from '#operations';
import type { FileSeen } from '#planning';
import type { Moment, Store } from '#store';
import { AuthorityKeeper, policyDigest } from './authority-keeper.ts';
import { AutomationKeeper } from './automation-keeper.ts';
import type { ControlPlane } from './bundle-parts.ts';
import { account } from './callers.ts';
import { catalogueDigestOf, catalogueKeeper } from './catalogue-keeper.ts';
import type { Paths } from './data-directory.ts';
import { DeclarationsKeeper } from './declarations-keeper.ts';
import { Fleet } from './fleet.ts';
import type { InventoryKeeper } from './inventory-keeper.ts';
import { LocalHostKeeper } from './local-host.ts';
import { type PoliciesInForce, policyKeeper } from './policy-keeper.ts';
import { ROOT } from './program-version.ts';
import { ReportLooks, reportMemory } from './report-looks.ts';
import { reportSettings } from './report-settings.ts';

/** Where changes keep, on the machine itself, what they need to be undone. */
const STATE_ROOT = '/var/lib/holdfast';
const FILE_SECONDS = 60;

export type RoadNeeds = {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly paths: Paths;
  readonly store: Store;
  readonly events: EventLogFile;
  readonly inventory: InventoryKeeper;
  /** Where requests may go. */
  readonly egress: EgressRules;
  /** Looks at a target and records what is there. */
  readonly observe: (target: Target, kinds: ReadonlySet<string>) => Promise<void>;
  readonly at: (point: FaultPoint) => void | Promise<void>;
};

export type RoadInMain = {
  readonly road: ChangeRoad;
  readonly authority: AuthorityKeeper;
  readonly catalogue: () => Promise<Catalogue>;
  readonly policies: () => Promise<PoliciesInForce>;
  readonly outputs: OutputStore;
  readonly controlPlane: ControlPlane;
  readonly host: LocalHostKeeper;
  readonly fleet: Fleet;
  /** What should be, as it lies there now; `fresh` reads what was touched. */
  readonly declarations: DeclarationsKeeper;
  readonly freshDeclarations: () => Promise<void>;
  readonly reports: ReportLooks;
  /** Actions, runbooks and the operator's own entries are what an operator signed. */
  readonly isSigned: () => Promise<boolean>;
  /** What Ansible says of a target, where it is asked for. */
  readonly checkPlaybooks: (target: Target, how: LookHow) => Promise<TargetLook['looks']>;
};

export async function roadInMain(needs: RoadNeeds): Promise<RoadInMain> {
  const { files, clock, random, log, paths, store, events, inventory, egress } = needs;
  const catalogue = catalogueKeeper(files, paths);
  const policies = policyKeeper(files, paths);
  const controlPlane = await openControlPlaneKey({ files, random, keys: paths.keys });
  const outputs = await openOutputStore({
    files,
    random,
    directory: paths.outputs,
    keyFile: join(paths.keys, 'outputs'),
  });
  const host = new LocalHostKeeper(files, random, paths, controlPlane, events);
  const checkpoint = async (): Promise<{ readonly size: number; readonly root: string }> => {
    const { size, root } = events.head;
    return { size, root };
  };
  const reportsSettings = reportSettings(files, paths.collectors);
  const declarations = new DeclarationsKeeper({
    files,
    programs: nodePrograms(),
    machineFiles: nodeMachineFiles(),
    paths,
    inventory: async (): Promise<Inventory> => reports.over(await inventory.refresh()),
    wasStored: async (digest) => {
      const { scopes } = await inventory.refresh();
      const signed = (await authority.records()).at(-1);
      if (signed === undefined) return false;
      const last = shift(
        (signed.config.issued * MICROS_PER_SECOND) as Instant,
        MICROS_PER_SECOND - 1,
      );
      return (
        storedDigest(store, scopes, momentNow()) === digest ||
        storedDigest(store, scopes, { asOf: last, knownAt: last }) === digest
      );
    },
  });
  const momentNow = (): Moment => {
    const now = clock.now();
    return { asOf: now, knownAt: Math.max(now, store.read.lastRecordedAt() ?? now) as Instant };
  };
  let stored: { readonly key: string; readonly digest: string } | undefined;
  const baselinesDigest = async (): Promise<string> => {
    const { scopes } = await inventory.refresh();
    // Nothing of the store moves but by what is recorded, and every call asks.
    const key = JSON.stringify([store.read.lastRecordedAt() ?? null, scopes]);
    if (stored?.key !== key) stored = { key, digest: storedDigest(store, scopes, momentNow()) };
    return declarations.digest(stored.digest);
  };
  const freshDeclarations = async (): Promise<void> => {
    const signed = (await authority.records()).at(-1)?.config.baselines;
    await declarations.settle(await baselinesDigest(), signed);
  };
  const automation = new AutomationKeeper({ files, clock, paths });
  const digestWith = async (tools: string | undefined): Promise<string> =>
    catalogueDigestOf(
      await catalogue(),
      await fleet.commands.digest(),
      tools,
      (await reportsSettings())?.digest,
    );
  const catalogueDigest = async (): Promise<string> => digestWith((await automation.now())?.digest);
  /** Before the first operator nobody can sign, and entries count as `unsigned` as everything else does. */
  const isSigned = async (): Promise<boolean> =>
    authority.hasSigned('catalogue', await catalogueDigest());
  const fleet = new Fleet({
    files,
    clock,
    random,
    paths,
    events,
    local: host,
    controlPlaneKey: publicKeyLine(controlPlane.publicKey),
    inventory: () => inventory.refresh(),
    authority: () => authority.state(),
    egress,
    isSigned,
  });
  const authority: AuthorityKeeper = new AuthorityKeeper({
    files,
    clock,
    paths,
    events,
    organisation: async () => (await policies()).settings.organisation,
    digests: async (operators) => ({
      inventory: hex((await inventory.refresh()).digest),
      policy: policyDigest((await policies()).digest, operators),
      catalogue: await catalogueDigest(),
      baselines: await baselinesDigest(),
    }),
    edited: (now, signed) => declarations.settle(now, signed),
    checkpoint,
    versionOnHost: () => host.version(),
    deliver: (records) => fleet.hosts.deliver(records),
  });
  const signRun = (text: string): Promise<string> =>
    signSshsigWith(controlPlane, NAMESPACES.run, text);
  const road = openChangeRoad({
    clock,
    random,
    files,
    home: paths.home,
    log,
    store,
    events,
    inventory: () => inventory.refresh(),
    catalogue,
    policy: async () => (await policies()).engine,
    settings: async () => (await policies()).settings,
    authority: () => authority.state(),
    judgeCommand: fleet.judgeCommand,
    readOn: fleet.readOn,
    adapterOf: (target) => fleet.hosts.adapterOf(target),
    enrolled: (target) => fleet.hosts.enrolled(target),
    fileOf: fileOf(filesOf(paths.runbooks), fleet),
    roots: { state: STATE_ROOT, runbooks: paths.runbooks, program: ROOT, account: account() },
    checkpoint,
    signRun,
    keepOutput: (text, change) =>
      outputs.keep(text, { change, media: 'text/plain', at: clock.now() }),
    observe: async (targets, kinds) => {
      for (const target of targets) await needs.observe(target, kinds);
    },
    at: needs.at,
  });
  const reports: ReportLooks = new ReportLooks({
    clock,
    random,
    log,
    look: nodeMachineFiles(),
    poster: nodePoster(egress),
    uid: process.geteuid?.() ?? 0,
    settings: reportsSettings,
    readerOf: (target) => fleet.readerOf(target),
    isSigned,
    ...reportMemory(store, clock),
  });
  return {
    road,
    reports,
    declarations,
    freshDeclarations,
    authority,
    catalogue,
    policies,
    outputs,
    controlPlane: { line: publicKeyLine(controlPlane.publicKey), signRun },
    host,
    fleet,
    isSigned,
    checkPlaybooks: (target, how) =>
      automation.look(target, how, async (digest) =>
        authority.hasSigned('catalogue', await digestWith(digest)),
      ),
  };
}

/** Of hosts over ssh, what the reader may see; what it may not is neither there nor absent. */
function fileOf(
  local: ReturnType<typeof filesOf>,
  fleet: Fleet,
): (target: Target, path: string) => Promise<FileSeen> {
  return async (target, path) => {
    if (target.transport === 'local') return local(target, path);
    const named = await fleet.readOn(target, ['stat', '-c', '%F', '--', path], FILE_SECONDS);
    const says = Buffer.from(named.stdout).toString('latin1').trim();
    if (named.exit !== 0) {
      const why = Buffer.from(named.stderr).toString('latin1');
      return named.exit === 1 && why.endsWith(': No such file or directory\n')
        ? 'absent'
        : undefined;
    }
    if (says !== 'regular file' && says !== 'regular empty file') return undefined;
    const summed = await fleet.readOn(target, ['sha256sum', '--', path], FILE_SECONDS);
    const [, sha256] =
      /^\\?([0-9a-f]{64}) /.exec(Buffer.from(summed.stdout).toString('latin1')) ?? [];
    return summed.exit === 0 && sha256 !== undefined ? { sha256 } : undefined;
  };
}

/** Documents spell a SHA-256 without its name. */
function hex(digest: string): string {
  return digest.replace(/^sha256:/, '');
}

/**
 * Files of this machine, without following a link. Below the runbook root no directory may be a link
 * either: what lies elsewhere is no script of ours.
 */
export function filesOf(runbooks: string): (target: Target, path: string) => Promise<FileSeen> {
  const machine = nodeMachineFiles();
  return async (_target, path) => {
    const below = path.startsWith(`${runbooks}/`) ? path.slice(runbooks.length + 1) : '';
    const folders = below.split('/').slice(0, -1);
    for (const [depth] of folders.entries()) {
      const folder = join(runbooks, ...folders.slice(0, depth + 1));
      const kind = (await machine.stat(folder))?.kind;
      if (kind === undefined) return 'absent';
      if (kind !== 'directory') return undefined;
    }
    const stat = await machine.stat(path);
    if (stat === undefined) return 'absent';
    if (stat.kind !== 'file') return undefined;
    const sha256 = await machine.sha256(path, LIMITS.collectorBytes);
    return sha256 === undefined ? undefined : { sha256 };
  };
}

/** Over every baseline and waiver in force, whatever the order in which they were written. */
function storedDigest(store: Store, scopes: readonly string[], at: Moment): string {
  const facts: Json[] = [];
  for (const type of ['known_good', 'desired'] as const) {
    for (const { scope, target, entity, attribute, value } of store.read.each(
      { scopes, source: BASELINE_SOURCE, type },
      at,
    ))
      facts.push([scope, target, type, entity, attribute, value]);
  }
  return hex(digestOf(facts));
}

export async function policyOrFault(
  policies: () => Promise<PoliciesInForce>,
): Promise<PoliciesInForce> {
  try {
    return await policies();
  } catch (cause) {
    throw new Fault(
      'unavailable',
      'policy-unavailable',
      `the policies cannot be used, so nothing is permitted: ${cause instanceof Fault ? cause.message : 'they cannot be read'}. holdfast policy test says where`,
      { cause },
    );
  }
}
