/**
 * The hosts of the fleet, assembled: who is enrolled, how each is reached, what may be read there, and the
 * orders that operators signed brought to each.
 */
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Enrolled,
  type HostReader,
  type Looked,
  localReader,
  type OpenSsh,
  openSshReach,
  type ReadAnswer,
  type SshReach,
} from '#adapters';
import { asFault, Fault } from '#base/fault';
import type { Clock, Files, Random } from '#base/ports';
import { analyse, type CommandGiven, tokenize } from '#commands';
import type { Log } from '#evidence';
import type { AuthorityState, JudgedCommand, RoadPorts } from '#execution';
import { type Inventory, requireSsh } from '#inventory';
import { type EgressRules, nodeChannels, nodePrograms } from '#machine';
import type { Target } from '#model';
import type { CommandAnalysis, CommandQuestion } from '#operations';
import { CommandKeeper, type Grammar, grammarText } from './command-keeper.ts';
import type { Paths } from './data-directory.ts';
import { EnrolmentKeeper } from './enrolment-keeper.ts';
import { HostsKeeper } from './hosts-keeper.ts';
import type { LocalHostKeeper } from './local-host.ts';
import { ROOT } from './program-version.ts';
import { transportKeys } from './transport-keys.ts';
import { TransportSources } from './transport-sources.ts';

const MOST_BYTES = 4_194_304;
/** `try-a` behind it is a directory of `openSshReach`, which takes 80. */
const MOST_SOCKET_CHARS = 72;
const LOOK_BYTES = 1_048_576;

export type FleetNeeds = {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly paths: Paths;
  readonly events: Log;
  readonly local: LocalHostKeeper;
  readonly controlPlaneKey: string;
  readonly inventory: () => Promise<Inventory>;
  readonly authority: () => Promise<AuthorityState>;
  /** Where requests for keys may go. */
  readonly egress: EgressRules;
  /** The operator's own entries are what an operator signed, or nobody can sign yet. */
  readonly isSigned: () => Promise<boolean>;
};

export class Fleet implements AsyncDisposable {
  readonly commands: CommandKeeper;
  readonly hosts: HostsKeeper;
  readonly enrolment: EnrolmentKeeper;
  readonly reach: SshReach;
  readonly keys: TransportSources;
  readonly #needs: FleetNeeds;
  readonly #local: LocalReading;
  readonly #sockets: string;
  readonly #stop = new AbortController();
  #inventory: Inventory | undefined;

