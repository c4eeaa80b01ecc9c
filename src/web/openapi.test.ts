import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reachOf } from '#access';
import type { Json, JsonObject } from '#base/json';
import { type Caller, mayAsk, OPERATIONS } from '#operations';
import { openApiOf } from './openapi.ts';

const SITE = { origin: 'https://holdfast.example.org', version: '1.2.3' };
const whole = openApiOf(OPERATIONS, SITE);
const at = (value: Json | undefined, ...path: string[]): Json | undefined =>
  path.reduce<Json | undefined>((found, name) => (found as JsonObject | undefined)?.[name], value);

/** Every object in it, with where it stands. */
function* objects(value: Json, path = '#'): Generator<[string, JsonObject]> {
  if (Array.isArray(value)) {
    for (const [i, each] of value.entries()) yield* objects(each as Json, `${path}/${i}`);
  } else if (typeof value === 'object' && value !== null) {
    yield [path, value as JsonObject];
    for (const [name, each] of Object.entries(value)) yield* objects(each, `${path}/${name}`);
  }
}

describe('the description of the API', () => {
  it('has every operation, each once, as a POST with its words, its input and its answers', () => {
    const paths = whole['paths'] as JsonObject;
    assert.deepEqual(
      Object.keys(paths),
      OPERATIONS.map(({ name }) => `/api/v1/operations/${name}`).toSorted(),
    );
    for (const { name, title, summary, capability } of OPERATIONS) {
      const post = at(paths, `/api/v1/operations/${name}`, 'post');
      assert.deepEqual(
        [at(post, 'operationId'), at(post, 'summary'), at(post, 'description')],
        [name, title, summary],
      );
      assert.equal(at(post, 'x-holdfast', 'capability'), capability);
      const input = at(post, 'requestBody', 'content', 'application/json', 'schema');
      assert.ok(typeof input === 'object' && input !== null, name);
      const answer = at(post, 'responses', '200', 'content', 'application/json', 'schema');
      assert.deepEqual(at(answer, 'required'), ['value', 'requestId', 'notices'], name);
      for (const status of ['400', '401', '403', '404', '409', '413', '429', '500', '503', '504'])
        assert.ok(at(post, 'responses', status) !== undefined, `${name} ${status}`);
    }
  });

  it('is OpenAPI 3.1: what is required is there, every reference leads somewhere, schemas are JSON Schema', () => {
    assert.match(whole['openapi'] as string, /^3\.1\.\d+$/);
    for (const name of ['title', 'version']) assert.equal(typeof at(whole, 'info', name), 'string');
    assert.deepEqual(whole['servers'], [{ url: SITE.origin }]);
    const schemes = Object.keys(at(whole, 'components', 'securitySchemes') as JsonObject);
    for (const need of whole['security'] as JsonObject[])
      for (const name of Object.keys(need)) assert.ok(schemes.includes(name), name);
    const tags = (whole['tags'] as JsonObject[]).map(({ name }) => name);
    const types = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']);
    for (const [path, each] of objects(whole)) {
      const { $ref, type, tags: used } = each;
      if (typeof $ref === 'string' && $ref.startsWith('#/components/'))
        assert.ok(at(whole, ...$ref.slice(2).split('/')) !== undefined, `${path}: ${$ref}`);
      if (Array.isArray(used) && path.endsWith('/post'))
        for (const tag of used) assert.ok(tags.includes(tag as string), `${path}: ${String(tag)}`);
      if (
        typeof type === 'string' &&
        !/securitySchemes/.test(path) &&
        !path.endsWith('/properties')
      )
        assert.ok(types.has(type), `${path}: ${type}`);
      // OpenAPI 3.0 ways of saying things, which 3.1 does not know.
      if (!path.endsWith('/properties')) assert.ok(!('nullable' in each), path);
    }
    assert.ok(JSON.stringify(whole).length < 2_000_000);
  });

  it('lists to each caller what the kernel would let through, and no more', () => {
    const caller: Caller = {
      principal: 'lease:x',
      onBehalfOf: null,
      surface: 'api',
      profile: 'observer',
      session: 'lease:x',
      reach: reachOf('observer'),
    };
    const mine = OPERATIONS.filter((each) => mayAsk(each, caller)).map(({ name }) => name);
    assert.ok(mine.includes('query_facts') && mine.includes('run_action'));
    for (const name of [
      'change_approve',
      'config_apply',
      'stop_lift',
      'lease_issue',
      'session_end',
    ])
      assert.ok(!mine.includes(name), name);
    const person: Caller = { ...caller, surface: 'console', reach: reachOf('operator') };
    assert.equal(OPERATIONS.filter((each) => mayAsk(each, person)).length, OPERATIONS.length);
  });
});
