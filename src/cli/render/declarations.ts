/** Sources of "should", what they declare, and what is wrong with them. */
import type { Json } from '#base/json';
import type { Render } from '../desk.ts';
import { brief } from '../text/words.ts';

export type ListedDeclarations = {
  readonly declarations: readonly {
    readonly id: string;
    readonly from: string;
    readonly commit: string | null;
    readonly targets: string;
    readonly signature: string;
    readonly problem: string | null;
  }[];
  readonly rules: number;
  readonly next: string;
};

export const renderDeclarations: Render<ListedDeclarations> = (paper, value) => {
  for (const { id, from, commit, targets, signature, problem } of value.declarations) {
    const at = commit === null ? '' : ` at ${commit.slice(0, 12)}`;
    paper.whole('', { text: id, tone: 'strong' }, `  ${signature}  for ${targets}`);
    paper.whole('  ', { text: `${from}${at}`, tone: 'faint' });
    if (problem !== null) paper.block(problem, '  ');
  }
  if (value.rules > 0) paper.whole('', `${value.rules} rules for findings`);
  if (value.next !== '') paper.whole('', value.next);
};

export type ShownDeclaration = {
  readonly id: string;
  readonly target: string;
  readonly signature: string;
  readonly count: number;
  readonly closed: readonly { readonly kind: string; readonly source: string }[];
  readonly expectations: readonly {
    readonly entity: string;
    readonly attribute: string;
    readonly test: { readonly op: string; readonly [name: string]: Json };
    readonly at: string | null;
    readonly title: string;
  }[];
};

export const renderDeclaration: Render<ShownDeclaration> = (paper, value) => {
  paper.whole(
    '',
    `${value.id} of ${value.target}: ${value.count} expectations, ${value.signature}`,
  );
  for (const { entity, attribute, test, at, title } of value.expectations) {
    const { op, ...rest } = test;
    const says = [op, ...Object.values(rest).map((each) => brief(each))].join(' ');
    paper.whole('  ', `${entity} ${attribute} ${says}`, {
      text: `  ${at ?? title}`,
      tone: 'faint',
    });
  }
  if (value.count > value.expectations.length)
    paper.whole('  ', `… and ${value.count - value.expectations.length} more`);
  for (const { kind, source } of value.closed)
    paper.whole('  ', `nothing else of kind ${kind}, as ${source} tells`);
};

export type CheckedDeclarations = {
  readonly ok: boolean;
  readonly checked: readonly string[];
  readonly problems: readonly string[];
};

export const renderChecked: Render<CheckedDeclarations> = (paper, value) => {
  for (const problem of value.problems) paper.block(problem, '');
  if (value.ok)
    paper.whole(
      '',
      value.checked.length === 0
        ? 'there is nothing to check'
        : `they hold: ${value.checked.join(', ')}`,
    );
};

export type ProposedDeclaration = {
  readonly branch: string;
  readonly commit: string;
  readonly diff: string;
  readonly says: string;
};

export const renderProposed: Render<ProposedDeclaration> = (paper, value) => {
  paper.block(value.diff);
  paper.whole('', `branch ${value.branch}, commit ${value.commit.slice(0, 12)}`);
  paper.whole('', value.says);
};
