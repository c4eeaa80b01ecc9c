/** The server's judge and the host's, on what the catalogue ships. The large one is differential.slow.test.ts. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { compareJudges } from '#test/judge-differential';

it('the host judges an argv as the server does', () => {
  const { read } = compareJudges(800, 7);
  assert.ok(read > 30, 'the generator makes commands that are read');
});
