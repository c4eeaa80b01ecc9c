/** Reaches and targets for tests: few names, so that they meet. */
import fc from 'fast-check';
import { type Target, TIERS } from '#model';
import { CAPABILITIES } from './capabilities.ts';
import type { NamedTargets, Reach, ReachPart } from './reach.ts';

const SCOPES = ['main/main', 'acme/paris', 'acme/oslo'];
const TAGS = ['dns', 'web', 'db'];
const IDS = ['host:a', 'host:b', 'host:c', 'host:d'];

const some = <T>(from: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...from]);

const named: fc.Arbitrary<NamedTargets> = fc
  .array(fc.record({ ids: some(IDS), tags: some(TAGS) }), { minLength: 1, maxLength: 3 })
  .map(([first, ...others]) =>
    others.reduce<NamedTargets>((among, each) => ({ ...each, among }), first as NamedTargets),
  );

export const aPart: fc.Arbitrary<ReachPart> = fc.record({
  capabilities: some(CAPABILITIES),
  scopes: fc.oneof(fc.constant('all' as const), some(SCOPES)),
  targets: fc.oneof(fc.constant('all' as const), named),
  ceiling: fc.constantFrom(...TIERS),
});

export const aReach: fc.Arbitrary<Reach> = fc.array(aPart, { maxLength: 4 });

export const aTarget: fc.Arbitrary<Pick<Target, 'id' | 'scope' | 'tags'>> = fc.record({
  id: fc.constantFrom(...IDS),
  scope: fc.constantFrom(...SCOPES),
  tags: some(TAGS),
});
