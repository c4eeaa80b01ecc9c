import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';

it('a command that joins a running service loads no schema library, no store and no MCP', () => {
  const program = `
    const { registerHooks } = require('node:module');
    const seen = [];
    registerHooks({ load: (url, context, next) => (seen.push(url), next(url, context)) });
    Promise.all([import('#cli'), import('#api')]).then(() => console.log(JSON.stringify(seen)));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  assert.ok(stdout !== '', stderr);
  const loaded = JSON.parse(stdout) as readonly string[];
  const packages = loaded.flatMap(
    (url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [],
  );
  assert.deepEqual([...new Set(packages)], ['commander']);
  const modules = loaded.flatMap((url) => /\/src\/([^/]+)\//.exec(url)?.[1] ?? []);
  assert.deepEqual([...new Set(modules)].toSorted(), ['api', 'base', 'cli', 'redaction']);
  assert.ok(!loaded.includes('node:sqlite'));
});
