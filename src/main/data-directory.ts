/** The data directory: where everything of one Holdfast lives. Mode 0700, one owner process. */
import { join } from 'node:path';

export type Paths = {
  readonly home: string;
  /** Whoever can edit it decides what is a target and which sources are trusted. */
  readonly inventory: string;
  /** Whoever can write here can alter what is remembered; `verify` finds it. */
  readonly facts: string;
  readonly logHead: string;
  readonly log: string;
  /** Whoever can read here can sign checkpoints as this service. */
  readonly keys: string;
  /** Whoever can read it may observe and ingest, and nothing more. */
  readonly observerToken: string;
  readonly run: string;
  readonly ownerLock: string;
  readonly socket: string;
  readonly http: string;
};

export function pathsOf(home: string): Paths {
  const run = join(home, 'run');
  return {
    home,
    inventory: join(home, 'fleet.yaml'),
    facts: join(home, 'store', 'facts.sqlite'),
    logHead: join(home, 'store', 'log-head'),
    log: join(home, 'log'),
    keys: join(home, 'keys'),
    observerToken: join(home, 'keys', 'observer-token'),
    run,
    ownerLock: join(run, 'owner.lock'),
    socket: join(run, 'holdfast.sock'),
    http: join(run, 'http.json'),
  };
}
