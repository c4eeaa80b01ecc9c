/** What a test that holds a function to linear time measures with: other work of the machine is not in it. */

/** Processor time of this thread so far, in milliseconds. */
export function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
