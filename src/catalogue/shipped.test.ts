import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import { parseActions } from './parse.ts';
import { shippedActions, shippedCatalogue, shippedText } from './samples.ts';
import { SHIPPED_FILES } from './shipped.ts';

const RUNS = Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 150);

describe('the shipped actions', () => {
  it('are in the files that are named, and no file is left out', () => {
    assert.deepEqual(readdirSync(join(import.meta.dirname, 'actions')).sort(), [...SHIPPED_FILES]);
  });

  it('have the tiers that were agreed', () => {
    const tiers: Record<string, string[]> = {};
    for (const { id, tier } of shippedCatalogue().all) (tiers[tier] ??= []).push(id);
    assert.deepEqual(tiers, {
      T0: [
        'disk.usage',
        'host.compare',
        'host.diagnose',
        'journal.errors',
        'logs.read',
        'network.listeners',
        'package.upgradable',
        'process.list',
        'service.status',
      ],
      T1: ['cache.clear', 'dns.flush', 'logs.rotate', 'service.reload', 'service.start'],
      T2: [
        'ansible.apply',
        'cert.renew',
        'container.restart',
        'file.permissions',
        'file.write',
        'kernel.set',
        'package.upgrade',
        'process.signal',
        'service.disable',
        'service.enable',
        'service.restart',
        'service.stop',
        'talos.apply-config',
        'talos.service-restart',
        'tmp.clean',
        'tofu.apply',
        'user.lock',
        'user.unlock',
      ],
      T3: ['host.reboot', 'talos.reboot', 'talos.reset', 'talos.upgrade', 'tofu.apply-destructive'],
    });
  });

  it('say how they are tried where they cannot be taken back', () => {
    for (const action of shippedActions())
      if (action.irreversible !== null) assert.equal(action.contract, 'simulated', action.id);
  });

  it('give a fault with its place, and never anything else, when bytes of them change', () => {
    const noise = fc.oneof(
      fc.constantFrom(
        ...Array.from(':{}[]&*!|>"\'#%@,-? \n\t0aé\u202e\0'),
        '{{',
        '<<: ',
        '!!js/x ',
        '- ',
        '--- ',
      ),
      fc.string({ maxLength: 6 }),
    );
    const mutation = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.nat(12),
      text: noise,
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...SHIPPED_FILES),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        (file, mutations) => {
          let text = shippedText(file);
          for (const { at, length, text: put } of mutations) {
            const from = Math.floor(at * text.length);
            text = text.slice(0, from) + put + text.slice(from + length);
          }
          try {
            parseActions(text, file, true);
          } catch (error) {
            assert.ok(error instanceof Fault, `${String(error)}\n${text}`);
            assert.equal(error.code, 'invalid-action');
            assert.match(error.message, /[a-z]+\.yaml:\d+/);
          }
        },
      ),
      { numRuns: RUNS },
    );
  });
});
