import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { kindSpec } from '#model';
import { compileProfile } from './compile-profile.ts';
import { CONTROL_SCOPES } from './profile.ts';
import { readProfileFile } from './read-profile.ts';
import { resolveProfile } from './resolve-profile.ts';
import { aboutOf, factsFor, objections, shippedFiles, shippedProfile } from './samples.ts';
import { SHIPPED_PROFILES } from './shipped.ts';

const PROFILES = shippedFiles().map(({ name }) => name);

describe('the shipped profiles', () => {
  it('are in the files that are named, and no file is left out', () => {
    const folder = join(import.meta.dirname, '..', 'profiles');
    assert.deepEqual(readdirSync(folder).sort(), [...SHIPPED_PROFILES].sort());
  });

  it('have as many controls as is said of them', () => {
    const counts = PROFILES.map((name) => {
      const { controls, level } = shippedProfile(name);
      return `${name} ${controls.filter((each) => each.level <= level).length}`;
    });
    assert.deepEqual(counts, COUNTS);
  });

  it('speak only of kinds and attributes that are recorded', () => {
    const unknown = PROFILES.flatMap((name) =>
      compileProfile(shippedProfile(name), name, aboutOf([])).expectations.flatMap(
        ({ entity, attribute, where }) => {
          const kind = kindSpec(entity.slice(0, entity.indexOf(':')));
          if (kind === undefined) return [entity];
          const open = Object.keys(kind.attributes).length === 0;
          return [attribute, ...where.map((each) => each.attribute)].flatMap((each) =>
            open || each === '*' || Object.hasOwn(kind.attributes, each)
              ? []
              : [`${entity} ${each}`],
          );
        },
      ),
    );
    assert.deepEqual(unknown, []);
  });

  for (const name of PROFILES) {
    it(`${name}: each control can pass`, () => {
      const { controls, exclusions } = shippedProfile(name);
      for (const control of controls) {
        const facts = factsFor(control, 'host:web-1');
        const one = { name, title: '', level: 2, controls: [control], exclusions } as const;
        const free = { ...one, exclusions: { platform: [], waived: [] } };
        assert.deepEqual(objections(compileProfile(free, name, aboutOf(facts)), facts), []);
      }
    });

    it(`${name}: each expectation of each control can fail`, () => {
      for (const control of shippedProfile(name).controls) {
        const exclusions = { platform: [], waived: [] };
        const one = { name, title: '', level: 2, controls: [control], exclusions } as const;
        for (const broken of control.desired) {
          const facts = factsFor(control, 'host:web-1', broken);
          const found = objections(compileProfile(one, name, aboutOf(facts)), facts);
          assert.ok(found.length > 0, `${control.id} ${JSON.stringify(broken)} cannot fail`);
        }
      }
    });
  }

  it('say of each control what it is for, and are of a scope that there is', () => {
    for (const { controls } of shippedFiles()) {
      for (const each of controls) {
        assert.ok(CONTROL_SCOPES.includes(each.scope));
        for (const text of [each.title, each.rationale, each.remediation, each.reference])
          assert.ok(text.length >= 6, each.id);
      }
    }
  });
});

it('the page of profiles shows one that is read', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/profiles.md'), 'utf8');
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const own = readProfileFile(example, 'docs/profiles.md');
  const { controls, exclusions, level } = resolveProfile(own.name, [...shippedFiles(), own]);
  assert.deepEqual([level, exclusions.platform.length, exclusions.waived.length], [2, 1, 1]);
  assert.equal(controls.at(-1)?.id, 'software.no-compiler');
});

const COUNTS = [
  'debian-hardening 119',
  'debian-hardening-l2 145',
  'talos-kubernetes 38',
  'talos-kubernetes-l2 52',
  'ubuntu-hardening 121',
  'ubuntu-hardening-l2 148',
];
