/** Whether the service lives, and whether it can do its work: what of it does not hold is named, and no more. */
import type { JsonObject } from '#base/json';

export type ReadyCheck = {
  readonly name: 'store' | 'log' | 'policy' | 'inventory';
  readonly isReady: boolean;
  /** The stable code of what is wrong. */
  readonly code: string | null;
};

export function readiness(checks: readonly ReadyCheck[]): {
  readonly status: number;
  readonly body: JsonObject;
} {
  const isReady = checks.every((check) => check.isReady);
  return {
    status: isReady ? 200 : 503,
    body: {
      status: isReady ? 'ready' : 'not-ready',
      checks: checks.map(({ name, isReady: ready, code }) => ({
        name,
        status: ready ? 'ready' : 'not-ready',
        ...(code === null ? {} : { code }),
      })),
    },
  };
}
