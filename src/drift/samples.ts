import { instant } from '#base/time';
import type { Coverage, Finding, Waiver } from '#model';
import type { Difference } from './difference.ts';
import type { KindRules, ObservedFact } from './facts.ts';

export const noon = instant('2026-03-01T12:00:00Z');
export const later = instant('2026-03-01T13:00:00Z');
export const web = 'host:web-1';
export const local = 'collector.local';

/** `service.load` moves by itself; users and `service.owner` matter to security; packages are harmless. */
export const rules: KindRules = {
  isVolatile: (kind, attribute) => kind === 'service' && attribute === 'load',
  isSecurity: (kind, attribute) => kind === 'user' || (kind === 'service' && attribute === 'owner'),
  isHarmless: (kind) => kind === 'package',
};

export function aFact(
  entity: string,
  attribute: string,
  value: ObservedFact['value'],
  more: Partial<ObservedFact> = {},
): ObservedFact {
  return { source: local, entity, attribute, value, ...more };
}

export function aCoverage(kind: string, more: Partial<Coverage> = {}): Coverage {
  return {
    scope: 'main/main',
    target: web,
    source: local,
    kind,
    status: 'complete',
    observedAt: later,
    ageSeconds: 0,
    reason: null,
    ...more,
  };
}

export function aFinding(more: Partial<Finding> = {}): Finding {
  return {
    id: 'finding_0123456789abcdef',
    scope: 'main/main',
    target: web,
    baseline: 'baseline_1',
    declared: 'blessed',
    entity: 'service:web-1/nginx',
    attribute: 'state',
    kind: 'changed',
    severity: 'warning',
    observed: 'stopped',
    desired: 'running',
    notBefore: null,
    firstSeen: noon,
    lastSeen: later,
    looks: 2,
    status: 'open',
    owner: null,
    because: null,
    cause: null,
    ...more,
  };
}

export function aWaiver(more: Partial<Waiver> = {}): Waiver {
  return {
    id: 'waiver_1',
    scope: 'main/main',
    target: web,
    entity: 'service:*',
    attribute: '*',
    reason: 'maintenance',
    owner: 'ada',
    expiresAt: later,
    signature: 'unsigned',
    status: 'active',
    ...more,
  };
}

/** A finding as a look shows it, before it has a status. */
export function asDifference(finding: Finding): Difference {
  const { status: _status, looks: _looks, cause: _cause, ...difference } = finding;
  return difference;
}

/** What reconciling needs besides what was and is seen: no rules, nobody's. */
export const LIFE = { rules: [], kinds: rules, owner: null } as const;
