/**
 * `fleet.yaml` as text in, the inventory out. Anything not understood is refused: a misspelt key
 * would otherwise be a profile that silently says less than the operator meant.
 */
import { type Document, LineCounter, parseDocument } from 'yaml';
import { parseBlock } from '#base/address';
import { sha256 } from '#base/digest';
import { LIMITS } from '#base/limits';
import { DEFAULT_SCOPE, type Scope, type Target } from '#model';
import { inventoryFault } from './faults.ts';
import type { Inventory, RedundancySet } from './inventory.ts';
import { didYouMean, show } from './nearest.ts';
import {
  readIgnoreRule,
  readSeconds,
  readTarget,
  scopeProblem,
  type TargetDefaults,
} from './read-target.ts';
import { type Problem, Reader, type Value } from './reader.ts';

const ROOT_KEYS = [
  'version',
  'scope',
  'scopes',
  'defaults',
  'redundancySets',
  'targets',
  'networks',
  'drift',
] as const;
const DEFAULT_KEYS = ['staleAfter', 'environment', 'owner'] as const;
const SHOWN_PROBLEMS = 50;
/** Without a word from the operator, a look counts as complete for this long. */
export const DEFAULT_STALE_AFTER_SECONDS = 15 * 60;

/** Reads an inventory, or throws `invalid-inventory` with every problem as `file:line:column: …`. */
export function parseInventory(text: string, file = 'fleet.yaml'): Inventory {
  if (Buffer.byteLength(text) > LIMITS.inventoryBytes) {
    refuse(file, [
      { line: 1, column: 1, message: `the file is larger than ${LIMITS.inventoryBytes} bytes` },
    ]);
  }
  const lines = new LineCounter();
  const reader = new Reader(lines);
  const document = parseYaml(text, lines);
  for (const trouble of yamlTroubles(document)) reader.problem(trouble.at, trouble.message);
  if (reader.problems().length > 0) refuse(file, reader.problems());
  const inventory = readInventory(reader, { node: document.contents, at: 0 }, file, text);
  if (reader.problems().length > 0) refuse(file, reader.problems());
  return inventory;
}

/** The document with its comments. Keys are compared by us: the library's own check is quadratic. */
export function parseYaml(text: string, lines: LineCounter = new LineCounter()): Document.Parsed {
  return parseDocument(text, {
    strict: true,
    uniqueKeys: false,
    version: '1.2',
    schema: 'core',
    merge: false,
    prettyErrors: false,
    lineCounter: lines,
  });
}

function yamlTroubles(
  document: Document.Parsed,
): { readonly at: number; readonly message: string }[] {
  const troubles = new Map<string, { at: number; message: string }>();
  for (const error of [...document.errors, ...document.warnings]) {
    // One cause can be told once per level of nesting; the first telling is enough.
    if (!troubles.has(error.code))
      troubles.set(error.code, { at: error.pos[0], message: plainly(error.code, error.message) });
  }
  const { yaml } = document.directives;
  if (yaml.explicit === true) {
    troubles.set('directive', {
      at: 0,
      message: 'directives are not accepted: the file is YAML 1.2',
    });
  }
  return [...troubles.values()];
}

function plainly(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here: give one document';
  if (code === 'TAG_RESOLVE_FAILED') return 'tags are not accepted: write the plain value';
  if (code === 'BAD_ALIAS') return 'aliases are not accepted: write "*" in quotes';
  if (code === 'RESOURCE_EXHAUSTION' || message.includes('call stack')) return 'nested too deeply';
  return `not YAML: ${(message.split('\n')[0] ?? '').replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?').slice(0, 200)}`;
}

function refuse(file: string, problems: readonly Problem[]): never {
  const lines = problems.map((p) => `${file}:${p.line}:${p.column}: ${p.message}`);
  const shown = lines.slice(0, SHOWN_PROBLEMS);
  const more = lines.length - shown.length;
  const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
  throw inventoryFault(
    'invalid-inventory',
    `inventory is not valid: ${count}, correct and try again:\n${shown.join('\n')}${more > 0 ? `\n… and ${more} more` : ''}`,
    { facts: { file, problems: shown } },
  );
}

function readInventory(reader: Reader, root: Value, file: string, text: string): Inventory {
  const record = reader.record(root, 'the inventory', ROOT_KEYS);
  if (record.version === undefined)
    reader.problem(0, 'version is missing: begin with "version: 1"');
  else {
    const version = reader.number(record.version, 'version');
    if (version !== undefined && version !== 1)
      reader.problem(record.version.at, `version ${version} is not known: accepted is 1`);
  }
  const scopes = readScopes(reader, record.scope, record.scopes);
  const scope = scopes[0] ?? DEFAULT_SCOPE;
  const defaults = readDefaults(reader, record.defaults, scope);
  const sets = readSets(reader, record.redundancySets);
  const targets = readTargets(reader, record.targets, defaults, scopes, sets);
  const byId = new Map(targets.map((target) => [target.id, target]));
  const drift = record.drift === undefined ? {} : reader.record(record.drift, 'drift', ['ignore']);
  const ignore =
    drift.ignore === undefined
      ? []
      : reader
          .list(drift.ignore, 'drift.ignore')
          .flatMap((rule) => readIgnoreRule(reader, rule) ?? []);
  return {
    file,
    digest: `sha256:${sha256(text)}`,
    scope,
    scopes,
    targets,
    byId,
    networks: readNetworks(reader, record.networks),
    redundancySets: sets.map(
      ({ name, members }): RedundancySet => ({ name, members: members.map((m) => m.id) }),
    ),
    ignore,
  };
}

