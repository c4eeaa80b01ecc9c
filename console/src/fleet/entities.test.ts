import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attributesOf, entitiesOf, lineOf, nameOf, share } from './entities.ts';

const fact = (entity: string, attribute: string, value: number, ageSeconds = 0, source = 'a') => ({
  entity,
  attribute,
  value,
  ageSeconds,
  source,
  target: 'host:web-1',
  validFrom: '',
  recordedAt: '',
});

describe('facts of a target', () => {
  it('are gathered by what they are about, named without the name of the target', () => {
    const all = entitiesOf(
      [
        fact('service:web-1/nginx', 'state', 1),
        fact('service:web-1/nginx', 'since', 2),
        fact('host:web-1', 'load', 3),
      ],
      'host:web-1',
    );
    assert.deepEqual(
      all.map(({ name, facts }) => [name, facts.length]),
      [
        ['nginx', 2],
        ['web-1', 1],
      ],
    );
    assert.equal(nameOf('file:web-1//etc/passwd', 'host:web-1'), '/etc/passwd');
    assert.equal(nameOf('service:web-10/nginx', 'host:web-1'), 'web-10/nginx', 'of another one');
  });

  it('of which several sources tell are taken from whom it was confirmed last', () => {
    const [entity] = entitiesOf(
      [fact('disk:a', 'size', 1, 90), fact('disk:a', 'size', 2, 5, 'b')],
      'host:a',
    );
    assert.ok(entity);
    assert.equal(attributesOf(entity).get('size')?.value, 2);
  });
});

describe('a history', () => {
  const from = '2026-03-01T00:00:00Z';
  const until = '2026-03-01T10:00:00Z';
  const run = (a: number, b: number, value: unknown) => ({
    from: `2026-03-01T0${a}:00:00Z`,
    until: b === 10 ? until : `2026-03-01T0${b}:00:00Z`,
    value,
  });

  it('of numbers is a line of steps that breaks where nothing was there', () => {
    const line = lineOf([run(0, 2, 1), run(2, 4, 3), run(6, 10, 1)], from, until);
    assert.ok(line.kind === 'line');
    assert.equal(line.points, 'M0 0.950 L20 0.950 L20 0.050 L40 0.050 M60 0.950 L100 0.950');
    assert.equal(lineOf([run(0, 10, 7)], from, until).kind, 'line');
  });

  it('of anything else is told as runs', () => {
    assert.equal(lineOf([run(0, 2, 1), run(2, 4, 'up')], from, until).kind, 'runs');
    assert.equal(lineOf([], from, until).kind, 'runs');
    assert.equal(share('2026-02-01T00:00:00Z', from, until), 0);
  });
});
