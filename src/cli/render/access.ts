/** Roles and who has them, for people. */
import type { UnsignedEdit } from '#operations';
import type { Render } from '../desk.ts';
import type { Piece } from '../text/paper.ts';
import { writeUnsigned } from './unsigned-edit.ts';

type Shown = {
  readonly isFile: boolean;
  readonly roles: readonly {
    readonly role: string;
    readonly profile: string | null;
    readonly capabilities: readonly string[];
    readonly scopes: 'all' | readonly string[];
    readonly targets: 'all' | { readonly ids: readonly string[]; readonly tags: readonly string[] };
    readonly ceiling: string;
  }[];
  readonly people: readonly {
    readonly operator: string;
    readonly isInForce: boolean;
    readonly roles: readonly string[];
  }[];
  readonly groups: readonly { readonly group: string; readonly roles: readonly string[] }[];
  readonly unsigned: UnsignedEdit | null;
};

export const renderAccess: Render<Shown> = (paper, { isFile, roles, people, groups, unsigned }) => {
  writeUnsigned(paper, unsigned);
  if (!isFile)
    paper.whole('There is no access.yaml: every operator in force is owner, and may ask for all.');
  paper.table(
    [
      { head: 'ROLE' },
      { head: 'HOLDS', least: 8 },
      { head: 'TARGETS', least: 8 },
      { head: 'SCOPES', least: 6 },
      { head: 'UP TO' },
    ],
    roles.map(({ role, profile, capabilities, scopes, targets, ceiling }): Piece[] => [
      role,
      profile ?? capabilities.join(' '),
      targets === 'all'
        ? 'all'
        : [...targets.ids, ...targets.tags.map((tag) => `tag ${tag}`)].join(' ') || 'none',
      scopes === 'all' ? 'all' : scopes.join(' ') || 'none',
      ceiling,
    ]),
  );
  for (const { operator, isInForce, roles: held } of people)
    paper.whole({ text: operator, tone: 'strong' }, `  ${held.join(' ') || 'no role'}`, {
      text: isInForce ? '' : '  nobody signed for them',
      tone: 'warn',
    });
  for (const { group, roles: held } of groups)
    paper.whole({ text: `group ${group}`, tone: 'strong' }, `  ${held.join(' ') || 'no role'}`);
};
