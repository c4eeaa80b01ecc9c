/**
 * Whether whoever signs has to be somebody else than the person behind the request. Asked when a
 * signature comes, and again of every signature right before dispatch: the row that keeps one says
 * nothing about who gave it.
 */
import { RECOVERY, samePerson } from '#authority';
import type { Plan } from '#model';
import { needsFourEyes } from '#policy';
import { refuse } from './refuse.ts';
import type { Scene } from './scene.ts';

export type Persons = ReturnType<typeof samePerson>;

/** Of the operator and the person behind the request; what is not known could be the same. */
export function personsOf(
  { requestedBy }: Pick<Plan, 'requestedBy'>,
  { operators }: Pick<Scene['authority'], 'operators'>,
  operator: string,
): Persons {
  const account = requestedBy.onBehalfOf ?? requestedBy.principal;
  return samePerson(operators, operator, account.replace(/^operator:/, ''));
}

export function wantsFourEyes(
  { targets, tier }: Pick<Plan, 'targets' | 'tier'>,
  { inventory, settings, authority }: Pick<Scene, 'inventory' | 'settings' | 'authority'>,
): boolean {
  const environments = targets.flatMap(({ id }) => inventory.byId.get(id)?.environment ?? []);
  if (environments.length !== targets.length) return true;
  const operators = new Set(authority.signers.lines.flatMap((line) => line.operators));
  operators.delete(RECOVERY);
  return needsFourEyes(settings, tier, environments, operators.size);
}

export function requireOther(persons: Persons, operator: string): void {
  if (persons === 'different') return;
  refuse(
    'four-eyes',
    `someone else approves this: ${operator} is ${persons === 'same' ? '' : 'perhaps '}the person behind the request. Ask another operator; who is who stands in operators.yaml`,
  );
}
