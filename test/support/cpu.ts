/** What a test that holds something to a time measures with: other work of the machine is not in it. */
import { readdirSync, readFileSync } from 'node:fs';

/** Processor time of this thread so far, in milliseconds. */
export function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/**
 * Milliseconds since it was made, less those for which this process or one that it started was ready to go on and the
 * machine had no processor for it: for what is promised within a moment. On a quiet machine nothing is taken off; waits
 * of several at once count each, so that a quarter always stays: four times the promise fails however busy it is.
 */
export function stopwatch(): () => number {
  const began = performance.now();
  const before = waits();
  return () => {
    let waited = 0;
    for (const [pid, ms] of waits()) waited += ms - (before.get(pid) ?? 0);
    const elapsed = performance.now() - began;
    return Math.max(elapsed / 4, elapsed - waited);
  };
}

/** How long each has stood in a queue for a processor; nothing where the kernel does not say. */
function waits(): ReadonlyMap<string, number> {
  const parents = new Map<string, string>();
  for (const pid of readdirSync('/proc')) {
    const stat = /^\d+$/.test(pid) ? said(`/proc/${pid}/stat`) : '';
    parents.set(pid, stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? '');
  }
  const isOurs = (pid: string | undefined): boolean =>
    pid === String(process.pid) || (pid !== undefined && pid > '1' && isOurs(parents.get(pid)));
  return new Map(
    [...parents.keys()]
      .filter(isOurs)
      .map((pid) => [pid, Number(said(`/proc/${pid}/schedstat`).split(' ')[1] ?? 0) / 1e6]),
  );
}

function said(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}
