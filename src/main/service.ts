/**
 * Assembles the service that owns a data directory: store, event log, inventory, collectors and the
 * kernel that answers calls. Everything else in `main` only decides what is served around it.
 */
import { join } from 'node:path';
import type { Signers } from '#authority';
import { digestOf } from '#base/digest';
import { asFault, Fault } from '#base/fault';
import type { Json } from '#base/json';
import { jsonLog, type Log } from '#base/log';
import {
  type Anchoring,
  type EventInput,
  type EventLog,
  openEventLog,
  openHeadFile,
} from '#evidence';
import { type ChangeRoad, changesRan, type FaultPoint } from '#execution';
import { type Identity, openIdentity } from '#identity';
import {
  type EgressRules,
  nodeClock,
  nodeFiles,
  nodeMachineFiles,
  nodeMailer,
  nodePoster,
  nodePrograms,
  nodeRandom,
} from '#machine';
import type { ChangeState, Tier } from '#model';
import {
  type Answer,
  type Call,
  findingChanges,
  issuerOf,
  Kernel,
  OPERATIONS,
  type TrailPowers,
  type World,
} from '#operations';
import { forTerminal } from '#redaction';
import { DEFAULT_SERVER } from '#serving';
import type { People, SignIn } from '#signin';
import { openSqliteStore, type Store } from '#store';
import type { Readings, ReadyCheck } from '#web';
import { CLI_CALLER, SERVICE_CALLER } from './callers.ts';
import { policyOrFault, roadInMain } from './change-road.ts';
import { consoleSite } from './console-site.ts';
import { type Paths, pathsOf } from './data-directory.ts';
import { declarationPowers } from './declaration-powers.ts';
import { anchorsOf, readEvidence, startAnchoring } from './evidence-keeper.ts';
import { watchEvidence } from './evidence-watch.ts';
import type { Fleet } from './fleet.ts';
import { IdentityKeeper } from './identity-keeper.ts';
import { InventoryKeeper } from './inventory-keeper.ts';
import { LearningKeeper } from './learning-keeper.ts';
import { type LeaseDoor, leaseDoor } from './leases.ts';
import { type OwnerLock, tryOwn } from './owner-lock.ts';
import { PASSKEYS, passkeysBytes, takePasskeys } from './passkeys-backup.ts';
import { PeopleInForce } from './people-in-force.ts';
import { accessAt, peopleRoles } from './people-roles.ts';
import { policyTools } from './policy-tools.ts';
import { privateDirectory, privateHome } from './private-directory.ts';
import { programDigest } from './program-digest.ts';
import { programVersion } from './program-version.ts';
import { proofTools, recordPrunings } from './proof-tools.ts';
import { readings, readyChecks } from './readings.ts';
import { runJob } from './schedule-jobs.ts';
import { confirmedServer } from './server-confirmed.ts';
import { ServerInForce } from './server-in-force.ts';
import { settleUnfinished } from './settle.ts';
import type { SignedText } from './signed-file.ts';
import { toolLooks, toolTargets } from './tool-looks.ts';
import { unsignedChecks } from './unsigned-edit.ts';
import { Wake, type WatchedFleet, watchChanges, watchNotices } from './watch.ts';

