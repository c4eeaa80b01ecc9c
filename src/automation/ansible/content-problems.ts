/**
 * What would make a check no check, or let content act somewhere else than on its one target: found without
 * running anything, each with file and line. It guards against mistakes; what content may do at all is decided
 * by whoever signs it.
 */
import {
  isMap,
  isScalar,
  LineCounter,
  type Pair,
  parseAllDocuments,
  type Scalar,
  visit,
} from 'yaml';
import { configProblems } from './config-problems.ts';
import { expressionsIn, lookupProblem } from './lookups.ts';
import { type Problem, scalarText, valueProblems } from './refused-values.ts';
import type { TreeFile } from './tree.ts';

const YAML_NAME = /\.(?:ya?ml|json)$/;
/** Directories whose files Ansible reads as YAML whatever they are called. */
const YAML_PLACE = /(?:^|\/)(?:group_vars|host_vars|tasks|handlers|vars|defaults|meta)\//;
/** Copied or filled in, and not read as tasks unless somebody means to. */
const COPIED = /(?:^|\/)(?:files|templates)\//;
/** Modules are carried to the target; everything else in Python would run here. */
const MODULES =
  /(?:^|\/)(?:library|module_utils|plugins\/modules|plugins\/module_utils|files|templates)\//;
const INI_VARIABLE = /\b(ansible_[a-z_]+|host_key_checking)\s*[=:]\s*("[^"]*"|'[^']*'|\S+)/g;
/** Of a template, for its own engine. */
const HEADER = /^#jinja2:.*_(?:start|end)_string|^#jinja2:.*_prefix/;
const TASK_WORD = /^\s*(?:-\s*)?["']?(?:check_mode|delegate_to|local_action)["']?\s*:/;

/** `path:line: why`, in order of the files. */
export function contentProblems(files: readonly TreeFile[]): readonly string[] {
  return files.flatMap((file) =>
    problemsOf(file).map(({ line, why }) => `${file.path}:${line}: ${why}`),
  );
}

function problemsOf({ path, bytes }: TreeFile): readonly Problem[] {
  const plugin = /(?:^|\/)([a-z]+_plugins)\//.exec(path)?.[1];
  if (plugin !== undefined)
    return [
      { line: 1, why: `${plugin} would run on the machine Holdfast runs on: leave them out` },
    ];
  if (/\.pyc?$/.test(path) && !MODULES.test(path))
    return [
      {
        line: 1,
        why: 'Python that is no module would run on the machine Holdfast runs on: leave it out',
      },
    ];
  const text = Buffer.from(bytes).toString('utf8');
  if (text.includes('\0')) return [];
  if (path === 'ansible.cfg') return configProblems(text);
  const name = path.slice(path.lastIndexOf('/') + 1);
  const isYaml = YAML_NAME.test(path) || (!name.includes('.') && YAML_PLACE.test(path));
  if (!isYaml) return inLines(text);
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    version: '1.1',
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
    lineCounter: lines,
  });
  const read = Array.isArray(documents) ? documents : [];
  const error = read.flatMap(({ errors }) => errors)[0];
  if (error !== undefined) {
    if (COPIED.test(path)) return inLines(text);
    const { line } = lines.linePos(error.pos[0]);
    return [{ line, why: `not YAML: ${error.code.toLowerCase().replaceAll('_', ' ')}` }];
  }
  const problems: Problem[] = [];
  for (const document of read) {
    visit(document, {
      Pair: (_key, pair) => {
        const { key } = pair as Pair;
        if (!isScalar(key)) return;
        const line = lineOf(lines, key);
        for (const why of valueProblems(scalarText(key), pair as Pair))
          problems.push({ line, why });
      },
      Scalar: (key, node, parents) => {
        if (typeof node.value !== 'string') return;
        const parent = parents.at(-1);
        const under =
          key === 'value' && parent !== undefined && !isMap(parent) && 'key' in parent
            ? isScalar(parent.key)
              ? scalarText(parent.key)
              : ''
            : '';
        const why = lookupProblem(node.value, under);
        if (why !== undefined) problems.push({ line: lineOf(lines, node), why });
      },
    });
  }
  return problems.toSorted((a, b) => a.line - b.line);
}

function lineOf(lines: LineCounter, node: Scalar): number {
  return Math.max(1, lines.linePos(node.range?.[0] ?? 0).line);
}

/** Inventories in INI, templates, and whatever else is text. */
function inLines(text: string): readonly Problem[] {
  const found = text.split('\n').flatMap((each, index) => {
    const line = index + 1;
    const found: Problem[] = [];
    for (const [, name = '', raw = ''] of each.matchAll(INI_VARIABLE))
      for (const why of valueProblems(name, raw.replace(/^(["'])(.*)\1$/, '$2')))
        found.push({ line, why });
    if (TASK_WORD.test(each))
      found.push({
        line,
        why: 'a task in a file that cannot be read as YAML: put it into one that can',
      });
    if (HEADER.test(each))
      found.push({ line, why: 'a template that marks its expressions itself: leave that out' });
    const lookup = lookupProblem(each, '');
    return lookup === undefined ? found : [...found, { line, why: lookup }];
  });
  // Over several lines none of them is an expression by itself.
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1))
    lines.addNewLine(at + 1);
  for (const { inner, at } of expressionsIn(text)) {
    const why = inner.includes('\n') ? lookupProblem(`{{${inner}`, '') : undefined;
    if (why !== undefined) found.push({ line: lines.linePos(at).line, why });
  }
  return found.toSorted((a, b) => a.line - b.line);
}
