/** A round over what a Windows host answered. Tested by contract only: it has not been run on Windows. */
import { Fault } from '#base/fault';
import type { Clock } from '#base/ports';
import { SSH_SOURCE } from '#model';
import type { Collector, Machine } from '../look-session.ts';
import { type CollectorSource, type Observed, observe } from '../observe.ts';
import { parseWindowsAnswer } from './answer.ts';
import { windowsCollectors } from './collectors.ts';

export type ObserveWindowsRequest = {
  readonly target: string;
  /** What the script printed. */
  readonly bytes: Uint8Array;
  readonly clock: Clock;
  /** Whose word it is. Default: that of the collectors over SSH. */
  readonly source?: CollectorSource;
  readonly signal?: AbortSignal;
};

/** Throws `windows-malformed`. A part that failed on the host leaves its kinds partial. */
export async function observeWindows(request: ObserveWindowsRequest): Promise<readonly Observed[]> {
  const { bytes, source = SSH_SOURCE, ...rest } = request;
  const collectors = windowsCollectors(parseWindowsAnswer(bytes));
  return observe({
    ...rest,
    collectors,
    machine: nothing(request.clock),
    source,
    parallel: 1,
  });
}

/** All there is to see stands in the answer. */
function nothing(clock: Clock): Machine {
  const refuse = async (): Promise<never> => {
    throw new Fault('unavailable', 'windows-not-looked', 'not in the answer of the Windows host');
  };
  return {
    clock,
    files: { read: refuse, list: refuse, stat: refuse, readLink: refuse, sha256: refuse },
    programs: { run: refuse },
  };
}

/** What is looked at on a Windows host, for whoever has to say that it could not be. */
export const WINDOWS_COLLECTORS: readonly Collector[] = windowsCollectors({
  part: (name) => ({ missing: name }),
});
