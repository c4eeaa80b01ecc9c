/** Which change takes a finding back, and that nothing is proposed where nothing is certain. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json } from '#base/json';
import { parseActions } from '#catalogue';
import { shippedActions } from '#samples/catalogue';
import { type FindingPlace, steps, waysBack } from './way-back.ts';

const WEB = { id: 'host:web-1', hostType: 'debian' } as const;
const STOPPED: FindingPlace = {
  entity: 'service:web-1/nginx.service',
  attribute: 'state.active',
  kind: 'changed',
  observed: 'inactive',
  desired: 'active',
  declared: 'blessed',
};
/** Read once: parsing all that ships takes a while. */
const SHIPPED = shippedActions();
const nothing = (): undefined => undefined;
const ways = (
  finding: Partial<FindingPlace>,
  target: { id: string; hostType: 'debian' | 'windows' | 'stack' } = WEB,
  fact: (entity: string, attribute: string) => Json | undefined = nothing,
  actions = SHIPPED,
  desired: (entity: string, attribute: string) => Json | undefined = nothing,
): ReturnType<typeof waysBack> =>
  waysBack({ finding: { ...STOPPED, ...finding }, target, actions, fact, desired });

const OWN = parseActions(
  `version: 1
actions:
  - id: edge.apply
    version: 2
    summary: Apply
    family: edge
    tier: T2
    sideEffect: state
    hostTypes: [stack]
    carrier: controller
    irreversible: another plan
    arguments:
      plan: { type: name, summary: Which }
      note: { type: name, summary: Why }
    converges:
      - kind: resource
        attribute: any
        finding: [changed, missing, unexpected]
        declared: [tofu]
        with: { plan: "{target.plan}", note: "of-{its.type}" }
    steps:
      - run: [edge-tool, apply, --, "{plan}", "{note}"]
        effect: Applies {plan}
        inverse: none
    verify:
      probes:
        - run: [edge-tool, "--plan={plan}"]
`,
  'own.yaml',
  true,
);