const MOST_NETWORKS = 256;

function readNetworks(reader: Reader, value: Value | undefined): readonly string[] {
  if (value === undefined) return [];
  const items = reader.list(value, 'networks');
  if (items.length > MOST_NETWORKS)
    reader.problem(value.at, `networks lists more than ${MOST_NETWORKS}`);
  return items.flatMap((item) => {
    const block = reader.textThat(item, 'network', 64, networkProblem);
    return block === undefined ? [] : [block];
  });
}

/** Looks may speak to addresses in these blocks (RFC 4632, RFC 4291); loopback is always one. */
function networkProblem(block: string): string | undefined {
  const [, bits = '0'] = block.split('/');
  const isBlock = parseBlock(block) !== null && Number(bits) >= 1;
  return isBlock ? undefined : 'must be a block of addresses, like 10.0.0.0/8 or fd00::/8';
}

function readScopes(reader: Reader, one: Value | undefined, more: Value | undefined): Scope[] {
  const scopes: Scope[] = [];
  const add = (value: Value, what: string): void => {
    const scope = reader.textThat(value, what, LIMITS.nameChars, scopeProblem);
    if (scope !== undefined && !scopes.includes(scope)) scopes.push(scope);
  };
  if (one !== undefined) add(one, 'scope');
  const listed = more === undefined ? [] : reader.list(more, 'scopes');
  for (const value of listed) add(value, 'scope');
  return scopes.length > 0 ? scopes : [DEFAULT_SCOPE];
}

function readDefaults(reader: Reader, value: Value | undefined, scope: Scope): TargetDefaults {
  const record = value === undefined ? {} : reader.record(value, 'defaults', DEFAULT_KEYS);
  return {
    scope,
    staleAfterSeconds:
      readSeconds(reader, record.staleAfter, 'staleAfter') ?? DEFAULT_STALE_AFTER_SECONDS,
    environment: record.environment,
    owner: record.owner,
  };
}

type SetDraft = {
  readonly name: string;
  readonly members: { readonly id: string; readonly at: number }[];
};

function readSets(reader: Reader, value: Value | undefined): SetDraft[] {
  if (value === undefined) return [];
  return reader.entries(value, 'redundancySets', 'duplicate redundancy set').flatMap((entry) => {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(entry.name)) {
      reader.problem(
        entry.nameAt,
        `redundancy set ${show(entry.name)} must be letters, digits and . _ -`,
      );
      return [];
    }
    const members: SetDraft['members'] = [];
    for (const item of reader.list(entry, `redundancy set ${show(entry.name)}`)) {
      const id = reader.text(item, 'a member', LIMITS.nameChars);
      if (id === undefined) continue;
      if (members.some((member) => member.id === id))
        reader.problem(item.at, `member ${show(id)} is listed twice`);
      else members.push({ id, at: item.at });
    }
    return [{ name: entry.name, members }];
  });
}

function readTargets(
  reader: Reader,
  value: Value | undefined,
  defaults: TargetDefaults,
  scopes: readonly Scope[],
  sets: readonly SetDraft[],
): Target[] {
  const entries = value === undefined ? [] : reader.entries(value, 'targets', 'duplicate target');
  if (entries.length > LIMITS.inventoryTargets) {
    reader.problem(value?.at ?? 0, `more than ${LIMITS.inventoryTargets} targets`);
    return [];
  }
  const known = new Set(entries.map((entry) => entry.name));
  const setOf = new Map<string, string>();
  for (const set of sets) {
    for (const { id, at } of set.members) {
      const other = setOf.get(id);
      if (!known.has(id))
        reader.problem(at, `member ${show(id)} is not a target${didYouMean(id, known)}`);
      else if (other !== undefined)
        reader.problem(at, `target ${show(id)} is already in the redundancy set ${show(other)}`);
      else setOf.set(id, set.name);
    }
  }
  let local: string | undefined;
  return entries.flatMap((entry) => {
    const draft = readTarget(reader, entry, defaults, scopes);
    if (draft === undefined) return [];
    if (draft.target.transport === 'local') {
      if (local !== undefined)
        reader.problem(entry.nameAt, `transport local is already this machine's: ${local}`);
      local ??= draft.target.id;
    }
    const named = draft.redundancySet;
    const listed = setOf.get(entry.name) ?? null;
    if (named === undefined) return [{ ...draft.target, redundancySet: listed }];
    const set = sets.find((each) => each.name === named.name);
    if (set === undefined) {
      const names = sets.map((each) => each.name);
      const accepted =
        names.length === 0
          ? ': declare it under redundancySets'
          : didYouMean(named.name, names) || `: declared are ${names.join(', ')}`;
      reader.problem(named.at, `redundancySet ${show(named.name)} is not declared${accepted}`);
    } else if (listed !== null && listed !== named.name) {
      reader.problem(
        named.at,
        `redundancySet ${show(named.name)} contradicts the set ${show(listed)}, which lists this target`,
      );
    } else if (listed === null) set.members.push({ id: entry.name, at: named.at });
    return [{ ...draft.target, redundancySet: named.name }];
  });
}
