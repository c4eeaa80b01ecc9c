import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { faultOf } from '#test/throws-fault';
import { DECIDING } from './capabilities.ts';
import { capabilitiesOf, holding, reaches, reachOf } from './reach.ts';
import { reachOfPerson, readAccess, rolesOfPerson } from './roles.ts';

const SCOPES = ['acme/paris', 'acme/oslo'];
const read = (text: string) => readAccess(text, 'access.yaml', SCOPES);
const FILE = `version: 1
roles:
  responder: {profile: operator, scopes: [acme/paris], tags: [dns], ceiling: T2}
  looker: {capabilities: [facts.read, drift.read], tags: [web]}
  nobody: {profile: observer, targets: []}
people:
  bea: [responder, looker]
  ann: [owner]
groups:
  sre: [responder]
`;
const person = (operator: string, groups: string[] = [], isInForce = true) => ({
  operator,
  groups,
  isInForce,
});
const DNS = { id: 'host:dns-1', scope: 'acme/paris', tags: ['dns'] };
const WEB = { id: 'host:web-1', scope: 'acme/paris', tags: ['web'] };

describe('access.yaml', () => {
  it('gives a person what their roles say, each on its own targets', () => {
    const reach = reachOfPerson(read(FILE), person('bea'));
    const may = (capability: Parameters<typeof holding>[1], target: typeof DNS): boolean =>
      holding(reach, capability).some((part) => reaches(part, target));
    assert.equal(may('changes.decide', DNS), true);
    assert.equal(may('facts.read', WEB), true);
    assert.equal(may('changes.decide', WEB), false);
    assert.equal(may('changes.decide', { ...DNS, scope: 'acme/oslo' }), false);
  });

  it('gives whoever is in no role nothing, and everybody everything where there is no such file', () => {
    assert.deepEqual(reachOfPerson(read(FILE), person('carl')), []);
    assert.deepEqual(reachOfPerson(undefined, person('carl')), reachOf('operator'));
    assert.deepEqual(reachOfPerson(undefined, person('carl', ['sre'], false)), []);
    assert.deepEqual(reachOfPerson(read(FILE), person('ann')), reachOf('operator'));
    assert.deepEqual(reachOfPerson(read('version: 1\n'), person('ann')), []);
  });

  it('gives whom nobody signed for what their groups have, and nothing that decides', () => {
    const access = read(FILE);
    assert.deepEqual(rolesOfPerson(access, person('bea', ['sre'], false)), ['responder']);
    assert.deepEqual(rolesOfPerson(access, person('bea', [], false)), []);
    const capabilities = capabilitiesOf(reachOfPerson(access, person('x', ['sre'], false)));
    assert.ok(capabilities.includes('facts.read'));
    assert.ok(!capabilities.some((each) => DECIDING.has(each)));
  });

  it('takes an empty list for nothing, not for everything', () => {
    const role = read(FILE).roles.get('nobody');
    assert.ok(role !== undefined && !reaches(role, DNS));
  });

  it('tells every mistake with its line', () => {
    const told = (text: string): string => faultOf(() => read(text)).message;
    const wrong = `version: 1
roles:
  owner: {profile: observer}
  Bad: {profile: observer}
  a: {profile: observr}
  b: {profile: observer, capabilities: [facts.read]}
  c: {}
  d: {profile: observer, scopes: [acme/pari]}
  e: {profile: diagnostician, ceiling: T2}
  f: {capabilities: [fact.read, facts.read, facts.read]}
  g: {profile: observer, targets: [web-1], tags: dns}
people:
  bea: [respoder, a]
  bea: [c]
groups: [sre]
more: 1
`;
    const message = told(wrong);
    for (const [line, says] of [
      [3, /built in/],
      [4, /lower-case/],
      [5, /observr.*observer/],
      [6, /not both/],
      [7, /not both/],
      [8, /acme\/pari.*acme\/paris/],
      [9, /goes up to T0/],
      [10, /fact\.read/],
      [10, /listed twice/],
      [11, /host:web-1/],
      [11, /tags must be a list/],
      [13, /no such role.*respoder/],
      [14, /duplicate key/],
      [15, /groups must be a mapping/],
      [16, /unknown key.*more/],
    ] as const)
      assert.ok(
        message
          .split('\n')
          .some((each) => each.startsWith(`access.yaml:${line}:`) && says.test(each)),
        `${line} ${says}\n${message}`,
      );
    assert.match(told('roles: {}\n'), /version is missing/);
    assert.match(told('version: 2\n'), /version/);
  });
});