describe('the way back from a finding', () => {
  it('is the action that says it takes it back, with the name of what differs', () => {
    assert.deepEqual(
      ways({}).map(({ action, arguments: given }) => ({ action, given })),
      [{ action: 'service.start@1', given: { unit: 'nginx.service' } }],
    );
    const unwanted = ways({ observed: 'active', desired: 'inactive' });
    assert.deepEqual(
      unwanted.map(({ action }) => action),
      ['service.stop@1'],
    );
  });

  it('is nothing where no action says so, for this type of host, this direction, or this entity', () => {
    assert.deepEqual(ways({ attribute: 'user' }), []);
    assert.deepEqual(ways({ kind: 'missing', attribute: '*' }), []);
    assert.deepEqual(ways({}, { id: 'host:web-1', hostType: 'windows' }), []);
    assert.deepEqual(ways({ desired: 'failed' }), []);
    assert.deepEqual(ways({ entity: 'service:web-2/nginx.service' }), []);
    assert.deepEqual(ways({ desired: { op: 'one-of' } }), []);
  });

  it('takes values from what is known of the target and the entity, and is none while they are not', () => {
    const stack = { id: 'stack:edge', hostType: 'stack' } as const;
    const finding = {
      entity: 'resource:edge/terraform_data.a',
      attribute: 'input',
      declared: 'tofu',
    };
    const facts = new Map<string, Json>([
      ['stack:edge plan', 'p1'],
      ['resource:edge/terraform_data.a type', 'data'],
    ]);
    const known = (entity: string, attribute: string): Json | undefined =>
      facts.get(`${entity} ${attribute}`);
    assert.deepEqual(ways(finding, stack, known, OWN)[0]?.arguments, {
      plan: 'p1',
      note: 'of-data',
    });
    assert.deepEqual(ways(finding, stack, nothing, OWN), []);
    assert.deepEqual(ways({ ...finding, declared: 'git' }, stack, known, OWN), []);
  });

  it('gives a file back whole, so that two findings of it are one change', () => {
    const entity = 'file:web-1//etc/shadow';
    const is = new Map([
      ['mode', '0666'],
      ['owner', 'games'],
      ['group', 'shadow'],
    ]);
    const should = new Map([
      ['mode', '640'],
      ['owner', 'root'],
    ]);
    const found = ['mode', 'owner'].map((attribute) => ({
      finding: { target: WEB.id },
      way: ways(
        { entity, attribute, desired: should.get(attribute) ?? null, observed: '' },
        WEB,
        (_, name) => is.get(name),
        shippedActions(),
        (_, name) => should.get(name),
      )[0],
    }));
    const whole = { path: '/etc/shadow', owner: 'root', group: 'shadow', mode: '0640' };
    assert.deepEqual(
      found.map(({ way }) => way?.arguments),
      [whole, whole],
    );
    assert.equal(steps(found as never).length, 1);
    // Nothing that sets a special bit, and nothing while one of the three is not known.
    const mode = (desired: Json, fact = (_: string, name: string) => is.get(name)): unknown[] => [
      ...ways({ entity, attribute: 'mode', desired, observed: '0666' }, WEB, fact),
    ];
    assert.equal(mode('0644').length, 1);
    assert.equal(mode(420).length, 0);
    for (const none of ['4755', '0666', '1777', 'rw', { oneOf: ['0600', '0640'] }, null])
      assert.deepEqual(mode(none), [], JSON.stringify(none));
    assert.deepEqual(
      mode('0644', (_, name) => (name === 'owner' ? undefined : is.get(name))),
      [],
    );
  });

  it('sets a number however it was written, of the parameters that can be set back', () => {
    const entity = 'kernel_parameter:web-1/net.ipv4.tcp_syncookies';
    const set = (desired: Json, of = entity): unknown[] =>
      ways({ entity: of, attribute: 'value', desired, observed: '0' }).map((way) => way.arguments);
    const one = { parameter: 'net.ipv4.tcp_syncookies', value: 1 };
    assert.deepEqual(set('1'), [one]);
    assert.deepEqual(set(1), [one]);
    assert.deepEqual(set({ atLeast: 1 }), [one]);
    for (const none of ['-1', '1 2', '|/x', '01', '', { atMost: 1 }])
      assert.deepEqual(set(none), [], JSON.stringify(none));
    for (const name of ['kernel.core_pattern', 'kernel.modules_disabled'])
      assert.deepEqual(set('1', `kernel_parameter:web-1/${name}`), []);
  });

  it('is the least version that mends what is known', () => {
    const [way] = ways({
      entity: 'package:web-1/openssl',
      attribute: 'version',
      desired: { versionAtLeast: '3.0.11-1~deb12u2' },
      observed: '3.0.9-1',
      declared: 'vulnerability',
    });
    assert.equal(way?.action, 'package.upgrade@1');
    assert.deepEqual(way.arguments, { package: 'openssl', version: '3.0.11-1~deb12u2' });
  });

  it('is one change for all targets that need the same', () => {
    const [way] = ways({});
    assert.ok(way !== undefined);
    const found = ['host:web-1', 'host:web-2', 'host:web-1'].map((target) => ({
      finding: { target },
      way,
    }));
    const [only, ...rest] = steps(found);
    assert.deepEqual(only?.targets, ['host:web-1', 'host:web-2']);
    assert.equal(only?.findings.length, 3);
    assert.deepEqual(rest, []);
  });

  it('is refused in a file that names what is not there', () => {
    const wrong = (from: string, to: string): string => {
      try {
        parseActions(`version: 1\nactions:\n${EDGE.replace(from, to)}`, 'own.yaml', true);
        return 'accepted';
      } catch (thrown) {
        return String(thrown);
      }
    };
    assert.equal(wrong('', ''), 'accepted');
    assert.match(wrong('{name}', '{nom}'), /there is no \{nom\}/);
    assert.match(wrong('state.active', 'state.activ'), /has such an attribute/);
    assert.match(wrong('unit: "{name}" }', '}'), /argument unit is missing under with/);
    assert.match(wrong('with: { unit', 'with: { unix'), /no argument has this name/);
  });
});

const EDGE = `  - id: edge.start
    version: 1
    summary: Start
    family: edge
    tier: T1
    sideEffect: state
    arguments:
      unit: { type: unit, suffixes: [service], summary: The service }
    converges:
      - { kind: service, attribute: state.active, with: { unit: "{name}" } }
    steps:
      - run: [systemctl, start, --, "{unit}"]
        effect: Starts {unit}
        inverse: none
    verify:
      probes:
        - run: [systemctl, is-active, --, "{unit}"]
`;
