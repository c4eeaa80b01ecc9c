/** What a bundle says of itself. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import { readSaid } from './bundle-shape.ts';

it('names as those who let signers in only whoever signed the configuration that lists them', async () => {
  const signers = 'alice ssh-ed25519 AAAA\nmallory ssh-ed25519 BBBB\n';
  const config = (of: string, ...operators: string[]): object => ({
    text: `holdfast-config 1\nsigners 2 ${createHash('sha256').update(of).digest('hex')}\n`,
    signatures: operators.map((operator) => ({ operator })),
  });
  const both = [config('an older list', 'alice', 'bob'), config(signers, 'insider')];
  const statement = JSON.stringify({ predicate: { signers, config: both } });
  const payload = Buffer.from(statement).toString('base64');
  const said = await readSaid(JSON.stringify({ payload }));
  assert.deepEqual(said?.configBy, ['insider']);
});
