/**
 * What should be, as it lies there now: `declarations.yaml`, repositories, own profiles and feeds, and what
 * looks of tools recorded. A source that cannot be read is unknown, told, and never taken for no word at all.
 */
import { join } from 'node:path';
import { ansibleDeclaration, tofuDeclaration } from '#automation';
import { digestOf } from '#base/digest';
import { asFault, type Fault } from '#base/fault';
import { LIMITS } from '#base/limits';
import type { Files, MachineFiles, Programs } from '#base/ports';
import {
  type About,
  type ContentFile,
  cisMaker,
  compileService,
  declareFor,
  type Entry,
  gitMaker,
  integrityMaker,
  type KnownFact,
  type Named,
  type ServiceDefinition,
  SHIPPED_PROFILES,
  type Source,
  speaksOf,
  vulnerabilityMaker,
} from '#declarations';
import { type Inventory, isTrusted } from '#inventory';
import {
  ANSIBLE_SOURCE,
  type Declaration,
  type FindingRules,
  type Target,
  TOFU_SOURCE,
} from '#model';
import type { DriftSources } from '#operations';
import type { FactReader, Moment } from '#store';
import type { Paths } from './data-directory.ts';
import {
  type Content,
  DeclarationContent,
  digestOfParts,
  type GitEntry,
  type Part,
  SETTINGS_FILE,
} from './declaration-content.ts';
import { Made } from './made-declarations.ts';
import { ROOT } from './program-version.ts';
import { SignedParts } from './signed-parts.ts';

const SHIPPED = join(ROOT, 'src', 'declarations', 'profiles');
const SETTINGS_ID = 'settings:declarations';

export type KeeperNeeds = {
  readonly files: Files;
  readonly programs: Programs;
  readonly machineFiles: MachineFiles;
  readonly paths: Paths;
  readonly inventory: () => Promise<Inventory>;
  /** Whether baselines and waivers of the store had this digest when something was signed last. */
  readonly wasStored: (digest: string) => Promise<boolean>;
};

/** One source as lists show it. */
export type ShownSource = Source & {
  /** What it is read from, and the commit where it has one. */
  readonly from: string;
  readonly commit: string | null;
  readonly problem: string | null;
};

export type DeclarationsNow = {
  readonly sources: readonly ShownSource[];
  readonly rules: FindingRules;
  /** Everything that an operator signs, by name; empty while there is no `declarations.yaml`. */
  readonly parts: readonly Part[];
  /** `false`: nobody knows which sources there are. */
  readonly isWhole: boolean;
  /** What is wrong, whichever target it is about. */
  readonly problems: readonly { readonly source: string; readonly message: string }[];
};

const NO_RULES: FindingRules = [];
const NOTHING: DeclarationsNow = {
  sources: [],
  rules: NO_RULES,
  parts: [],
  isWhole: true,
  problems: [],
};

export class DeclarationsKeeper {
  readonly #needs: KeeperNeeds;
  readonly #content: DeclarationContent;
  readonly #made = new Made();
  #shipped: Promise<readonly ContentFile[]> | undefined;
  #now = NOTHING;
  #inventory: Inventory | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  #signed = false;
  /**
   * `declarations.yaml` was edited or taken away since it was signed: until somebody signs, it keeps no finding from
   * being told, and no source is gone.
   */
  #isEdited = false;
  #loud = NO_RULES;
  /** As they were when they were last found signed, by this process. */
  #signedRules: FindingRules | undefined;
  #readRules = NO_RULES;
  #parts: readonly Part[] = [];
  #entries: readonly GitEntry[] = [];
  readonly #memory: SignedParts;

  constructor(needs: KeeperNeeds) {
    this.#needs = needs;
    this.#memory = new SignedParts(needs.files, needs.paths.declarationsSigned, needs.wasStored);
    this.#content = new DeclarationContent(needs, needs.paths);
  }

  /** Reads what was touched; whoever asks is answered with what was read after they asked. */
  refresh(): Promise<DeclarationsNow> {
    const read = this.#reading.then(() => this.#refresh());
    this.#reading = read.catch(() => {});
    return read;
  }

