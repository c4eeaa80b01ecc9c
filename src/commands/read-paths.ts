/** The file of path rules: what ships, and what operators add. Theirs only ever adds: a denial stays. */

import { parseBlock } from '#base/address';
import { readYaml, type Value, type Yaml } from '#strict-yaml';
import type { PathRules } from './entry.ts';
import { commandsFile } from './faults.ts';
import { normalPath } from './paths.ts';

export type Places = { readonly paths: PathRules; readonly networks: readonly string[] };

const KEYS = ['roots', 'secrets', 'devices', 'exceptions', 'wide', 'networks'] as const;

/** Reads a file of path rules, or throws `invalid-commands` with every problem and its place. */
export function parsePlaces(text: string, file: string, shipped: boolean): Places {
  return readYaml(text, commandsFile(file), (yaml, root) => {
    const record = yaml.record(root, 'a file of paths', KEYS);
    if (!shipped && record.exceptions !== undefined)
      yaml.problem(record.exceptions.at, 'exceptions are the shipped ones: leave them out');
    const secrets = globs(yaml, record.secrets, 'secrets');
    const devices = globs(yaml, record.devices, 'devices');
    return {
      paths: {
        roots: paths(yaml, record.roots, 'roots'),
        denials: [
          ...devices.map((glob) => ({ code: 'device' as const, glob })),
          ...secrets.map((glob) => ({ code: 'secret' as const, glob })),
        ],
        exceptions: globs(yaml, record.exceptions, 'exceptions'),
        wide: globs(yaml, record.wide, 'wide'),
      },
      networks: yaml.list(record.networks, 'networks').flatMap((each) => {
        const network = yaml.text(each, 'a network');
        if (network === null || parseBlock(network) !== null) return network ?? [];
        yaml.problem(each.at, 'a network must be CIDR: write it like 10.0.0.0/8 or fd00::/8');
        return [];
      }),
    };
  });
}

/** What ships and what operators added, as one. */
export function mergePlaces(all: readonly Places[]): Places {
  return {
    paths: {
      roots: [...new Set(all.flatMap(({ paths: each }) => each.roots))],
      denials: all.flatMap(({ paths: each }) => each.denials),
      exceptions: all.flatMap(({ paths: each }) => each.exceptions),
      wide: [...new Set(all.flatMap(({ paths: each }) => each.wide))],
    },
    networks: [...new Set(all.flatMap(({ networks }) => networks))],
  };
}

function paths(yaml: Yaml, value: Value | undefined, what: string): readonly string[] {
  return yaml.list(value, what).flatMap((each) => {
    const path = yaml.text(each, `one of ${what}`, 1_000);
    if (path === null || (path.startsWith('/') && normalPath(path) === path)) return path ?? [];
    yaml.problem(each.at, `one of ${what} must be an absolute path: write it like /srv/data`);
    return [];
  });
}

function globs(yaml: Yaml, value: Value | undefined, what: string): readonly string[] {
  return yaml.list(value, what).flatMap((each) => {
    const glob = yaml.text(each, `one of ${what}`, 1_000);
    if (glob === null || /^[/*][^?[\]\\]*$/.test(glob)) return glob ?? [];
    yaml.problem(
      each.at,
      `one of ${what} must begin with "/" or "*", and only "*" is a wildcard: write it like */.ssh/*`,
    );
    return [];
  });
}
