/** Good values for tests: a target, what is known of it, and plans of shipped actions on it. */
import type { JsonObject } from '#base/json';
import { instant } from '#base/time';
import { type Catalogue, parseArguments, type Runnable } from '#catalogue';
import { DEFAULT_SCOPE, keyOf, type Plan, type Target } from '#model';
import { shippedCatalogue } from '#samples/catalogue';
import type { ExpandContext } from './bind.ts';
import { type Expansion, expand } from './expand.ts';
import { makePlan, type PlanInput } from './plan.ts';

export const CATALOGUE: Catalogue = shippedCatalogue();
export const OLD_CONTENT = '1'.repeat(64);

export function aTarget(over: Partial<Target> = {}): Target {
  return {
    id: 'host:web-1',
    scope: DEFAULT_SCOPE,
    hostType: 'debian',
    environment: 'production',
    transport: 'local',
    address: null,
    via: [],
    hostKey: null,
    criticality: 'normal',
    owner: null,
    tags: [],
    redundancySet: null,
    staleAfterSeconds: 900,
    sources: [],
    ...over,
  };
}

/** What a trusted source says of any host, by entity without the host, and attribute. */
export const FACTS: Readonly<Record<string, string | boolean>> = {
  'service:nginx.service state.current': 'active',
  'service:nginx.service state.load': 'loaded',
  'service:nginx.service state.enabled': 'enabled',
  'service:ssh.service state.current': 'inactive',
  'service:systemd-resolved.service state.current': 'active',
  'user:alice password.state': 'set',
  'package:nginx version': '1.22.1-9',
  'package:nginx state': 'installed',
  'package:nginx held': false,
  'container:web state': 'running',
  'container:web runtime': 'podman',
  'certificate:/etc/letsencrypt/live/web/fullchain.pem fingerprint': 'a1b2',
  'host: boot.id': '6a0e4a4e-0000-4000-8000-000000000001',
};

export function aContext(over: Partial<ExpandContext> = {}): ExpandContext {
  const own = (entity: string): string => entity.replace(/^([a-z_]+:)[^/]*\/?/, '$1');
  return {
    changeId: 'chg_0011223344556677',
    stateRoot: '/var/lib/holdfast/undo',
    programRoot: '/opt/holdfast',
    account: 'holdfast',
    runbookRoot: null,
    catalogue: CATALOGUE,
    reported: (entity) => Object.keys(FACTS).some((key) => key.startsWith(`${own(entity)} `)),
    fact: (entity, attribute) => {
      const value = FACTS[`${own(entity)} ${attribute}`];
      return value === undefined ? undefined : { value };
    },
    file: () => ({ sha256: OLD_CONTENT }),
    ...over,
  };
}

export function known(kind: string): ReadonlySet<string> {
  return new Set(
    Object.keys(FACTS).flatMap((key) => {
      const name = key.slice(0, key.indexOf(' '));
      return name.startsWith(`${kind}:`) ? [name.slice(kind.length + 1)] : [];
    }),
  );
}

/** Arguments with which each shipped action can be planned on `aTarget`. */
export const ARGUMENTS: Readonly<Record<string, JsonObject>> = {
  'cache.clear': { cache: 'apt' },
  'cert.renew': { lineage: 'web' },
  'container.restart': { container: 'web' },
  'file.write': {
    path: '/etc/nginx/nginx.conf',
    content: 'worker_processes 1;\n',
    validate: 'none',
  },
  'logs.read': { unit: 'nginx.service' },
  'package.upgrade': { package: 'nginx', version: '1.22.1-9+deb12u1' },
  'process.signal': { unit: 'nginx.service', signal: 'SIGHUP' },
  'service.disable': { unit: 'nginx.service' },
  'service.reload': { unit: 'nginx.service' },
  'service.restart': { unit: 'nginx.service' },
  'service.start': { unit: 'ssh.service' },
  'service.status': { unit: 'nginx.service' },
  'service.stop': { unit: 'nginx.service' },
  'tmp.clean': { root: '/tmp' },
  'user.lock': { account: 'alice' },
};

export function expandOn(
  name: string,
  args: JsonObject = ARGUMENTS[name] ?? {},
  context: ExpandContext = aContext(),
  target: Target = aTarget(),
): Expansion {
  const runnable = context.catalogue.find(name);
  return expand(runnable, parseArguments(runnable, args, known), target, context);
}

export function aPlan(
  name = 'service.restart',
  over: Partial<PlanInput> & { readonly args?: JsonObject; readonly on?: readonly Target[] } = {},
): Plan {
  const runnable: Runnable = CATALOGUE.find(name);
  const args = parseArguments(runnable, over.args ?? ARGUMENTS[name] ?? {}, known);
  const targets = (over.on ?? [aTarget()]).map((target) => ({
    target: {
      id: target.id,
      scope: target.scope,
      hostId: keyOf(target.id).length.toString(16).padStart(32, '0'),
      epoch: 1,
      profile: 'a'.repeat(64),
    },
    expansion: expand(runnable, args, target, aContext()),
  }));
  return makePlan({
    runnable,
    arguments: args,
    targets,
    change: 'chg_0011223344556677',
    organisation: 'example',
    reason: 'it is down',
    requestedBy: { principal: 'assistant:one', onBehalfOf: 'alice' },
    inForce: {
      inventory: `sha256:${'1'.repeat(64)}`,
      policy: `sha256:${'2'.repeat(64)}`,
      catalogue: CATALOGUE.digest,
      baselines: `sha256:${'3'.repeat(64)}`,
    },
    tainted: false,
    undoes: null,
    madeAt: instant('2026-01-01T00:00:00Z'),
    decideBy: instant('2026-01-02T00:00:00Z'),
    ...over,
  });
}