  /** Of the last `refresh`: for whoever compares. */
  readonly drift: DriftSources = {
    declarations: (target, facts, at) => this.declarations(target, facts, at),
    rules: () => (this.#isEdited ? (this.#signedRules ?? this.#loud) : this.#now.rules),
    isSigned: () => this.#signed,
    isWhole: () => this.#now.isWhole && !this.#isEdited,
  };

  /** Over everything that is signed as `baselines`; `stored`: over baselines and waivers in the store. */
  async digest(stored: string): Promise<string> {
    const read = await this.refresh();
    const parts = [...read.parts, ...(await this.#content.beside())];
    this.#readRules = read.rules;
    this.#parts = [{ name: 'baselines or waivers', digest: stored }, ...parts];
    // As it was before there was any file: what was signed then stays in force.
    return parts.length === 0 ? stored : digestOfParts(this.#parts);
  }

  /**
   * Holds what lies there, as `digest` answered it last, against what an operator signed; answers what was
   * edited since, by name.
   */
  async settle(digest: string, signed: string | undefined): Promise<readonly string[]> {
    this.#signed = digest === signed;
    if (signed === undefined) {
      this.#isEdited = false;
      return [];
    }
    const [parts, rules] = [this.#parts, this.#readRules];
    const isOfThese = digest === parts[0]?.digest || digest === digestOfParts(parts);
    if (digest === signed && isOfThese) this.#signedRules = rules;
    const edited = await this.#memory.edited(parts, digest, signed);
    // Where nobody knows which file it was, it may have been this one.
    this.#isEdited = digest !== signed && (edited.length === 0 || edited.includes(SETTINGS_FILE));
    return edited;
  }

  /** Of what is signed as `baselines`, one file as it was signed; `null`: signed without it; `undefined`: nobody knows. */
  signedPart(name: string, signed: string): Promise<Part | null | undefined> {
    return this.#memory.part(name, signed);
  }

  async #refresh(): Promise<DeclarationsNow> {
    this.#inventory = await this.#needs.inventory().catch(() => undefined);
    const settings = await this.#content.settings();
    if (!settings.ok) {
      const problem = settings.fault.message;
      // Nobody knows which targets it was about.
      const source = broken(
        { name: 'declarations', at: 'declarations.yaml:1' },
        SETTINGS_ID,
        settings.fault,
      );
      const shown = { ...source, from: this.#needs.paths.declarations, commit: null, problem };
      const problems = [{ source: SETTINGS_ID, message: problem }];
      return this.#keep({
        sources: [shown],
        rules: NO_RULES,
        parts: settings.parts,
        isWhole: false,
        problems,
      });
    }
    if (settings.parts.length === 0) return this.#keep(NOTHING);
    this.#entries = settings.value.entries.filter((entry) => entry.kind === 'git');
    const profiles = await this.#content.profiles();
    const sources: ShownSource[] = [];
    const parts: Part[] = [...settings.parts, ...profiles.parts];
    for (const entry of settings.value.entries) {
      const { source, more } = await this.#sourceOf(entry, profiles);
      sources.push(source);
      // Two entries may read one file; what either of them reads is signed.
      for (const part of more)
        if (!parts.some(({ name, digest }) => name === part.name && digest === part.digest))
          parts.push(part);
    }
    const problems = sources.flatMap(({ id, problem }) =>
      problem === null ? [] : [{ source: id, message: problem }],
    );
    return this.#keep({
      sources,
      rules: settings.value.findings,
      parts,
      isWhole: true,
      problems,
    });
  }

  #keep(now: DeclarationsNow): DeclarationsNow {
    if (this.#now.rules !== now.rules) this.#loud = now.rules.map(loud);
    this.#now = now;
    return now;
  }

  async #sourceOf(
    entry: Entry,
    profiles: Content<readonly ContentFile[]>,
  ): Promise<{ readonly source: ShownSource; readonly more: readonly Part[] }> {
    const id = `${entry.kind}:${entry.name}`;
    const base = { id, kind: entry.kind, name: entry.name, at: entry.at, for: entry.for };
    const usable = (from: string, make: Source['make'], commit: string | null = null) => ({
      source: { ...base, make, from, commit, problem: null },
      more: [],
    });
    const useless = (from: string, fault: Fault, commit: string | null = null) => ({
      source: { ...broken(entry, id, fault), ...base, from, commit, problem: fault.message },
      more: [],
    });
    switch (entry.kind) {
      case 'git': {
        const read = await this.#content.branch(entry);
        const from = `${entry.repository} ${entry.branch}${entry.folder === '' ? '' : ` ${entry.folder}`}`;
        if (!read.ok) return { ...useless(from, read.fault, read.commit), more: read.parts };
        const { value } = read;
        const make = this.#made.ofTarget(read, id, (about) =>
          gitMaker.compile(value, entry, about),
        );
        return { ...usable(from, make, read.commit), more: read.parts };
      }
      case 'cis': {
        const from = `profile ${entry.name}`;
        if (!profiles.ok) return useless(from, profiles.fault);
        const own = profiles.value;
        try {
          const all = [...(await this.#shippedProfiles()), ...own];
          const parsed = this.#made.parsed(profiles, 'cis', () => cisMaker.read(all));
          return usable(from, (about) => cisMaker.compile(parsed, entry, about));
        } catch (thrown) {
          return useless(from, asFault(thrown));
        }
      }
      case 'vulnerability': {
        const from = this.#content.feedPath(entry);
        const read = await this.#content.feed(entry);
        if (!read.ok) return useless(from, read.fault);
        const { value } = read;
        return usable(from, (about) => vulnerabilityMaker.compile(value, entry, about));
      }
      case 'integrity':
        return usable('reports of AIDE', (about) => integrityMaker.compile(null, entry, about));
      case 'service':
        // The port: whoever knows definitions of services hands them in here.
        return usable('service definitions', (about) => compileService(NO_SERVICES, entry, about));
    }
  }

  #shippedProfiles(): Promise<readonly ContentFile[]> {
    this.#shipped ??= Promise.all(
      SHIPPED_PROFILES.map(async (name) => {
        const bytes = await this.#needs.files.read(join(SHIPPED, name));
        return { file: `shipped/${name}`, text: Buffer.from(bytes ?? '').toString('utf8') };
      }),
    );
    return this.#shipped;
  }

  declarations(target: Target, facts: FactReader, at: Moment): readonly Declaration[] {
    const about = this.#about(target, facts, at);
    const { declarations, problems } = declareFor(this.#now.sources, about);
    const unknown = problems.map(
      ({ declaration, name, kind, message }): Declaration => ({
        id: declaration,
        kind,
        name,
        scope: target.scope,
        target: target.id,
        expectations: [],
        closed: [],
        // Nobody ever looks at this kind, so the declaration itself is what is unknown.
        needs: [{ kind: 'declaration', source: null }],
        since: null,
        digest: digestOf([declaration, message]),
        problem: message,
      }),
    );
    return [...declarations, ...unknown, ...byTools(about)];
  }

  #about(target: Target, facts: FactReader, at: Moment): About {
    const known = new Map<string, readonly KnownFact[]>();
    return {
      target,
      now: at.asOf,
      facts: (kind) => {
        const before = known.get(kind);
        if (before !== undefined) return before;
        const found: KnownFact[] = [];
        const filter = {
          scopes: [target.scope],
          target: target.id,
          type: 'observed',
          kind,
        } as const;
        for (const { entity, attribute, source, value } of facts.each(filter, at))
          if (this.#inventory !== undefined && isTrusted(this.#inventory, target.id, source, kind))
            found.push({ entity, attribute, source, value });
        known.set(kind, found);
        return found;
      },
    };
  }

  /** The entry of a declaration that lies in a repository. */
  gitEntry(id: string): GitEntry | undefined {
    return this.#entries.find((entry) => `git:${entry.name}` === id);
  }

  /** Sources that speak of a target. */
  sourcesOf(target: Target): readonly ShownSource[] {
    return this.#now.sources.filter((source) => speaksOf(source, target));
  }
}

