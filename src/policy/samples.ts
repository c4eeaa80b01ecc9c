/** Good values for tests. */
import { readFileSync } from 'node:fs';
import type { Target } from '#model';
import { SHIPPED_FILES } from './load.ts';
import type { PolicyFile } from './policy-text.ts';
import type { PolicyQuestion } from './protocol.ts';

export const shippedFiles = (): readonly PolicyFile[] =>
  SHIPPED_FILES.map((path) => ({
    path,
    text: readFileSync(new URL(`shipped/${path}`, import.meta.url), 'utf8'),
  }));

export function aTarget(more: Partial<Target> = {}): Target {
  return {
    id: 'host:web-1',
    scope: 'main/main',
    hostType: 'debian',
    environment: 'production',
    transport: 'ssh',
    address: '192.0.2.1',
    via: [],
    hostKey: null,
    criticality: 'normal',
    owner: null,
    tags: [],
    redundancySet: null,
    staleAfterSeconds: 900,
    sources: [],
    ...more,
  };
}

/** An operator at the command line asks for a T1 action on one target; nothing stands in the way. */
export function aQuestion(
  more: Partial<Omit<PolicyQuestion, 'caller' | 'action'>> & {
    readonly caller?: Partial<PolicyQuestion['caller']>;
    readonly action?: Partial<PolicyQuestion['action']>;
  } = {},
): PolicyQuestion {
  return {
    targets: [aTarget()],
    mode: 'open',
    inWindow: false,
    frozen: false,
    planTainted: false,
    standing: null,
    ...more,
    caller: {
      principal: 'operator:ana',
      surface: 'cli',
      kind: 'operator',
      profile: 'operator',
      capabilities: ['service.manage'],
      ceiling: 'T3',
      tainted: false,
      ...more.caller,
    },
    action: {
      id: 'service.reload',
      version: 1,
      family: 'service',
      tier: 'T1',
      sideEffect: 'transient',
      capability: 'service.manage',
      reversible: true,
      closedArguments: true,
      environments: 'any',
      ...more.action,
    },
  };
}
