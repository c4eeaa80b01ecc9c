/**
 * `automation.yaml` and the content it names, as they are now: one digest, that an operator signs with the
 * catalogue, and looks through Ansible at targets, from content that is in force only.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  ANSIBLE_KINDS,
  type AnsibleContent,
  type AnsibleRoot,
  type AutomationSettings,
  ansibleLook,
  readAnsibleContent,
  readAutomation,
} from '#automation';
import { digestOf, sha256 } from '#base/digest';
import { asFault, type Fault } from '#base/fault';
import type { Clock, Files } from '#base/ports';
import { nodeMachineFiles, nodePrograms } from '#machine';
import type { Target } from '#model';
import type { LookHow, TargetLook } from '#operations';
import type { Paths } from './data-directory.ts';
import { stampOf } from './file-stamp.ts';
import { Kept } from './kept.ts';
import { ROOT } from './program-version.ts';

/** More than a root may hold: then it is read again each time, and refused. */
const MOST_STAMPS = 5_000;

export type AutomationNow = {
  readonly settings: AutomationSettings;
  readonly roots: readonly {
    readonly root: AnsibleRoot;
    readonly content: AnsibleContent | Fault;
  }[];
  /** Over the settings and the content of each root. */
  readonly digest: string;
};

export type AutomationNeeds = {
  readonly files: Files;
  readonly clock: Clock;
  readonly paths: Pick<Paths, 'automation' | 'tools'>;
};

export class AutomationKeeper {
  readonly #needs: AutomationNeeds;
  readonly #kept: Kept<AutomationNow | undefined>;
  /** Looks at one target come one after another. */
  readonly #last = new Map<string, Promise<unknown>>();
  #roots: readonly string[] = [];

  constructor(needs: AutomationNeeds) {
    this.#needs = needs;
    this.#kept = new Kept(
      () => stampOfAll(needs.paths.automation, this.#roots),
      () => this.#read(),
    );
  }

  /** `undefined` where there is no `automation.yaml`. Throws `invalid-automation`; of content it keeps what is wrong. */
  now(): Promise<AutomationNow | undefined> {
    return this.#kept.get();
  }

  /** What Ansible says of the target, where one of its kinds is asked for; `isSigned` is asked with the digest. */
  async look(
    target: Target,
    { kinds, progress }: LookHow,
    isSigned: (digest: string) => Promise<boolean>,
  ): Promise<TargetLook['looks']> {
    if (!ANSIBLE_KINDS.some((kind) => kinds.has(kind))) return [];
    const before = this.#last.get(target.id) ?? Promise.resolve();
    const looking = before.then(() => this.#look(target, progress, isSigned));
    this.#last.set(
      target.id,
      looking.catch(() => {}),
    );
    return looking;
  }

  async #look(
    target: Target,
    progress: LookHow['progress'],
    isSigned: (digest: string) => Promise<boolean>,
  ): Promise<TargetLook['looks']> {
    const { files, clock, paths } = this.#needs;
    const now = await this.now();
    const isInForce = now !== undefined && (await isSigned(now.digest));
    progress(`checking playbooks: ${target.id}`);
    const observedAt = clock.now();
    const begun = clock.monotonicMs();
    const look = await ansibleLook({
      programs: nodePrograms(),
      files,
      clock,
      target: target.id,
      roots: (now?.roots ?? []).map((each) => ({ ...each, isInForce })),
      stateDirectory: paths.tools,
      programDirectory: join(ROOT, 'host', 'automation'),
    });
    const durationMs = Math.round(clock.monotonicMs() - begun);
    return [{ collector: 'ansible', observedAt, durationMs, ...look }];
  }

  async #read(): Promise<AutomationNow | undefined> {
    const { files, paths } = this.#needs;
    const bytes = await files.read(paths.automation);
    this.#roots = [];
    if (bytes === undefined) return undefined;
    const settings = readAutomation(Buffer.from(bytes).toString('utf8'), 'automation.yaml');
    const uid = process.getuid?.() ?? -1;
    const roots = await Promise.all(
      settings.ansible.map(async (root) => ({
        root,
        content: await readAnsibleContent(nodeMachineFiles(), root, uid).catch(asFault),
      })),
    );
    this.#roots = settings.ansible.map(({ root }) => root);
    const digest = digestOf({
      settings: sha256(bytes),
      ansible: roots.map(({ root, content }) => [
        root.name,
        'sha256' in content ? content.sha256 : `refused: ${content.code}`,
      ]),
    });
    return { settings, roots, digest };
  }
}

/** `undefined` when it cannot tell whether anything was touched. */
function stampOfAll(file: string, roots: readonly string[]): string | undefined {
  try {
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return 'absent';
    const stamps: string[] = [];
    const add = (path: string, name: string): void => {
      const stamp = lstatSync(path).isSymbolicLink() ? undefined : stampOf(path);
      if (stamp === undefined || stamps.length >= MOST_STAMPS) throw new Error('cannot tell');
      stamps.push(`${name} ${stamp}`);
    };
    add(file, file);
    for (const root of roots) {
      add(root, root);
      for (const each of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort())
        if (!/(?:^|\/)\.(?:git|hg|svn)(?:\/|$)/.test(each)) add(join(root, each), each);
    }
    return stamps.join('\n');
  } catch {
    return undefined;
  }
}
