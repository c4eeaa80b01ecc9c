/**
 * `automation.yaml` read strictly: whatever it does not say in so many words is refused with file, line
 * and what to write instead. Nothing is looked up here: whether a root is there is found when it is read.
 */
import { show } from '#base/nearest';
import { entityProblem, keyOf } from '#model';
import { readYaml, type Value, type Yaml } from '#strict-yaml';
import { automationFile } from './faults.ts';
import type { AnsibleRoot, AutomationSettings, Stack, TalosConfig } from './settings.ts';

const MOST = 64;
const NAME = /^[a-z][a-z0-9-]{0,39}$/;
const RELATIVE = /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]*\/){0,8}[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const PLAYBOOK = /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]*\/){0,8}[A-Za-z0-9_][A-Za-z0-9_.-]*\.ya?ml$/;
/** A name that a limit of Ansible cannot read as a pattern, a list or a range. */
const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,126}[A-Za-z0-9])?$/;
/** Names that mean a group of every inventory, or the machine Ansible runs on. */
const NOT_A_HOST = /^(?:all|ungrouped|localhost(?:\..*)?|127\..*)$/i;

/** Why `name` cannot stand for exactly one host in an inventory of Ansible, or `undefined`. */
export function hostNameProblem(name: string): string | undefined {
  if (!HOST.test(name)) return 'is no plain host name: letters, digits, "_", "." and "-"';
  if (NOT_A_HOST.test(name)) return 'means a group, or the machine Ansible runs on';
  return undefined;
}

/** Reads the file, or throws `invalid-automation` with every problem and its place. */
export function readAutomation(text: string, file: string): AutomationSettings {
  return readYaml(text, automationFile(file), (yaml, root) => {
    const record = yaml.record(
      root,
      'automation.yaml',
      ['version', 'ansible', 'stacks', 'talos'],
      ['version'],
    );
    if (record.version !== undefined && yaml.whole(record.version, 'version', 0, 1) !== 1)
      yaml.problem(record.version.at, 'version must be 1: this is the only form there is');
    const context = { yaml, file, seen: new Map<string, number>() };
    return {
      ansible: items(context, record.ansible, 'ansible', readRoot),
      stacks: items(context, record.stacks, 'stacks', readStack),
      talos: items(context, record.talos, 'talos', readTalos),
    };
  });
}

type Context = {
  readonly yaml: Yaml;
  readonly file: string;
  readonly seen: Map<string, number>;
};

function items<T>(
  context: Context,
  value: Value | undefined,
  what: string,
  read: (context: Context, value: Value) => T | null,
): readonly T[] {
  const list = context.yaml.list(value, what);
  if (list.length > MOST)
    context.yaml.problem(value?.at ?? 0, `${what} has more than ${MOST} items: take some out`);
  return list.slice(0, MOST).flatMap((each) => read(context, each) ?? []);
}

function readRoot(context: Context, value: Value): AnsibleRoot | null {
  const { yaml } = context;
  const what = 'a root of ansible';
  const keys = ['name', 'root', 'inventory', 'playbooks', 'targets'] as const;
  const given = yaml.record(value, what, keys, ['name', 'root', 'inventory', 'playbooks']);
  const name = yaml.textThat(given.name, 'name', NAME, 'site');
  if (name !== null) once(context, given.name, `ansible root ${name}`);
  const root = absolute(yaml, given.root, 'root');
  const inventory = yaml.textThat(given.inventory, 'inventory', RELATIVE, 'hosts.yml');
  const playbooks = yaml
    .list(given.playbooks, 'playbooks')
    .flatMap((each) => yaml.textThat(each, 'a playbook', PLAYBOOK, 'site.yml') ?? []);
  if (given.playbooks !== undefined && yaml.list(given.playbooks, 'playbooks').length === 0)
    yaml.problem(given.playbooks.at, 'playbooks is empty: name at least one below the root');
  if (new Set(playbooks).size < playbooks.length)
    yaml.problem(given.playbooks?.at ?? value.at, 'a playbook stands twice: give it once');
  const targets = readTargets(yaml, given.targets);
  if (name === null || root === null || inventory === null) return null;
  return { name, root, inventory, playbooks, targets, at: place(context, value) };
}

