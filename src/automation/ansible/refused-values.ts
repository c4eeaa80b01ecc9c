/** Keys of plays, tasks and variables that a check and an apply of ours do not go with, and why. */
import { isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml';
import { nameProblem } from './lookups.ts';

export type Problem = { readonly line: number; readonly why: string };

const ELSEWHERE = 'acts on another machine than the one target';
const PROGRAM = 'starts a program of its own choice on the machine Holdfast runs on';
const ASKS = 'asks somebody, and nobody is there';
const KEYS_OFF = 'turns the checking of host keys off';

const isTrue = (text: string): boolean => /^(?:true|yes|on|y|1)$/i.test(text);
const isSsh = (text: string): boolean => /^(?:ssh|smart|ansible\.builtin\.ssh)$/.test(text);

/** By key: what its values must be, and what is wrong with any other. */
const RULES: Readonly<
  Record<string, { readonly accepts: (text: string) => boolean; readonly why: string }>
> = {
  check_mode: {
    accepts: isTrue,
    why: 'check_mode that is not true: its check would change something',
  },
  always_run: { accepts: () => false, why: 'always_run: its check would change something' },
  delegate_to: { accepts: () => false, why: `delegate_to: ${ELSEWHERE}` },
  local_action: { accepts: () => false, why: `local_action: ${ELSEWHERE}` },
  add_host: { accepts: () => false, why: `add_host: ${ELSEWHERE}` },
  fetch: { accepts: () => false, why: 'fetch: writes files on the machine Holdfast runs on' },
  synchronize: { accepts: () => false, why: `synchronize: ${PROGRAM}` },
  connection: {
    accepts: (text) =>
      !/^(?:local|winrm|psrp|paramiko(?:_ssh)?)$/.test(lastWord(text)) && !text.includes('{{'),
    why: 'connection that is not ssh: host keys would not be checked, or it acts here',
  },
  ansible_connection: {
    accepts: isSsh,
    why: 'ansible_connection that is not ssh: host keys would not be checked, or it acts here',
  },
  vars_prompt: { accepts: () => false, why: `vars_prompt: ${ASKS}` },
  debugger: { accepts: (text) => text === 'never', why: `debugger: ${ASKS}` },
  strategy: {
    accepts: (text) => /^(?:linear|free|host_pinned)$/.test(lastWord(text)),
    why: `strategy that is not linear, free or host_pinned: ${ASKS}, or code of its own runs here`,
  },
  ansible_ssh_args: {
    accepts: () => false,
    why: 'ansible_ssh_args: stands in place of what Holdfast gives ssh; use ansible_ssh_common_args',
  },
  ansible_ssh_common_args: { accepts: isSshOption, why: sshOptions('ansible_ssh_common_args') },
  ansible_ssh_extra_args: { accepts: isSshOption, why: sshOptions('ansible_ssh_extra_args') },
  ansible_sftp_extra_args: { accepts: isSshOption, why: sshOptions('ansible_sftp_extra_args') },
  ansible_scp_extra_args: { accepts: isSshOption, why: sshOptions('ansible_scp_extra_args') },
  ansible_ssh_executable: { accepts: () => false, why: `ansible_ssh_executable: ${PROGRAM}` },
  ansible_sftp_executable: { accepts: () => false, why: `ansible_sftp_executable: ${PROGRAM}` },
  ansible_scp_executable: { accepts: () => false, why: `ansible_scp_executable: ${PROGRAM}` },
  ansible_host_key_checking: { accepts: isTrue, why: KEYS_OFF },
  ansible_ssh_host_key_checking: { accepts: isTrue, why: KEYS_OFF },
  host_key_checking: { accepts: isTrue, why: KEYS_OFF },
};

/** Modules that may also be named as the value of `action`. */
const MODULE_RULES = ['add_host', 'fetch', 'synchronize'] as const;
/** What they name is read by Ansible: below the root, and where it is tasks, as YAML that was looked through. */
const TASKS = /^(?:include|include_tasks|import_tasks|import_playbook)$/;
const VARIABLES = /^(?:vars_files|include_vars)$/;

/** Why this key with this value is not accepted. */
export function valueProblems(key: string, value: Pair | string): readonly string[] {
  const plain = key.replace(/^ansible\.(?:builtin|legacy|posix)\./, '');
  const found: string[] = [];
  const rule = Object.hasOwn(RULES, plain) ? RULES[plain] : undefined;
  const texts = textsOf(value);
  if (rule !== undefined && (texts.length === 0 || !texts.every(rule.accepts)))
    found.push(rule.why);
  const lookup = /^with_(.+)$/.exec(plain)?.[1];
  const objection = lookup === undefined ? undefined : nameProblem(lookup);
  if (objection !== undefined) found.push(objection);
  if (plain === 'action')
    for (const module of MODULE_RULES)
      if (moduleOf(value) === module) found.push(RULES[module]?.why ?? module);
  if (TASKS.test(plain) || VARIABLES.test(plain))
    for (const text of texts) {
      const path = /^\s*(?:file=)?(\S*)/.exec(text)?.[1] ?? '';
      // What `..` leads to is a private directory with nothing else in it.
      if (/^[/~]/.test(path))
        found.push(`${plain} of something outside the root: nothing outside is read`);
      else if (TASKS.test(plain) && !/\.ya?ml$/.test(text.trim()) && isPath(value))
        found.push(`${plain} of what is no .yml or .yaml: only those are looked through`);
    }
  return found;
}

function isPath(value: Pair | string): boolean {
  return typeof value === 'string' || !isMap(value.value as Node | null);
}

/** The scalars of a value: itself, the items of a list, or the file of a mapping. */
function textsOf(value: Pair | string): readonly string[] {
  if (typeof value === 'string') return [value];
  const node = value.value as Node | null;
  const nodes = isSeq(node)
    ? (node.items as readonly Node[])
    : isMap(node)
      ? node.items.flatMap((pair) =>
          isScalar(pair.key) && /^(?:file|dir|_raw_params)$/.test(String(pair.key.value))
            ? ((pair.value as Node | null) ?? [])
            : [],
        )
      : node === null
        ? []
        : [node];
  return nodes.flatMap((each) => (isScalar(each) ? scalarText(each) : ['{{ not plain }}']));
}

/** As it is written; without its quotes. */
export function scalarText({ source, value }: Scalar): string {
  return source ?? (typeof value === 'string' ? value : JSON.stringify(value ?? ''));
}

function moduleOf(value: Pair | string): string {
  const node = typeof value === 'string' ? null : (value.value as Node | null);
  const named = isMap(node)
    ? node.items.find((pair) => isScalar(pair.key) && pair.key.value === 'module')?.value
    : node;
  const text = isScalar(named) ? scalarText(named) : '';
  return lastWord(text.trim().split(/\s/)[0] ?? '');
}

function lastWord(text: string): string {
  return text.replace(/^ansible\.(?:builtin|legacy|posix)\./, '');
}

function isSshOption(text: string): boolean {
  return !/stricthostkeychecking|proxycommand|localcommand|knownhostscommand|\/dev\/null|match|include|\{\{|-F/i.test(
    text,
  );
}

function sshOptions(name: string): string {
  return `${name} that starts programs, turns the checking of host keys off, or is no plain text`;
}
