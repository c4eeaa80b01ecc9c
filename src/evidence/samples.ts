/** Good events; a test spells out only what is special about its own. */
import type { EventInput } from './protocol.ts';

export function anEvent(over: Partial<EventInput> = {}): EventInput {
  return {
    kind: 'operation',
    requestId: 'req_0123456789abcdef01234567',
    traceId: null,
    scope: 'org/site',
    principal: 'operator:ada@local',
    onBehalfOf: null,
    surface: 'cli',
    operation: 'query_facts',
    arguments: { entity: 'service:web-1/nginx.service' },
    decision: { verdict: 'allow', because: 'may observe' },
    outcome: 'done',
    fault: null,
    targets: ['host:web-1'],
    output: {
      sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      length: 1834,
    },
    tainted: false,
    ...over,
  };
}
