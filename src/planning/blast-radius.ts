/** What share of the fleet a plan touches, in sentences. Reads the inventory and nothing else. */
import type { Plan, Target } from '#model';
import { quoteWord } from './quote.ts';

/** The part of the inventory that says what belongs together. */
export type FleetView = {
  readonly targets: readonly Target[];
  readonly redundancySets: readonly {
    readonly name: string;
    readonly members: readonly string[];
  }[];
};

export function blastRadius(plan: Plan, fleet: FleetView): readonly string[] {
  const ids = new Set(plan.targets.map(({ id }) => id));
  const touched = fleet.targets.filter(({ id }) => ids.has(id));
  const said = [`${share(touched.length, fleet.targets.length)} targets`];
  for (const { name, members } of fleet.redundancySets) {
    const hit = members.filter((id) => ids.has(id)).length;
    if (hit === 0) continue;
    const left = members.length - hit;
    const rest = left === 0 ? ': nothing of it is left untouched' : `, ${left} left untouched`;
    said.push(`${share(hit, members.length)} members of redundancy set ${quoteWord(name)}${rest}`);
  }
  const group = (what: string, of: (target: Target) => readonly string[]): void => {
    for (const name of [...new Set(touched.flatMap(of))].sort())
      said.push(
        `${share(
          touched.filter((each) => of(each).includes(name)).length,
          fleet.targets.filter((each) => of(each).includes(name)).length,
        )} of ${what} ${quoteWord(name)}`,
      );
  };
  group('environment', ({ environment }) => [environment]);
  group('owner', ({ owner }) => (owner === null ? [] : [owner]));
  group('tag', ({ tags }) => tags);
  const high = touched.filter(({ criticality }) => criticality === 'high').length;
  if (high > 0) said.push(`${high} of high criticality`);
  return said;
}

function share(part: number, whole: number): string {
  return part === whole ? `all ${whole}` : `${part} of ${whole}`;
}
