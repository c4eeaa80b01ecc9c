/** What an inventory says of one name: exactly one host that is reached over ssh, and somewhere else than here. */
import { type Json, parseJson } from '#base/json';
import { hostNameProblem } from '../read-settings.ts';

export type OneHost =
  | { readonly is: 'host' }
  /** The inventory does not know the name at all. */
  | { readonly is: 'absent' }
  | { readonly is: 'refused'; readonly why: string };

const HERE = /^(?:localhost(?:\..*)?|127\..*|::1|0\.0\.0\.0|::)$/i;

/** `said` is what `ansible-inventory --list` printed. */
export function oneHost(said: Uint8Array, name: string): OneHost {
  const problem = hostNameProblem(name);
  if (problem !== undefined) return { is: 'refused', why: `the name ${problem}` };
  let read: Json;
  try {
    read = parseJson(Buffer.from(said).toString('utf8'), 'an inventory') as Json;
  } catch {
    return { is: 'refused', why: 'what the inventory says cannot be read' };
  }
  if (!isObject(read)) return { is: 'refused', why: 'what the inventory says cannot be read' };
  const groups = Object.keys(read).filter((key) => key !== '_meta');
  if (groups.includes(name)) return { is: 'refused', why: 'the name is that of a group' };
  const all = groups.flatMap((group) => {
    const entry = read[group];
    const hosts = isObject(entry) ? entry['hosts'] : undefined;
    return Array.isArray(hosts) ? hosts : [];
  });
  const meta = read['_meta'];
  const variables = isObject(meta) && isObject(meta['hostvars']) ? meta['hostvars'] : {};
  if (!all.includes(name) && !Object.hasOwn(variables, name)) return { is: 'absent' };
  const own = Object.hasOwn(variables, name) ? variables[name] : {};
  if (!isObject(own)) return { is: 'refused', why: 'what the inventory says cannot be read' };
  const connection = own['ansible_connection'];
  if (connection !== undefined && connection !== 'ssh' && connection !== 'smart')
    return { is: 'refused', why: 'its ansible_connection is not ssh' };
  for (const key of ['ansible_host', 'ansible_ssh_host'])
    if (own[key] !== undefined && (typeof own[key] !== 'string' || HERE.test(own[key])))
      return { is: 'refused', why: `its ${key} is the machine Holdfast runs on, or no plain text` };
  return { is: 'host' };
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
