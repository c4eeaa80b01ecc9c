/**
 * A YAML file as text in, actions or a runbook out. Anything not understood is refused with its
 * place: a misspelt key would otherwise be a contract that silently says less than was meant.
 */
import { type Document, LineCounter, parseDocument } from 'yaml';
import type { Action, Runbook } from './action.ts';
import { catalogueFault } from './faults.ts';
import { readAction } from './read-action.ts';
import { readRunbook } from './read-runbook.ts';
import { type Problem, Reader, type Value } from './reader.ts';

export const CATALOGUE_FILE_BYTES = 1_048_576;
const MAX_ACTIONS = 500;
const SHOWN_PROBLEMS = 50;

/** Reads a file of actions, or throws `invalid-action` with every problem as `file:line:column: …`. */
export function parseActions(text: string, file: string, shipped: boolean): readonly Action[] {
  return read(text, file, (reader, root) => {
    const record = reader.record(root, 'a file of actions', ['version', 'actions']);
    readVersion(reader, record.version);
    if (record.actions === undefined) {
      reader.problem(root.at, 'actions is missing: give a list of at least one action');
      return [];
    }
    const items = reader.list(record.actions, 'actions');
    if (items.length === 0)
      reader.problem(record.actions.at, 'actions is empty: give at least one');
    if (items.length > MAX_ACTIONS)
      reader.problem(record.actions.at, `actions has more than ${MAX_ACTIONS}: use another file`);
    return items
      .slice(0, MAX_ACTIONS)
      .flatMap((item) => readAction(reader, item, { file, shipped }) ?? []);
  });
}

/** Reads a file with one runbook. Whether its actions exist is told by `buildCatalogue`. */
export function parseRunbook(text: string, file: string, shipped: boolean): Runbook {
  const runbook = read(text, file, (reader, root) => {
    const record = reader.record(root, 'a runbook file', ['version', 'runbook']);
    readVersion(reader, record.version);
    if (record.runbook !== undefined) return readRunbook(reader, record.runbook, { file, shipped });
    reader.problem(root.at, 'runbook is missing: give one, with its id, steps and verification');
    return undefined;
  });
  if (runbook === undefined)
    throw catalogueFault(
      'invalid-action',
      `runbook is not valid: ${file}:1: correct and try again`,
    );
  return runbook;
}

function readVersion(reader: Reader, value: Value | undefined): void {
  if (value === undefined) return reader.problem(0, 'version is missing: begin with "version: 1"');
  const version = reader.number(value, 'version');
  if (version !== undefined && version !== 1)
    reader.problem(value.at, `version ${version} is not known: accepted is 1`);
}

function read<T>(text: string, file: string, make: (reader: Reader, root: Value) => T): T {
  if (Buffer.byteLength(text) > CATALOGUE_FILE_BYTES)
    refuse(file, [
      { line: 1, column: 1, message: `the file is larger than ${CATALOGUE_FILE_BYTES} bytes` },
    ]);
  const lines = new LineCounter();
  const reader = new Reader(lines);
  const document = parseDocument(text, {
    strict: true,
    // Keys are compared by us: the library's own check is quadratic.
    uniqueKeys: false,
    version: '1.2',
    schema: 'core',
    merge: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  tellTroubles(reader, document);
  if (reader.problems().length > 0) refuse(file, reader.problems());
  const made = make(reader, { node: document.contents, at: 0 });
  if (reader.problems().length > 0) refuse(file, reader.problems());
  return made;
}

function tellTroubles(reader: Reader, document: Document.Parsed): void {
  const told = new Set<string>();
  for (const error of [...document.errors, ...document.warnings]) {
    // One cause can be told once per level of nesting; the first telling is enough.
    if (told.has(error.code)) continue;
    told.add(error.code);
    reader.problem(error.pos[0], plainly(error.code, error.message));
  }
  if (document.directives.yaml.explicit === true)
    reader.problem(0, 'directives are not accepted: the file is YAML 1.2');
}

function plainly(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here: give one document';
  if (code === 'TAG_RESOLVE_FAILED') return 'tags are not accepted: write the plain value';
  if (code === 'BAD_ALIAS') return 'aliases are not accepted: write "*" in quotes';
  if (code === 'RESOURCE_EXHAUSTION' || message.includes('call stack')) return 'nested too deeply';
  return `not YAML: ${(message.split('\n')[0] ?? '').replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?').slice(0, 200)}`;
}

export function refuse(file: string, problems: readonly Problem[]): never {
  const lines = problems.map((p) => `${file}:${p.line}:${p.column}: ${p.message}`);
  const shown = lines.slice(0, SHOWN_PROBLEMS);
  const more = lines.length - shown.length;
  const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
  throw catalogueFault(
    'invalid-action',
    `action is not valid: ${count}, correct and try again:\n${shown.join('\n')}${more > 0 ? `\n… and ${more} more` : ''}`,
    { facts: { file, problems: shown } },
  );
}
