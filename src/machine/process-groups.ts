/** Process groups that we started: each is ended whole, and none outlives this process. */

const running = new Set<number>();
let endsWithUs = false;

export function keepGroup(pid: number | undefined): void {
  if (pid !== undefined) running.add(pid);
  if (endsWithUs) return;
  endsWithUs = true;
  process.on('exit', () => {
    for (const group of running) signalGroup(group, 'SIGKILL');
  });
}

export function forgetGroup(pid: number | undefined): void {
  if (pid !== undefined) running.delete(pid);
}

export function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Already gone.
  }
}
