/** A question with everything in it that can be in a question. */
import type { PolicyQuestion } from './protocol.ts';

export const PROBE: PolicyQuestion = {
  caller: {
    principal: 'operator:probe',
    surface: 'cli',
    kind: 'operator',
    profile: 'probe',
    capabilities: ['probe'],
    ceiling: 'T3',
    tainted: false,
  },
  action: {
    id: 'probe',
    version: 1,
    family: 'probe',
    tier: 'T1',
    sideEffect: 'none',
    capability: 'probe',
    reversible: true,
    closedArguments: true,
    environments: ['test'],
  },
  targets: [
    {
      id: 'host:probe',
      scope: 'main/main',
      hostType: 'other',
      environment: 'test',
      transport: 'none',
      address: null,
      via: [],
      hostKey: null,
      criticality: 'normal',
      owner: 'probe',
      tags: ['probe'],
      redundancySet: 'probe',
      staleAfterSeconds: 900,
      sources: [],
    },
  ],
  mode: 'open',
  inWindow: true,
  frozen: false,
  planTainted: false,
  standing: { id: 'probe', evenTainted: true },
};