function readTargets(yaml: Yaml, value: Value | undefined): ReadonlyMap<string, string> {
  const targets = new Map<string, string>();
  const names = new Set<string>();
  for (const { key, at, value: given } of yaml.pairs(value, 'targets')) {
    const problem = targetProblem(key, ['host']);
    if (problem !== undefined) yaml.problem(at, `target ${show(key)} ${problem}`);
    const host = yaml.text(given, 'the inventory name of a target', 253);
    if (host === null) continue;
    const objection = hostNameProblem(host);
    if (objection !== undefined)
      yaml.problem(
        given.at,
        `inventory name ${show(host)} ${objection}: give the name of one host`,
      );
    // Two targets that are one machine would each be told what is done to the other.
    else if (names.has(host))
      yaml.problem(given.at, `inventory name ${show(host)} already stands for another target`);
    names.add(host);
    targets.set(key, host);
  }
  return targets;
}

function readStack(context: Context, value: Value): Stack | null {
  const { yaml } = context;
  const keys = ['target', 'root', 'program'] as const;
  const given = yaml.record(value, 'a stack', keys, keys);
  const target = readTarget(context, given.target, 'stack');
  const root = absolute(yaml, given.root, 'root');
  const program = yaml.oneOf(given.program, 'program', ['tofu', 'terraform'] as const);
  if (target === null || root === null || program === null) return null;
  return { target, root, program, at: place(context, value) };
}

function readTalos(context: Context, value: Value): TalosConfig | null {
  const { yaml } = context;
  const keys = ['target', 'config'] as const;
  const given = yaml.record(value, 'a node of talos', keys, keys);
  const target = readTarget(context, given.target, 'host');
  const config = absolute(yaml, given.config, 'config');
  if (target === null || config === null) return null;
  return { target, config, at: place(context, value) };
}

function readTarget(context: Context, value: Value | undefined, kind: string): string | null {
  const id = context.yaml.text(value, 'target');
  if (id === null || value === undefined) return null;
  const problem = targetProblem(id, [kind]);
  if (problem !== undefined) {
    context.yaml.problem(value.at, `target ${show(id)} ${problem}`);
    return null;
  }
  once(context, value, `target ${id}`);
  return id;
}

/** Ids as the inventory takes them, of the kinds that this tool keeps. */
function targetProblem(id: string, kinds: readonly string[]): string | undefined {
  const problem = entityProblem(id);
  if (problem !== undefined) return problem;
  if (!kinds.some((kind) => id.startsWith(`${kind}:`)))
    return `is not of kind ${kinds.join(' or ')}: write it as it stands in fleet.yaml`;
  if (!/^[A-Za-z0-9][A-Za-z0-9._:@+-]*$/.test(keyOf(id)))
    return 'must have a name of letters, digits and . _ : @ + -';
  return undefined;
}

function absolute(yaml: Yaml, value: Value | undefined, what: string): string | null {
  const path = yaml.text(value, what, 1_000);
  if (path === null || value === undefined) return null;
  if (/^(?:\/[^/]+)+$/.test(path) && !/\/\.{1,2}(?:\/|$)/.test(path)) return path;
  yaml.problem(
    value.at,
    `${what} ${show(path)} is no absolute path in its plain form: write it like /srv/site`,
  );
  return null;
}

function once({ yaml, seen }: Context, value: Value | undefined, what: string): void {
  if (value === undefined) return;
  const before = seen.get(what);
  if (before !== undefined)
    yaml.problem(value.at, `${what} already stands in line ${before}: give it once`);
  else seen.set(what, yaml.lineOf(value.at));
}

function place({ yaml, file }: Context, value: Value): string {
  return `${file}:${yaml.lineOf(value.at)}`;
}
