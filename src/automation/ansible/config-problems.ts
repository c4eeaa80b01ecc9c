/** `ansible.cfg` of a root: a setting counts only when it is known to start nothing, write nothing and hide nothing. */
import type { Problem } from './refused-values.ts';

const yes = (text: string): boolean => /^(?:true|yes|on|1)$/i.test(text);
const no = (text: string): boolean => /^(?:false|no|off|0)$/i.test(text);
const any = (): boolean => true;
/** Below the root. */
const below = (text: string): boolean =>
  text
    .split(':')
    .every(
      (each) => /^[A-Za-z0-9_.][A-Za-z0-9_./-]*$/.test(each) && !each.split('/').includes('..'),
    );

const ACCEPTED: Readonly<Record<string, (text: string) => boolean>> = {
  ...named(
    'defaults',
    ['remote_user', 'private_key_file', 'timeout', 'gathering', 'gather_subset'],
    any,
  ),
  ...named('defaults', ['gather_timeout', 'hash_behaviour', 'interpreter_python'], any),
  ...named('defaults', ['any_errors_fatal', 'error_on_undefined_vars', 'jinja2_native'], any),
  ...named('defaults', ['force_handlers', 'remote_tmp', 'remote_port', 'poll_interval'], any),
  ...named('defaults', ['roles_path', 'collections_path', 'collections_paths'], below),
  // These are given by Holdfast itself, and what stands here does not count.
  ...named('defaults', ['inventory', 'forks', 'stdout_callback', 'retry_files_enabled'], any),
  ...named('defaults', ['nocows', 'nocolor', 'deprecation_warnings'], any),
  ...named('defaults', ['host_key_checking'], yes),
  ...named('defaults', ['ask_pass', 'ask_vault_pass'], no),
  ...named('privilege_escalation', ['become', 'become_method', 'become_user'], any),
  ...named('privilege_escalation', ['become_ask_pass'], no),
  ...named('ssh_connection', ['pipelining', 'retries', 'timeout', 'ssh_args'], any),
  ...named('ssh_connection', ['host_key_checking'], yes),
  ...named('inventory', ['enable_plugins', 'unparsed_is_failed', 'any_unparsed_is_failed'], any),
  ...named('diff', ['always', 'context'], any),
};

function named(
  section: string,
  keys: readonly string[],
  accepts: (text: string) => boolean,
): Record<string, (text: string) => boolean> {
  return Object.fromEntries(keys.map((key) => [`${section}.${key}`, accepts]));
}

export function configProblems(text: string): readonly Problem[] {
  let section = '';
  return text.split('\n').flatMap((raw, index): Problem[] => {
    const line = index + 1;
    const each = raw.replace(/\r$/, '');
    if (/^\s*(?:[#;].*)?$/.test(each)) return [];
    const head = /^\[([a-z_]+)\]\s*(?:[#;].*)?$/.exec(each)?.[1];
    if (head !== undefined) {
      section = head;
      return [];
    }
    const [, key = '', value = ''] =
      /^([A-Za-z0-9_]+)\s*[=:]\s*(.*?)\s*(?:\s;.*)?$/.exec(each) ?? [];
    if (key === '') return [{ line, why: 'neither a section nor one setting on one line' }];
    const name = `${section}.${key.toLowerCase()}`;
    const accepts = Object.hasOwn(ACCEPTED, name) ? ACCEPTED[name] : undefined;
    if (accepts === undefined)
      return [
        {
          line,
          why: `the setting ${name} is not known to start, write and hide nothing: leave it out`,
        },
      ];
    return accepts(value) ? [] : [{ line, why: `the setting ${name} may not be this here` }];
  });
}