/** Whose a finding is says nothing of whether it is told. */
function loud(rule: FindingRules[number]): FindingRules[number] {
  return { ...rule, severity: null, debounce: null, ignore: null };
}

const NO_SERVICES: readonly ServiceDefinition[] = [];

function broken({ name, at }: Named, id: string, fault: Fault): Source {
  const make = (): never => {
    throw fault;
  };
  return { id, kind: 'git', name, at, for: 'all', make };
}

/** What tools declare by their own looks: nothing has to be said in `declarations.yaml`. */
function byTools({ target, facts }: About): readonly Declaration[] {
  const made: Declaration[] = [];
  if (target.transport === 'tofu') {
    const known = ['stack', 'plan', 'resource'].flatMap((kind) =>
      facts(kind).filter(({ source }) => source === TOFU_SOURCE),
    );
    if (known.length > 0) made.push(tofuDeclaration(target, known));
  }
  const playbooks = facts('playbook').filter(({ source }) => source === ANSIBLE_SOURCE);
  if (playbooks.length > 0) {
    const all = [...playbooks, ...facts('task').filter(({ source }) => source === ANSIBLE_SOURCE)];
    for (const playbook of new Set(playbooks.map(({ entity }) => nameOf(entity))))
      made.push(ansibleDeclaration({ target, playbook, facts: all }));
  }
  return made;
}

/** `<root>/<playbook>` out of `playbook:<target>/<root>/<playbook>`. */
function nameOf(entity: string): string {
  return entity.slice(entity.indexOf('/') + 1, LIMITS.entityChars);
}
