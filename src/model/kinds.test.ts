import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as z from 'zod/v4';
import {
  attributeProblem,
  attributeSpec,
  checkValue,
  entityProblem,
  isKind,
  isSecurity,
  isVolatile,
  KINDS,
  kindSpec,
} from './index.ts';

describe('the names of facts', () => {
  it('take any printable text, as tools elsewhere name things', () => {
    for (const name of [
      'state',
      'a b',
      'état.actif',
      '属性',
      'attr[0]',
      '__proto__',
      '-x',
      '100%',
    ]) {
      assert.equal(attributeProblem(name), undefined, name);
      assert.equal(entityProblem(`thing:${name}`), undefined, name);
    }
    for (const kind of ['k8s_pod', 'my-kind', 'acme.widget']) assert.ok(isKind(kind), kind);
  });

  it('refuse what nobody could see, or ask for', () => {
    for (const name of [
      '',
      ' a',
      'a ',
      'a\tb',
      'a\nb',
      'a\u202eb',
      'a\u200b',
      '\ud800',
      'x'.repeat(513),
    ]) {
      assert.ok(attributeProblem(name), JSON.stringify(name));
      assert.ok(entityProblem(`thing:${name}`), JSON.stringify(name));
    }
    for (const name of ['*', 'state.*']) assert.ok(attributeProblem(name), name);
    for (const kind of ['', 'Thing', '2thing', '-x', 'a b', 'a*', 'a:b']) {
      assert.ok(!isKind(kind), kind);
    }
  });
});

describe('the registry of kinds', () => {
  it('uses names that facts can carry and schemas that can be shown', () => {
    const kinds = Object.entries(KINDS);
    assert.ok(kinds.length >= 30);
    for (const [kind, spec] of kinds) {
      assert.ok(isKind(kind), kind);
      for (const [attribute, { schema }] of Object.entries(spec.attributes)) {
        assert.equal(attributeProblem(attribute), undefined, `${kind} ${attribute}`);
        assert.ok(z.toJSONSchema(schema));
      }
    }
  });

  it('checks what it knows and leaves the rest open', () => {
    assert.equal(checkValue('package', 'version', '3.0.11'), undefined);
    assert.equal(checkValue('package', 'version', null), undefined);
    assert.match(checkValue('package', 'version', { a: 1 }) ?? '', /^package version: /);
    assert.match(checkValue('group', 'members', ['a', 1]) ?? '', /at 1: /);
    assert.equal(checkValue('package', 'colour', { a: 1 }), undefined);
    assert.equal(checkValue('robot', 'arm', 7), undefined);
  });

  it('knows nothing of names that every object has', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      assert.equal(kindSpec(name), undefined);
      assert.equal(attributeSpec('host', name), undefined);
      assert.equal(checkValue(name, name, 1), undefined);
      assert.equal(isVolatile('host', name) || isSecurity(name, name), false);
    }
  });

  it('takes users, groups, keys, ports, sshd, sudo and security files for critical', () => {
    for (const kind of [
      'user',
      'group',
      'authorized_key',
      'port',
      'sshd_setting',
      'sudo_rule',
      'file',
      'identity',
    ]) {
      assert.ok(isSecurity(kind), kind);
    }
    assert.ok(!isSecurity('package') && !isSecurity('service', 'state.active'));
    assert.ok(isSecurity('cron_job', 'user'));
  });

  it('takes what moves by itself for volatile, and only that', () => {
    for (const [kind, attribute] of [
      ['host', 'uptimeSeconds'],
      ['host', 'boot.id'],
      ['port', 'pid'],
      ['filesystem', 'usedBytes'],
      ['timer', 'nextAt'],
    ] as const) {
      assert.ok(isVolatile(kind, attribute), attribute);
    }
    assert.ok(!isVolatile('file', 'mode') && !isVolatile('service', 'state.active'));
  });
});
