/** The doctor with what he asks of the running service: loaded by whoever calls for him. */
import { join } from 'node:path';
import type { Instant } from '#base/time';
import type { Catalogue } from '#catalogue';
import type { ChangeRoad } from '#execution';
import { nodeMachineFiles } from '#machine';
import type { Target } from '#model';
import type { AuthorityPowers, PolicyPowers } from '#operations';
import type { Paths } from './data-directory.ts';
import type { ChangePatient, OperatorsThere } from './doctor-changes.ts';
import type { LocalHostKeeper } from './local-host.ts';

export { examine } from './doctor.ts';
export { consoleChecks } from './doctor-console.ts';

const MOST_PENDING = 200;
const THIS_MACHINE = { transport: 'local' } as Target;

export function changePatient(service: {
  readonly now: Instant;
  readonly paths: Paths;
  readonly road: Pick<ChangeRoad, 'stops' | 'list'>;
  readonly host: Pick<LocalHostKeeper, 'adapter' | 'enrolled'>;
  readonly authority: Pick<AuthorityPowers, 'operators' | 'status'>;
  readonly policies: Pick<PolicyPowers, 'test'>;
  readonly catalogue: () => Promise<Catalogue>;
  readonly scopes: readonly string[];
  readonly anchors: ChangePatient['anchors'];
}): ChangePatient {
  const { now, paths, road, host, authority, policies, catalogue, scopes, anchors } = service;
  return {
    now,
    operators: async () => (await authority.operators()) as OperatorsThere,
    inForce: async () =>
      (await authority.status()) as Awaited<ReturnType<ChangePatient['inForce']>>,
    policies: async () =>
      (await policies.test(undefined)) as Awaited<ReturnType<ChangePatient['policies']>>,
    catalogue,
    host: async () =>
      (await host.enrolled(THIS_MACHINE)) === undefined
        ? undefined
        : (await host.adapter.host(THIS_MACHINE)).status(),
    stops: () => road.stops(),
    pending: async () =>
      road
        .list({ scopes }, { pending: true }, MOST_PENDING)
        .changes.map(({ changeId, plan }) => ({ changeId, decideBy: plan.expiresAt })),
    outputsKey: async () => (await nodeMachineFiles().stat(join(paths.keys, 'outputs')))?.mode,
    anchors,
  };
}
