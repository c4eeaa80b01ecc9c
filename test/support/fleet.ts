/** Fleets of lab hosts for scenario tests: real sshds with addresses, or a reason why there are none here. */
import { type Fleet, type FleetOptions, makeFleet } from '../../lab/fleet.ts';
import { whyNoLab } from '../../lab/hosts.ts';
import { type Ran, type RunOptions, run } from '../../lab/podman.ts';

export type { Fleet, FleetHost } from '../../lab/fleet.ts';

/**
 * `false`, or why the suite has to be skipped: made for the `skip` of a suite. The first call may
 * take some minutes.
 */
export async function fleetUnavailable(): Promise<false | string> {
  return (await whyNoLab((line) => void process.stderr.write(`${line}\n`), 'fleet')) ?? false;
}

/** Goes when disposed of and when this process ends. Fleets of one or several processes share nothing. */
export function startFleet(options: Omit<FleetOptions, 'isKept'>): Promise<Fleet> {
  return makeFleet(options);
}

/** As the operator: `ssh HOST COMMAND`, with OpenSSH's own words on its standard error. */
export function ssh(
  { sshConfig }: Pick<Fleet, 'sshConfig'>,
  name: string,
  command: string,
  options?: RunOptions,
): Promise<Ran> {
  return run(['ssh', '-F', sshConfig, '-o', 'BatchMode=yes', name, command], options);
}