export type Service = AsyncDisposable & {
  readonly paths: Paths;
  readonly log: Log;
  readonly version: string;
  readonly events: EventLog;
  readonly inventory: InventoryKeeper;
  readonly road: Pick<ChangeRoad, 'tick'>;
  /** What is to be looked at again and again. */
  readonly watched: WatchedFleet;
  /** Prunes kept outputs and sends events to syslog until told to stop. */
  watchEvidence(signal: AbortSignal): Promise<void>;
  /** Does what `notices.yaml` says, by the clock and when something changed. */
  watchNotices(signal: AbortSignal): Promise<void>;
  perform(call: Call): Promise<Answer>;
  readonly identity: Identity;
  /** `server.yaml` as it is in force. */
  readonly server: Pick<ServerInForce, 'toServe'>;
  readonly egress: EgressRules;
  /** Who is behind a bearer. */
  readonly leases: LeaseDoor;
  readonly signIn: SignIn;
  /** Who may be here, and as what, apart from any session. */
  readonly people: PeopleNow;
  /** Where the console is opened in fact, once that is known. */
  openedAt(origin: string): void;
  /** Calls `listener` after each operation that may have changed what is known or declared. */
  onChange(listener: () => void): void;
  /** Calls `listener` with each event once it is kept. */
  onEvent(listener: (event: EventInput) => void): void;
  /** Where a change stands; `undefined`: there is none of that id. */
  changeState(id: string): ChangeState | undefined;
  /** Whether it can do its work, part by part. */
  ready(): Promise<readonly ReadyCheck[]>;
  /** How things stand, in numbers. */
  readings(people: Pick<Readings, 'sessions' | 'leases'>): Promise<Readings>;
  close(): Promise<void>;
};

const CHANGING: ReadonlySet<string> = new Set(
  OPERATIONS.filter(({ effect }) => effect !== 'look').map(({ name }) => name),
);

/** Changed findings in one go; what is beyond it is told by `holdfast drift`. */
const MOST_TOLD = 20_000;
const HOUR = 3_600_000_000;

export type PeopleNow = Pick<People, 'standing' | 'roles'> & Pick<PeopleInForce, 'accounts'>;

export type ServiceSettings = {
  readonly home: string;
  /** Where lines of the helpful log go. */
  readonly logSink: (line: string) => void;
  /** What `verify` found before anything was opened; opening mends what a crash left. */
  readonly verified?: Json;
  /** Called at each step of a change; for tests that end the process there. */
  readonly at?: (point: FaultPoint) => void;
};

