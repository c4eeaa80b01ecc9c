import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gitMaker } from './git/index.ts';
import { aboutTarget } from './samples.ts';
import { readDeclarationSettings } from './settings.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'baselines.md'), 'utf8');
/** Blocks of the page, without their indentation, that begin like a file. */
const files = page
  .split(/\n(?! {4}|\n)/)
  .flatMap((part) => /(?:^|\n)((?: {4}.*(?:\n|$)|\n)+)/.exec(part)?.[1] ?? [])
  .map((block) => block.replaceAll(/^ {4}/gm, '').trim())
  .filter((block) => block.startsWith('version: 1'));

describe('the page of baselines', () => {
  it('shows a baseline that is one', () => {
    const [text = ''] = files.filter((file) => file.includes('expect:'));
    const read = gitMaker.read([
      { file: 'web.yaml', text },
      { file: 'baselines/base.yaml', text: 'version: 1\n' },
    ]);
    const made = gitMaker.compile(read, { name: 'site', at: 'd:1' }, aboutTarget());
    assert.equal(made.expectations.length, 9);
    assert.deepEqual(made.closed, [{ kind: 'authorized_key', source: 'collector.ssh' }]);
  });

  it('shows settings that are some', () => {
    const settings = files
      .filter((file) => file.includes('declarations:'))
      .map((text) => readDeclarationSettings(text, 'declarations.yaml'));
    assert.deepEqual(
      settings.flatMap(({ entries }) => entries.map(({ kind, name }) => `${kind}:${name}`)),
      [
        'git:site',
        'cis:debian-hardening',
        'vulnerability:debian',
        'integrity:aide',
        'service:shop',
      ],
    );
    assert.equal(settings.at(-1)?.findings.length, 4);
  });
});
