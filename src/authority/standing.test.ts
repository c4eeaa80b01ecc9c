import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { partCore, partDocument, standingDocument } from './documents.ts';
import { aPart, aStanding, NOON } from './samples.ts';
import { coversStanding, makeStanding } from './standing.ts';

const { cores: _, ...terms } = aStanding();
const parts = ['nginx', 'redis', 'nginx'].map((unit, i) =>
  aPart({ args: ['/usr/bin/systemctl', 'restart', `${unit}.service`], nonce: `${i}`.repeat(32) }),
);
const cores = parts.map((part) => partCore(partDocument.format(part)));

describe('a standing approval', () => {
  const standing = standingDocument.parse(makeStanding(terms, parts));

  it('lists each step once, whatever its nonce', () => {
    assert.deepEqual(standing.cores, [...new Set(cores)].sort());
    assert.equal(standing.cores.length, 2);
  });

  it('covers what it lists, all of it or nothing', () => {
    assert.equal(coversStanding(standing, cores, NOON), null);
    assert.equal(coversStanding(standing, [], NOON), 'core-not-listed');
    const other = partCore(partDocument.format(aPart({ timeout: 31 })));
    assert.equal(coversStanding(standing, [...cores, other], NOON), 'core-not-listed');
  });

  it('is over after it expires', () => {
    assert.equal(coversStanding(standing, cores, standing.expires), null);
    assert.equal(coversStanding(standing, cores, standing.expires + 1), 'standing-expired');
  });

  it('holds within its window, also over midnight', () => {
    const at = (window: string): unknown => coversStanding({ ...standing, window }, cores, NOON);
    assert.equal(at('12:00-12:01'), null);
    assert.equal(at('11:00-12:00'), 'outside-window');
    assert.equal(at('22:00-12:01'), null);
    assert.equal(at('22:00-11:59'), 'outside-window');
  });
});
