import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { nodeFiles } from '#machine';
import { throwsFault } from '#test/throws-fault';
import { InventoryKeeper } from './inventory-keeper.ts';

const fleet = (name: string): string =>
  `version: 1\ntargets:\n  host:${name}:\n    hostType: debian\n`;

describe('the inventory in force', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-fleet-'));
  const path = join(directory, 'fleet.yaml');
  after(() => rmSync(directory, { recursive: true, force: true }));
  const names = async (keeper: InventoryKeeper): Promise<string[]> =>
    (await keeper.refresh()).targets.map((target) => target.id);

  it('follows the file at once, however quickly it changes and whatever its times say', async () => {
    const keeper = new InventoryKeeper(nodeFiles(), path);
    for (let i = 0; i < 200; i++) {
      const name = `web-${String(i).padStart(3, '0')}`;
      writeFileSync(path, fleet(name));
      if (i % 3 === 0) utimesSync(path, 1_000_000, 1_000_000);
      assert.deepEqual(await names(keeper), [`host:${name}`]);
    }
  });

  it('is read once while the file stays as it is', async () => {
    writeFileSync(path, fleet('web-1'));
    let reads = 0;
    const files = nodeFiles();
    const keeper = new InventoryKeeper(
      { ...files, read: (at) => ((reads += 1), files.read(at)) },
      path,
    );
    await new Promise((resolve) => setTimeout(resolve, 150));
    for (let i = 0; i < 5; i++) await names(keeper);
    assert.equal(reads, 1);
  });

  it('is nothing at all while the file is wrong or gone', async () => {
    const keeper = new InventoryKeeper(nodeFiles(), path);
    writeFileSync(path, fleet('web-1'));
    await names(keeper);
    writeFileSync(path, fleet('web-1').replace('hostType', 'hostTipe'));
    await throwsFault(() => keeper.refresh(), 'invalid-inventory');
    rmSync(path);
    await throwsFault(() => keeper.refresh(), 'no-inventory');
  });

  it('keeps an edit that would be wrong out of the file', async () => {
    const keeper = new InventoryKeeper(nodeFiles(), path);
    writeFileSync(path, fleet('web-1'));
    await throwsFault(() => keeper.edit(() => 'version: 7\n'), 'invalid-inventory');
    assert.deepEqual(await names(keeper), ['host:web-1']);
  });
});
