/**
 * A host in memory to rehearse actions on: state is a map, programs are a function of it. For what a
 * lab cannot show, and for tests of the rehearsal itself.
 */
import { sha256 } from '#base/digest';
import type { PlanStep, Target } from '#model';
import type { RehearsalHost, RehearsalOrder, SeenFact, StepEnd } from '#rehearsal';

export type SimulatedState = Map<string, string>;
export type SimulatedPrograms = (argv: readonly string[], state: SimulatedState) => number;

export type Simulation = {
  readonly state: SimulatedState;
  readonly programs: SimulatedPrograms;
  readonly facts: (state: SimulatedState) => readonly SeenFact[];
  /** Keys of the state that no snapshot shows. */
  readonly unseen?: readonly string[];
  /** What it is, where that is no machine of Debian. */
  readonly target?: Partial<Target>;
  /** Every file that is asked for is there. */
  readonly hasFiles?: true;
};

export const SIMULATED_TARGET: Target = {
  id: 'host:sim',
  scope: 'lab/lab',
  hostType: 'debian',
  environment: 'lab',
  transport: 'none',
  address: null,
  via: [],
  hostKey: null,
  criticality: 'low',
  owner: null,
  tags: [],
  redundancySet: null,
  staleAfterSeconds: 3600,
  sources: [],
};

export function simulatedRehearsal({
  state,
  programs,
  facts,
  unseen = [],
  target = {},
  hasFiles,
}: Simulation): RehearsalHost {
  let isStopped = false;
  const perform = (step: PlanStep): number =>
    programs(
      step.argv.map((word) => (typeof word === 'string' ? word : `file ${word.file}`)),
      state,
    );
  const order = async (): Promise<RehearsalOrder> => {
    const spent = new Set<PlanStep>();
    const exited = new Set<number>();
    const begin = (step: PlanStep): StepEnd | undefined => {
      if (isStopped) return { kind: 'refused', code: 'stopped' };
      if (step.direction === 'inverse' && !exited.has(step.step)) {
        return { kind: 'refused', code: 'forward-not-run' };
      }
      if (spent.has(step)) return { kind: 'refused', code: 'nonce-spent' };
      spent.add(step);
      return undefined;
    };
    return {
      run: async (step) => {
        const refused = begin(step);
        if (refused !== undefined) return refused;
        const status = perform(step);
        if (step.direction === 'forward') exited.add(step.step);
        return { kind: 'ended', result: 'exited', status, says: '' };
      },
      // The worst moment: all of it was done, and nobody was told.
      killed: async (step) => {
        const refused = begin(step);
        if (refused !== undefined) return refused;
        perform(step);
        return { kind: 'ended', result: 'signalled', status: 9, says: '' };
      },
    };
  };
  return {
    where: 'simulated',
    target: { ...SIMULATED_TARGET, ...target },
    runbookRoot: null,
    order,
    look: async (argv) => ({ exit: programs(argv, state), stdout: state.get('stdout') ?? '' }),
    facts: async () => facts(state),
    file: async (path) => (hasFiles === true ? { sha256: sha256(path) } : 'absent'),
    snapshot: async () =>
      [...state]
        .filter(([key]) => !unseen.includes(key))
        .map(([key, value]) => `${key} ${value}`)
        .sort(),
    stop: async () => {
      isStopped = true;
    },
    lift: async () => {
      isStopped = false;
    },
    sleep: async () => {},
  };
}
