import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SimulatedDisk } from '#test/simulated-files';
import { fileChecks } from './doctor.ts';

const PATHS = {
  notices: '/home/notices.yaml',
  automation: '/home/automation.yaml',
  server: '/home/server.yaml',
};

describe('the doctor, of files that are read late', () => {
  it('says nothing of what is not there, and where it is wrong that it is', async () => {
    const files = new SimulatedDisk(1).start();
    await files.makeDirectory('/home');
    assert.deepEqual(await fileChecks({ files, paths: PATHS }), []);
    const write = (path: string, text: string): Promise<void> =>
      files.replace(path, Buffer.from(text));
    await write(PATHS.notices, 'version: 1\n');
    await write(PATHS.automation, 'version: 1\nstaks: []\n');
    const [notices, automation] = await fileChecks({ files, paths: PATHS });
    assert.equal(notices?.ok, true);
    assert.equal(automation?.ok, false);
    assert.match(automation?.says ?? '', /automation\.yaml:2:1: unknown key "staks"/);
    await write(PATHS.notices, 'version: 1\nnotices: [{ name: x }]\n');
    assert.equal((await fileChecks({ files, paths: PATHS }))[0]?.ok, false);
  });

  it('says what is unsafe to serve before anybody tries', async () => {
    const files = new SimulatedDisk(1).start();
    await files.makeDirectory('/home');
    await files.replace(PATHS.server, Buffer.from('version: 1\nlisten: 0.0.0.0:7425\n'));
    const [server] = await fileChecks({ files, paths: PATHS });
    assert.equal(server?.ok, false);
    assert.match(server?.says ?? '', /add expose: true/);
    assert.match(server?.mend ?? '', /does not start to serve/);
  });
});
