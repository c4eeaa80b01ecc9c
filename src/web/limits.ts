import { LIMITS } from '#base/limits';
import type { HintLimits } from './hints.ts';
import type { Rate } from './rate.ts';

export type WebLimits = HintLimits & {
  /** Every request of one address, whoever asks. */
  readonly byAddress: Rate;
  /** Of one session or lease. */
  readonly requests: Rate;
  /** Of signing in, by address. */
  readonly attempts: Rate;
  /** Calls of one session or lease that are answered at the same time. */
  readonly working: number;
  readonly bodyBytes: number;
  readonly signInBytes: number;
  readonly bodyMs: number;
};

export const WEB_LIMITS: WebLimits = {
  byAddress: { burst: 1_000, perSecond: 200 },
  requests: { burst: 240, perSecond: 40 },
  attempts: { burst: 30, perSecond: 0.5 },
  working: 16,
  streams: 8,
  allStreams: 256,
  heartbeatMs: 15_000,
  checkMs: 500,
  gatherMs: 100,
  bodyBytes: LIMITS.requestBytes,
  signInBytes: 128 * 1024,
  bodyMs: 20_000,
};
