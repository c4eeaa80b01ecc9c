/** What should be, from every source that declarations.yaml names. */
import { resolve } from 'node:path';
import { EXIT_CODES } from '../exit-codes.ts';
import {
  type CheckedDeclarations,
  renderChecked,
  renderDeclaration,
  renderDeclarations,
  renderProposed,
} from '../render/declarations.ts';
import { REASON } from './change.ts';
import type { CommandSpec, GroupSpec } from './spec.ts';
import { TARGET } from './spec.ts';

const list: CommandSpec = {
  usage: 'list',
  summary: 'list what says what should be: sources, targets, signature, what is wrong',
  examples: ['declarations list', 'declarations list --target host:web-1'],
  options: [TARGET],
  async run(desk, _words, { target }) {
    const input = target === undefined ? {} : { target: String(target) };
    await desk.answer('declaration_list', input, renderDeclarations);
  },
};

const show: CommandSpec = {
  usage: 'show <declaration> <target>',
  summary: 'show everything that one source declares of a target, with file and line',
  examples: ['declarations show git:site host:web-1'],
  async run(desk, [declaration = '', target = '']) {
    await desk.answer('declaration_show', { declaration, target }, renderDeclaration);
  },
};

const check: CommandSpec = {
  usage: 'check [path]',
  summary: 'check declarations.yaml and what it names, or files before they are committed',
  more: `Needs no service. A path is a YAML baseline, a declarations.yaml, or a folder of baselines that extend each other.
Whatever is wrong is told with file, line and what to write instead. Exits with 2 when something is.`,
  examples: ['declarations check', 'declarations check ./baselines', 'declarations check web.yaml'],
  async run(desk, [path]) {
    const at = path === undefined ? null : resolve(desk.io.cwd, path);
    const checked = (await desk.commands.checkDeclarations(
      desk.home,
      at,
    )) as unknown as CheckedDeclarations;
    desk.show(checked, renderChecked);
    return checked.ok ? EXIT_CODES.ok : EXIT_CODES.invalid;
  },
};

const accept: CommandSpec = {
  usage: 'accept <finding>',
  summary: 'propose what is observed as what should be, on a branch that a person merges',
  more: `Of findings of a YAML baseline in a repository. One value of one file changes, on a branch holdfast/…; no other
branch moves and no work tree is touched.`,
  examples: ["declarations accept finding_0123456789abcdef --reason 'the new port is ours'"],
  options: [REASON],
  async run(desk, [finding = ''], { reason }) {
    await desk.answer('declaration_propose', { finding, reason: String(reason) }, renderProposed);
  },
};

export const declarations: GroupSpec = {
  usage: 'declarations',
  summary: 'what should be, from every source of it',
  commands: [list, show, check, accept],
};
