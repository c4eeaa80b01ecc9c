/** Every operation over the change road of a paper fleet: what an assistant or an operator asks goes the real way. */
import type { Json } from '#base/json';
import { Kernel, OPERATIONS, type ProofPowers } from '#operations';
import type { World as ChangeWorld } from './change-world.ts';
import { commandPowers } from './commands.ts';

export type ChangeKernel = {
  readonly kernel: Kernel;
  /** What was asked of powers that no assistant has. */
  readonly reached: string[];
};

export function aChangeKernel(world: ChangeWorld, proof: Partial<ProofPowers> = {}): ChangeKernel {
  const { life } = world.begin();
  const ports = world.ports(life);
  const reached: string[] = [];
  const spy = (name: string) => async (): Promise<Json> => {
    reached.push(name);
    return {};
  };
  const identity = async (): Promise<never> => {
    reached.push('identity');
    throw new Error('nobody signs in here');
  };
  const kernel = new Kernel(
    {
      clock: ports.clock,
      random: ports.random,
      log: ports.log,
      store: ports.store,
      events: world.log,
      inventory: ports.inventory,
      observe: async (target) => ({ target, unreachable: null, looks: [] }),
      editInventory: async () => void reached.push('editInventory'),
      verify: spy('verify'),
      backup: spy('backup'),
      doctor: spy('doctor'),
      trails: { changes: () => [], read: async () => ({ events: [], trails: [], why: null }) },
      changes: {
        road: world.road,
        catalogue: ports.catalogue,
        commands: commandPowers(),
        policy: ports.policy,
        ceilingOf: async () => 'T3',
      },
      authority: {
        operators: spy('operators'),
        status: spy('status'),
        page: spy('page'),
        apply: spy('apply'),
        wait: spy('wait'),
        waiting: spy('waiting'),
      },
      identity: {
        console: identity,
        confirmServer: identity,
        invite: identity,
        invitations: identity,
        passkeys: identity,
        renamePasskey: identity,
        removePasskey: identity,
        sessions: identity,
        endSession: identity,
        endSessions: identity,
        recoveryCodes: identity,
        glass: identity,
        closeGlass: identity,
      },
      leases: {
        issue: () => {
          reached.push('lease issue');
          throw new Error('nobody lends anything here');
        },
        get: () => void reached.push('lease get') as undefined,
        list: () => {
          reached.push('lease list');
          return [];
        },
        revoke: () => {
          reached.push('lease revoke');
          return false;
        },
        external: {
          idOf: () => 'oauth_0',
          seen: () => void reached.push('token seen'),
          isBarred: () => true,
          get: () => void reached.push('token get') as undefined,
          list: () => [],
          used: () => {},
          revoke: () => {
            reached.push('token revoke');
            return 'oauth_0';
          },
          readmit: () => {
            reached.push('token readmit');
            return false;
          },
          bar: () => void reached.push('token bar'),
          barBefore: () => void reached.push('token bar'),
          bars: () => [],
        },
      },
      access: {
        access: async () => undefined,
        operators: async () => [],
        unsigned: async () => null,
      },
      enrolment: {
        start: spy('enrolment start'),
        add: spy('enrolment add'),
        remove: spy('enrolment remove'),
        list: spy('enrolment list'),
        page: spy('enrolment page'),
        apply: spy('enrolment apply'),
        keys: spy('enrolment keys'),
      },
      policies: {
        test: spy('test'),
        explain: spy('explain'),
        replay: spy('replay'),
        show: spy('policy show'),
        matrix: spy('policy matrix'),
        check: spy('policy check'),
        save: spy('policy save'),
      },
      learning: {
        suggestions: spy('suggestions'),
        statistics: spy('command statistics'),
        draft: spy('draft'),
        move: spy('move'),
      },
      declarations: {
        list: spy('declaration list'),
        show: spy('declaration show'),
        propose: spy('declaration propose'),
      },
      proof: {
        bundle: spy('bundle'),
        status: spy('evidence status'),
        output: spy('output'),
        hold: spy('hold'),
        prune: spy('prune'),
        export: spy('export'),
        checkpoint: spy('checkpoint'),
        prove: spy('prove'),
        ...proof,
      },
    },
    OPERATIONS,
  );
  return { kernel, reached };
}
