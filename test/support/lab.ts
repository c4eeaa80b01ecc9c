/** Lab hosts for tests: real systemds in containers, or a reason why there are none here. */
import { type Host, type HostOptions, startHost, whyNoLab } from '../../lab/hosts.ts';

export type { Host } from '../../lab/hosts.ts';

/**
 * `false`, or why the suite has to be skipped: made for the `skip` of a suite. The first call may
 * take a minute or two.
 */
export async function labUnavailable(): Promise<false | string> {
  return (await whyNoLab((line) => void process.stderr.write(`${line}\n`))) ?? false;
}

/** Gives `use` a host that has just booted, and removes it whatever happens. */
export async function withHost<Answer>(
  name: string,
  use: (host: Host) => Promise<Answer>,
  options?: HostOptions,
): Promise<Answer> {
  await using host = await startHost(name, options);
  return await use(host);
}
