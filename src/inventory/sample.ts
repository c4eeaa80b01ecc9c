/** The `fleet.yaml` that `holdfast init` writes: this machine, and the rest taught by comments. */
import { DEFAULT_SCOPE, type Environment, type HostType, type Scope } from '#model';
import { targetIdProblem } from './read-target.ts';

export type ThisMachine = {
  readonly hostname: string;
  readonly hostType: HostType;
  readonly environment?: Environment;
  readonly scope?: Scope;
};

/** The id that this machine gets. A host name that cannot be one is trimmed to what can. */
export function localTargetId(hostname: string): string {
  const id = `host:${hostname
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 63)}`;
  return targetIdProblem(id) === undefined ? id : 'host:this-machine';
}

export function sampleInventory(machine: ThisMachine): string {
  return `# Your fleet: the targets Holdfast may look at, and whose word about them counts.
# What a target is comes from this file only: no caller and no target can change it.
version: 1
scope: ${machine.scope ?? DEFAULT_SCOPE}

defaults:
  # A look older than this no longer counts as complete. 90s, 15m, 6h, 2d.
  staleAfter: 15m

targets:
  ${localTargetId(machine.hostname)}:
    hostType: ${machine.hostType} # debian, ubuntu, linux, talos, windows, other
    environment: ${machine.environment ?? 'development'} # production (when left out), staging, test, development, lab
    transport: local # this machine; ssh (needs an address; then holdfast enroll) or none (when left out)
    tags: []
    # Who besides Holdfast's own collectors may assert facts of this target:
    # sources:
    #   - name: probe
    #     kinds: [service, package] # left out: every kind
    #     trusted: false # true: its facts count for drift

# Networks of ours: looks (ping, curl, dig @server) speak to addresses in them, and to nobody else.
# networks: [10.0.0.0/8, fd00::/8]

# Targets that stand in for each other:
# redundancySets:
#   web: [host:web-1, host:web-2]

# Differences that are of no interest. They stay listed, as ignored.
# drift:
#   ignore:
#     - entity: package:*/tzdata
#       reason: updated by unattended-upgrades
`;
}
