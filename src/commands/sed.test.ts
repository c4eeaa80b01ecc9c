import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cpuMs } from '#test/cpu';
import { judgeSed } from './sed.ts';

const RUNS = Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 1_000);
const classOf = (script: string): string => judgeSed(script).class;

describe('a sed script', () => {
  it('reads when it selects, prints, deletes and replaces', () => {
    for (const script of [
      '10,20p',
      'a x',
      '1i \\  x',
      '/a/c w /tmp/x',
      ':a;N;$!ba;s/\\n/ /g',
      '$p',
      '$=',
      's/a/b/g',
      's/a/b/3gpI',
      '/a/,/b/p',
      '/a/I,+3p',
      '1~2d',
      '0,/x/d',
      '/^$/d',
      '2q',
      '/x/q5',
      '$!N;P;D',
      '$!N;s/\\n/ /;P;D',
      '1!G;h;$!d',
      '/a/{p;q}',
      '/a/!d',
      's|/usr|/opt|',
      's#a#b#',
      's,a,b,',
      'y/abc/xyz/',
      's/\\//-/g',
      's/^[[:space:]]*//;s/[[:space:]]*$//',
      's/[^,]*,//',
      '\\,a,p',
      'n;d',
      's/\\(a\\)/\\1&/',
      's/["]//g',
      'l 60',
      '/^#/d;/^$/d',
      '5,+3p',
      '{p;p};p',
      's/a/w/',
      's/w/e/',
    ])
      assert.equal(classOf(script), 'read', script);
  });

  it('writes with w, W and the flag w, wherever they stand', () => {
    for (const script of [
      'w /tmp/x',
      '1w x',
      '$!W x',
      's/a/b/w x',
      's/a/b/gw x',
      '/a/{p;w x',
      's;a;b;w x',
      's/a/b/;w x',
      's/a\\/b/c/w x',
    ])
      assert.equal(classOf(script), 'write', script);
  });

  it('runs something with e and the flag e', () => {
    for (const script of ['e', '1e id', 's/a/b/e', 's/a/b/ge', 's/a/b/Ie', '1!e', 'y/a/b/;e'])
      assert.equal(classOf(script), 'exec', script);
  });

  it('reads no other file, never loops, and holds nothing unknown', () => {
    for (const script of [
      'r /etc/shadow',
      'R x',
      '1r x',
      ':a;ba',
      ':a',
      'ba',
      'ta',
      'T',
      'F',
      'a',
      'i\\',
      'a x\\\\\\',
      '1{c x}',
      ':a;N;$!bb',
      ':a;N;$!ba;D',
      ':a;N;$!ba;:b;N;$!bb',
      'v',
      '#n',
      'p # x',
      '',
      ' ',
      '}',
      '{p',
      's/a/b',
      's/a',
      's',
      'sxaxbx',
      's a b ',
      'p p',
      '1,p',
      's/a/b/m',
      's/a/b/;;;x x',
      'é',
      '1é',
      'p\nw x',
      's/a/\n/',
    ])
      assert.ok(['deny', 'write'].includes(classOf(script)), script);
    assert.equal(judgeSed('r x').code, 'secret');
    assert.equal(judgeSed(':a;ba').code, 'never-ends');
  });

  it('ends: nothing puts line ends back before D', () => {
    for (const script of [
      's/^/x\\n/;D',
      'G;D',
      'D;G',
      'y/x/\\n/;D',
      'x;G;D',
      's/\\n/&&/;D',
      '{D;G}',
      '$!N;G;D',
    ])
      assert.equal(judgeSed(script).code, 'never-ends', script);
  });

  it('has no delimiter where programs differ on what it is', () => {
    for (const script of [
      's/[/]/x/',
      's/[/]/w x/',
      's/[]/]/x/',
      's/[[:space:]/]/x/',
      's/[\\]/]/w x/',
      's|a\\|b|c|',
      '/[/p;w x/]/p',
      's/[^]/]/x/',
    ])
      assert.equal(classOf(script), 'deny', script);
  });

  it('is judged without anything thrown, and in time proportional to it', () => {
    const pieces = fc.constantFrom(
      's',
      '/',
      'w',
      'e',
      ';',
      '{',
      '}',
      '!',
      '1',
      ',',
      '$',
      'p',
      '\\',
      '[',
      ']',
      '[:',
      ' ',
      'D',
      'y',
      'é',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        judgeSed(parts.join(''));
      }),
      { numRuns: RUNS },
    );
    for (const piece of ['{', '1', 's/a/b/;', '\\', '[', 's/[', '!', ',']) {
      const from = cpuMs();
      judgeSed(piece.repeat(4_096));
      assert.ok(cpuMs() - from < 100, piece);
    }
  });
});
