/** The table of verdicts as it is read: environments that say the same in one row, and what an edit changes in it. */
export const TIERS = ['T0', 'T1', 'T2', 'T3'] as const;
export type Tier = (typeof TIERS)[number];

export type Cell = { readonly verdict: string; readonly because: string; readonly says: string };

export type Row = {
  readonly kind: string;
  readonly profile: string;
  readonly environment: string;
  readonly cells: Readonly<Record<Tier, Cell>>;
};

export type Folded = {
  readonly kind: string;
  readonly profile: string;
  /** `null`: every one. */
  readonly environments: readonly string[] | null;
  readonly cells: Readonly<Record<Tier, Cell & { readonly was: Cell | null }>>;
};

/** Rows of one caller that agree become one. `edited`: of the same callers, by edited policies. */
export function folded(
  rows: readonly Row[],
  edited: readonly Row[] | undefined,
): readonly Folded[] {
  const after = new Map((edited ?? rows).map((row) => [nameOf(row), row]));
  const result: Folded[] = [];
  for (const [, those] of Map.groupBy(rows, ({ kind, profile }) => `${kind} ${profile}`)) {
    const alike = Map.groupBy(those, (row) => {
      const now = after.get(nameOf(row)) ?? row;
      return TIERS.map((tier) => `${textOf(row.cells[tier])} ${textOf(now.cells[tier])}`).join('|');
    });
    for (const [, same] of alike) {
      const [first] = same;
      if (first === undefined) continue;
      const now = after.get(nameOf(first)) ?? first;
      result.push({
        kind: first.kind,
        profile: first.profile,
        environments:
          same.length === those.length ? null : same.map(({ environment }) => environment),
        cells: Object.fromEntries(
          TIERS.map((tier) => {
            const [before, cell] = [first.cells[tier], now.cells[tier]];
            return [tier, { ...cell, was: textOf(before) === textOf(cell) ? null : before }];
          }),
        ) as Folded['cells'],
      });
    }
  }
  return result;
}

export function changedCells(rows: readonly Folded[]): number {
  return rows.flatMap(({ cells }) => TIERS.filter((tier) => cells[tier].was !== null)).length;
}

const nameOf = ({ kind, profile, environment }: Row): string => `${kind} ${profile} ${environment}`;
const textOf = ({ verdict, because }: Cell): string => `${verdict} ${because}`;

/** `policy/own.cedar:3: message` */
export function problemsOf(
  problems: readonly string[],
): readonly { readonly file: string; readonly line: number; readonly says: string }[] {
  return problems.map((problem) => {
    const found = /^(?:policy|shipped)\/([^:\s]+):(\d+): ([\s\S]*)$/.exec(problem);
    return found === null
      ? { file: '', line: 0, says: problem }
      : { file: found[1] ?? '', line: Number(found[2]), says: found[3] ?? '' };
  });
}

export type PolicyFile = { readonly name: string; readonly text: string };

/** Names of what differs: edited, new, taken out. */
export function editedNames(
  before: readonly PolicyFile[],
  now: readonly PolicyFile[],
): readonly string[] {
  const was = new Map(before.map(({ name, text }) => [name, text]));
  const is = new Map(now.map(({ name, text }) => [name, text]));
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((name) => was.get(name) !== is.get(name))
    .toSorted();
}

/** Why a file cannot be called so; `null`: it can. */
export function nameProblem(name: string, files: readonly PolicyFile[]): string | null {
  if (!/^[a-z0-9][a-z0-9_-]{0,63}\.cedar$/.test(name) && name !== 'settings.yaml')
    return 'small letters, digits, - and _, ending in .cedar; or settings.yaml';
  return files.some((file) => file.name === name) ? 'there is one of that name' : null;
}