  constructor(needs: FleetNeeds) {
    this.#needs = needs;
    const { files, clock, random, paths, events, local, authority, controlPlaneKey } = needs;
    const programs = nodePrograms();
    const channels = nodeChannels();
    const transport = transportKeys(files, programs, paths.keys);
    const settings = paths.transport;
    this.keys = new TransportSources({
      files,
      clock,
      programs,
      settings,
      own: transport,
      egress: needs.egress,
    });
    // Ours alone, and nobody tidies there; but sockets have short names, which a data directory need not have.
    const ours = join(paths.run, 'ssh');
    this.#sockets =
      ours.length <= MOST_SOCKET_CHARS && /^[A-Za-z0-9_./-]+$/.test(ours)
        ? ours
        : mkdtempSync(join(tmpdir(), 'holdfast-ssh-'));
    this.commands = new CommandKeeper(files, paths);
    this.#local = new LocalReading(clock, random);
    const reachWith = (directory: string, keyOf: OpenSsh['keyOf']): SshReach =>
      openSshReach({
        channels,
        programs,
        clock,
        random,
        files,
        directory,
        resolve: (id) => this.#inventory?.byId.get(id),
        hostKeys: async ({ target }) =>
          target === null ? [] : ((await this.enrolment.host(target.id))?.hostKeys ?? []),
        keyOf,
        userOf: async ({ id }, account) =>
          account === 'runner' && (await this.enrolment.host(id))?.runnerBy === 'root'
            ? 'root'
            : null,
      });
    this.enrolment = new EnrolmentKeeper({
      files,
      clock,
      directory: paths.enrolment,
      events,
      authority,
      inventory: () => this.inventory(),
      controlPlaneKey,
      transport: this.keys.forEnrolment(),
      deliver: (targets) => this.#deliverTo(targets),
      enter: async (target, keys) => {
        const directory = join(this.#sockets, `try-${keys === transport.directory ? 'a' : 'b'}`);
        await using trial = reachWith(directory, async (account) => ({
          keyFile: join(keys, account),
        }));
        try {
          await trial.reader(target).hello();
          await (await trial.adapter.host(target)).status();
          return null;
        } catch (thrown) {
          return asFault(thrown).code;
        }
      },
    });
    this.reach = reachWith(join(this.#sockets, 's'), (account) => this.keys.keyOf(account));
    this.hosts = new HostsKeeper(local, {
      adapter: this.reach.adapter,
      enrolled: (target) => this.#enrolled(target),
      targets: async () => {
        const [inventory, hosts] = [await this.inventory(), await this.enrolment.hosts()];
        return inventory.targets.filter(({ id, transport: by }) => by === 'ssh' && hosts.has(id));
      },
    });
  }

  /** The inventory now; ssh finds bastions in the one that was read last. */
  async inventory(): Promise<Inventory> {
    this.#inventory = await this.#needs.inventory();
    return this.#inventory;
  }

  async grammar(): Promise<Grammar> {
    const inventory = await this.inventory();
    return this.commands.grammar(inventory, await this.#needs.isSigned());
  }

  /** As an assistant, or an operator's own hand, is answered. */
  async analyse(asked: CommandQuestion): Promise<CommandAnalysis> {
    const { byOperator } = asked;
    const given: CommandGiven = 'argv' in asked ? { argv: asked.argv } : { line: asked.line };
    const { judge } = await this.grammar();
    const told = analyse(judge, given, byOperator ? 'operator' : 'assistant');
    const tokens = 'line' in given ? tokenize(given.line) : given;
    const [program, ...words] = 'argv' in tokens ? tokens.argv : (told.normalForm ?? []);
    return { ...told, argv: program === undefined ? null : [program, ...words] };
  }

  readonly judgeCommand: RoadPorts['judgeCommand'] = async ({
    argv,
    byOperator,
  }): Promise<JudgedCommand> => {
    const { judge } = await this.grammar();
    const told = analyse(judge, { argv }, byOperator ? 'operator' : 'assistant');
    const [program, ...words] = told.normalForm ?? [];
    return {
      tier: told.verdict === 'deny' ? 'deny' : told.tier,
      normalForm: program === undefined ? null : [program, ...words],
      says: told.because,
    };
  };

  /** The reader of a target; throws where it has none. */
  async readerOf(target: Target): Promise<HostReader> {
    switch (target.transport) {
      case 'local':
        return this.#local.reader(await this.grammar());
      case 'ssh':
        requireSsh(target);
        await this.inventory();
        if ((await this.enrolment.host(target.id)) === undefined)
          throw new Fault(
            'unavailable',
            'not-enrolled',
            `the target is not enrolled, so nothing may be read there: ${target.id}. Enrol it: holdfast enroll ${target.id}`,
          );
        return this.reach.reader(target);
      case 'tofu':
      case 'talos':
      case 'winrm':
      case 'none':
        throw new Fault(
          'unavailable',
          'no-transport',
          `the inventory says no way to reach the target: ${target.id}. Give it a transport in fleet.yaml`,
        );
    }
  }

  readonly readOn: RoadPorts['readOn'] = async (target, argv, seconds): Promise<Looked> => {
    const reader = await this.readerOf(target);
    return lookedOf(await reader.run(argv, { seconds, bytes: LOOK_BYTES }), target);
  };

  /** Everything the collectors need, in one answer. */
  async snapshot(target: Target, seconds: number, over?: AbortSignal): Promise<Uint8Array> {
    const reader = await this.readerOf(target);
    const stop = this.#stop.signal;
    const signal = over === undefined ? stop : AbortSignal.any([stop, over]);
    const answer = await reader.snapshot({ seconds, bytes: MOST_BYTES, signal });
    if (answer.verdict === 'ok') return answer.stdout;
    throw new Fault(
      'unavailable',
      'host-refused',
      `host does not let itself be looked at: ${target.id}: ${answer.code}. Upgrade it: holdfast upgrade-hosts`,
    );
  }

  /** For the end of the service: whoever is looked at now is not waited for. */
  stopLooking(): void {
    this.#stop.abort();
  }

  get isStopping(): boolean {
    return this.#stop.signal.aborted;
  }

  async #enrolled({ id }: Pick<Target, 'id'>): Promise<Enrolled | undefined> {
    const target = (await this.inventory()).byId.get(id);
    if (target !== undefined) requireSsh(target);
    const pins = await this.enrolment.host(id);
    // A host that only reads takes no orders.
    if (pins === undefined || pins.capability === 'reader-only') return undefined;
    const { organisation, hostId, epoch, receiptKey } = pins;
    return { organisation, hostId, epoch, receiptKey };
  }

  /** Keys and host keys are others now: what is kept open is of before. */
  async #deliverTo(targets: readonly string[]): Promise<readonly string[]> {
    for (const target of targets) await this.reach.drop(target);
    return this.hosts.again();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reach[Symbol.asyncDispose]();
    await this.keys[Symbol.asyncDispose]();
    await this.#local[Symbol.asyncDispose]();
    rmSync(this.#sockets, { recursive: true, force: true });
  }
}

function lookedOf(answer: ReadAnswer, target: Target): Looked {
  if (answer.verdict === 'refused')
    throw new Fault(
      'refused',
      'host-refused',
      `the host itself refused it, nothing ran: ${target.id}: ${answer.code}. Its grammar may be older: holdfast upgrade-hosts`,
      { facts: { code: answer.code } },
    );
  const { ended, status, stdout, stderr } = answer;
  return {
    exit: ended === 'exited' ? status : null,
    stdout,
    stderr,
    cut: ended === 'timeout' || ended === 'too-much',
  };
}

/** This machine's reader, with the grammar in a directory that its account may read. */
class LocalReading implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #random: Random;
  #directory: string | undefined;
  #kept:
    | {
        readonly grammar: Grammar;
        readonly file: string;
        readonly reading: ReturnType<typeof localReader>;
      }
    | undefined;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Nothing is awaited before the new one is kept: of two who ask at once, both get it. */
  reader(grammar: Grammar): HostReader {
    const kept = this.#kept;
    // What tidies /tmp may have taken the file.
    if (kept?.grammar === grammar && existsSync(kept.file)) return kept.reading.reader;
    void kept?.reading[Symbol.asyncDispose]();
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
    this.#directory = mkdtempSync(join(tmpdir(), 'holdfast-reader-'));
    chmodSync(this.#directory, 0o755);
    const file = join(this.#directory, 'grammar');
    writeFileSync(file, grammarText(grammar), { mode: 0o644 });
    const reading = localReader({
      channels: nodeChannels(),
      clock: this.#clock,
      random: this.#random,
      argv: asReader('sh', join(ROOT, 'host', 'read'), this.#directory),
    });
    this.#kept = { grammar, file, reading };
    return reading.reader;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kept?.reading[Symbol.asyncDispose]();
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }
}

const NOBODY = '65534';

/** As root, the account that may do nothing; else this process's own. */
function asReader(...argv: readonly [string, ...string[]]): readonly [string, ...string[]] {
  if (process.getuid?.() !== 0) return argv;
  const less = ['--clear-groups', '--no-new-privs', '--inh-caps=-all'];
  return ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, ...less, '--', ...argv];
}
