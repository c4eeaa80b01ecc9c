import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseInventory } from '#inventory';
import { opensOf } from './bastions.ts';

const target = (name: string, address: string, via = ''): string =>
  `  host:${name}:\n    hostType: debian\n    environment: lab\n    transport: ssh\n    address: '${address}'\n${via === '' ? '' : `    via: [${via}]\n`}`;

describe('what bastions open', () => {
  it('is the next hop of each way through them, and nothing else', () => {
    const { targets } = parseInventory(
      `version: 1\ntargets:\n${[
        target('outer', '10.0.0.1'),
        target('middle', '10.1.0.1:2222', 'host:outer'),
        target('db', 'DB.example', 'host:middle'),
        target('six', 'fd00::1', 'host:outer'),
        target('free', '10.0.0.9'),
      ].join('')}`,
    );
    assert.deepEqual(
      [...opensOf(targets)],
      [
        ['host:outer', ['10.1.0.1:2222']],
        ['host:middle', ['db.example:22']],
      ],
    );
  });
});