/** Opens the data directory as its owner, or `undefined` when another process owns it. */
export async function openService(settings: ServiceSettings): Promise<Service | undefined> {
  const clock = nodeClock();
  const random = nodeRandom();
  const files = nodeFiles();
  const paths = pathsOf(settings.home);
  await privateHome(files, paths.home);
  for (const directory of [
    paths.run,
    paths.keys,
    paths.identity,
    join(paths.home, 'store'),
    paths.log,
  ]) {
    await privateDirectory(files, directory);
  }
  const lock = tryOwn(paths.ownerLock);
  if (lock === undefined) return undefined;
  await using opening = new AsyncDisposableStack();
  opening.use(lock satisfies OwnerLock);
  const log = jsonLog(clock, forTerminal, settings.logSink);
  const inventory = new InventoryKeeper(files, paths.inventory);
  const version = programVersion();
  const store: Store = opening.use(await openSqliteStore({ path: paths.facts, files }));
  const evidence = await readEvidence(files, paths);
  const heads = opening.use(await openHeadFile(files, paths.logHead));
  // Ends after the log, so that the last checkpoint becomes known as well.
  let anchoring: Anchoring | undefined;
  opening.defer(() => anchoring?.[Symbol.asyncDispose]());
  const hearing = new Set<(event: EventInput) => void>();
  const events = opening.use(
    await openEventLog({
      files,
      clock,
      random,
      heads,
      directory: paths.log,
      keys: paths.keys,
      checkpointEveryEvents: evidence.settings.checkpoint.everyEvents,
      checkpointEveryMs: evidence.settings.checkpoint.everySeconds * 1_000,
      heard: (event) => {
        for (const listener of hearing) listener(event);
      },
      digests: {
        program: programDigest(),
        configuration: await configurationDigest(inventory, version),
      },
    }),
  );
  await settleUnfinished(store, events);
  const server: ServerInForce = new ServerInForce({
    files,
    path: paths.server,
    signed: (name) => signedText(name),
    confirmed: () => confirmedServer(events),
  });
  const {
    road,
    authority,
    catalogue,
    policies,
    outputs,
    host,
    fleet,
    controlPlane,
    isSigned,
    checkPlaybooks,
    reports,
    declarations,
    freshDeclarations,
  } = await roadInMain({
    files,
    clock,
    random,
    log,
    paths,
    store,
    events,
    inventory,
    egress: server.egress,
    observe: async ({ id }, kinds) => {
      const { value } = await kernel.perform({
        operation: 'observe',
        input: kinds.size === 0 ? { target: id } : { target: id, kinds: [...kinds].toSorted() },
        caller: SERVICE_CALLER,
      });
      const { unreachable } = value as { readonly unreachable: string | null };
      if (unreachable !== null)
        throw (await import('./look-at-target.ts')).targetUnreachable(id, unreachable);
    },
    at: settings.at ?? (() => {}),
  });
  const learning = new LearningKeeper({
    files,
    clock,
    log,
    store,
    events,
    folder: paths.commands,
    grammar: () => fleet.grammar(),
    isSigned,
  });
  const identity = opening.use(
    await openIdentity({ path: join(paths.identity, 'identity.sqlite'), files, clock, random }),
  );
  await takePasskeys(files, join(paths.home, PASSKEYS), identity);
  const site = consoleSite(server);
  const signedText: SignedText = async (name) => {
    const signed = (await authority.records()).at(-1)?.config.baselines;
    if (signed === undefined) return 'unsigned';
    const known = await declarations.signedPart(name, signed);
    if (known !== undefined) return known;
    await freshDeclarations();
    return declarations.signedPart(name, signed);
  };
  const access = accessAt({
    files,
    path: paths.access,
    scopes: async () => (await inventory.refresh()).scopes,
    signed: signedText,
  });
  const roles = peopleRoles(access.now, access.signed);
  const inForce = new PeopleInForce(() => authority.records());
  const leases = leaseDoor({
    identity,
    people: { standing: (operator) => inForce.standing(operator), roles },
    groups: async (operator) => {
      const { oidc } = await server.settings().catch(() => DEFAULT_SERVER);
      if (oidc === null || oidc.groups === null) return [];
      return identity.attested.of(operator, oidc.issuer, oidc.groupsHours * HOUR);
    },
    clock,
    local: issuerOf(CLI_CALLER.principal),
  });
  const people = new IdentityKeeper({
    identity,
    clock,
    random,
    events,
    people: inForce,
    roles,
    place: site.place,
    accepted: async () => (await authority.records()).at(-1)?.hostPolicy.origins ?? [],
    isServed: site.isServed,
    server,
    authority,
  });
  const tools = policyTools(files, store, policies, paths);
  const lookByTool = toolLooks({ files, clock, random, paths, isSigned });
  let trails: Promise<TrailPowers['read']> | undefined;
  let backups: Promise<unknown> = Promise.resolve();
  const world: World = {
    clock,
    random,
    log,
    store,
    events,
    inventory: async () => {
      const read = reports.over(await inventory.refresh());
      // What is compared in this call is what lies there as it is asked.
      await freshDeclarations().catch((thrown: unknown) =>
        log.error('declarations cannot be read', thrown),
      );
      return read;
    },
    drift: declarations.drift,
    observe: async (target, how) => {
      const { lookAtTarget } = await import('./look-at-target.ts');
      const seen = await lookAtTarget(fleet, clock, target, how, lookByTool, reports);
      return { ...seen, looks: [...seen.looks, ...(await checkPlaybooks(target, how))] };
    },
    editInventory: (edit) => inventory.edit(edit),
    verify: async () =>
      settings.verified ??
      ((await (
        await import('./verify.ts')
      ).verifyAll(
        files,
        paths,
        (crossed) => crossed(store),
        anchorsOf(evidence, clock),
      )) as unknown as Json),
    backup: (path, plain = false) => {
      const signers = async (): Promise<Signers | undefined> =>
        (await authority.records()).at(-1)?.signers;
      const passkeys = (): Uint8Array => passkeysBytes(identity);
      const job = { files, paths, store, events, clock, version, signers, passkeys, path, plain };
      // One after another: they share the place in which a copy is made.
      const made = backups.then(async () => (await import('./backup.ts')).backUp(job));
      backups = made.catch(() => {});
      return made;
    },
    trails: {
      changes: (target, window) => changesRan(store.changes, target.id, window),
      read: async (target, window) => {
        const about = { fleet, clock, store, inventory: () => inventory.refresh() };
        trails ??= import('./trails.ts').then(({ trailReader }) => trailReader(about));
        return (await trails)(target, window);
      },
    },
    doctor: async () => {
      const { examine, consoleChecks, changePatient } = await import('./doctor-wiring.ts');
      return examine({
        files,
        paths,
        store,
        events,
        inventory,
        version,
        keys: () => fleet.keys.checks(),
        reports: () => reports.checks(),
        console: async () => consoleChecks(await people.console()),
        unsigned: () => unsignedChecks([() => server.unsigned(), access.unsigned]),
        grammar: () => fleet.grammar(),
        declarations: () => declarations.refresh(),
        changes: changePatient({
          now: clock.now(),
          paths,
          road,
          host,
          authority,
          policies: tools,
          catalogue,
          scopes: await inventory.refresh().then(
            ({ scopes }) => scopes,
            () => [],
          ),
          anchors: () => anchoring?.health() ?? [],
        }),
      });
    },
    changes: {
      road,
      catalogue,
      commands: {
        analyse: async (question) => {
          await learning.noteAsked(question);
          return fleet.analyse(question);
        },
        noteBlocked: (question, analysis, asking) =>
          learning.noteBlocked(question, analysis, asking),
      },
      policy: async () => (await policyOrFault(policies)).engine,
      ceilingOf: async (profile) =>
        (await policies().then(
          ({ settings: { ceilings } }) => ceilings.get(profile) ?? 'T3',
          () => 'T0',
        )) as Tier,
    },
    authority,
    enrolment: fleet.enrolment,
    identity: people,
    learning,
    leases: identity.leases,
    access: {
      access: access.now,
      operators: () => inForce.ids(),
      unsigned: access.unsigned,
    },
    declarations: declarationPowers({
      files,
      programs: nodePrograms(),
      clock,
      keeper: declarations,
    }),
    policies: tools,
    proof: proofTools({
      files,
      clock,
      paths,
      store,
      events,
      outputs,
      authority,
      controlPlane,
      anchoring: () => anchoring,
      witnesses: evidence.settings.witnesses.map(({ key }) => key),
    }),
  };
  anchoring = await startAnchoring(evidence, files, clock, paths, events, server.egress);
  const kernel: Kernel = new Kernel(world, OPERATIONS);
  await recordPrunings(events, outputs);
  opening.use(fleet);
  opening.defer(() =>
    learning.keepCounts().catch((thrown: unknown) => log.error('counts of shadows', thrown)),
  );
  await fleet.hosts.begin(await authority.records().catch(() => []));
  await road.resume();
  opening.defer(() => road.idle());
  const closing = new AbortController();
  const looked = {
    checkStops: () => road.checkStops(),
    tick: async () => {
      await people.tick();
      await road.tick();
    },
  };
  const watching = watchChanges(looked, clock, log, closing.signal);
  opening.defer(async () => {
    closing.abort();
    await watching;
  });
  const listeners = new Set<() => void>();
  const ask = async (operation: string, input: Json): Promise<Json> =>
    (await kernel.perform({ operation, input, caller: SERVICE_CALLER })).value;
  const standing = {
    store,
    events,
    clock,
    inventory: () => inventory.refresh(),
    policy: () => policyOrFault(policies),
  };
  /** Whoever was taken out has nothing open any more: no session, and nothing that they lent. */
  const endOfRevoked = async (): Promise<void> => {
    try {
      for (const { id } of identity.sessions.list()) await people.signIn.isHere(id);
      for (const leaseId of await leases.orphans()) {
        const input = { leaseId, reason: 'whoever lent it was taken out' };
        await kernel.perform({ operation: 'lease_revoke', input, caller: SERVICE_CALLER });
      }
    } catch (thrown) {
      log.error('what a person who was taken out had open could not be ended', thrown);
    }
  };
  const held = opening.move();
  return {
    paths,
    log,
    version,
    events,
    inventory,
    road,
    watched: {
      targets: async () => {
        const { targets } = await fleet.inventory();
        const hosts = await fleet.enrolment.hosts();
        const isReached = await reports.reached();
        const byTool = await toolTargets(files, paths);
        return targets.filter(
          (target) =>
            target.transport === 'local' ||
            (target.transport === 'ssh' && hosts.has(target.id)) ||
            ((target.transport === 'tofu' || target.transport === 'talos') &&
              byTool.has(target.id)) ||
            isReached(target),
        );
      },
      end: () => {
        fleet.stopLooking();
        reports.stop();
      },
      look: async (target) => {
        const { value } = await kernel.perform({
          operation: 'observe',
          input: { target },
          caller: SERVICE_CALLER,
        });
        for (const listener of listeners) listener();
        const { unreachable } = value as { readonly unreachable: string | null };
        if (unreachable === null) await catchUp(fleet, log, target);
        return unreachable;
      },
    },
    watchNotices: async (signal) => {
      const changed = new Wake();
      listeners.add(() => changed.call());
      const { NoticeKeeper } = await import('./notice-keeper.ts');
      const notices = new NoticeKeeper({
        files,
        machineFiles: nodeMachineFiles(),
        uid: process.getuid?.() ?? -1,
        clock,
        log,
        poster: nodePoster(server.egress),
        mailer: nodeMailer(),
        origin: site.origin,
        events,
        facts: () => store.read,
        scopes: async () => (await inventory.refresh()).scopes,
        targets: async () => (await inventory.refresh()).targets,
        changes: (scopes, from, to) => findingChanges(store.read, scopes, from, to, MOST_TOLD),
        run: (job, schedule, targets) => runJob({ ask, clock, log }, job, schedule, targets),
        home: paths.home,
        settingsFile: paths.notices,
      });
      return watchNotices(notices, clock, log, changed, signal);
    },
    watchEvidence: (signal) =>
      watchEvidence(
        { files, clock, log, paths, settings: evidence.settings, events, outputs },
        signal,
      ),
    perform: async (call) => {
      const answer = await kernel.perform(call);
      if (call.operation === 'config_apply') await endOfRevoked();
      if (CHANGING.has(call.operation)) for (const listener of listeners) listener();
      return answer;
    },
    identity,
    server,
    egress: server.egress,
    leases,
    signIn: people.signIn,
    people: {
      standing: (operator) => inForce.standing(operator),
      roles,
      accounts: () => inForce.accounts(),
    },
    openedAt: site.openedAt,
    onChange: (listener) => void listeners.add(listener),
    onEvent: (listener) => void hearing.add(listener),
    changeState: (id) => store.changes.change(id)?.state,
    ready: () => readyChecks(standing),
    readings: (people) => readings(standing, people),
    close: () => held.disposeAsync(),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** A revocation that a host missed while it was away reaches it with the next look. */
async function catchUp(fleet: Fleet, log: Log, id: string): Promise<void> {
  try {
    const target = (await fleet.inventory()).byId.get(id);
    if (target !== undefined) await fleet.hosts.catchUp(target);
  } catch (thrown) {
    log.warn('a host could not be brought what is in force', {
      target: id,
      why: asFault(thrown).code,
    });
  }
}

/** What the operator set, as far as it decides anything: the inventory and the version of the program. */
async function configurationDigest(inventory: InventoryKeeper, version: string): Promise<string> {
  const digest = await inventory.refresh().then(
    (read) => read.digest,
    (fault: unknown) => `unreadable: ${fault instanceof Fault ? fault.code : 'internal'}`,
  );
  return digestOf({ version, inventory: digest });
}
