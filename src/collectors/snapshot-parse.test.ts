import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import { throwsFault } from '../../test/support/throws-fault.ts';
import { parseSnapshot } from './snapshot-parse.ts';
import { aPart, aSnapshot, HASH } from './snapshot-samples.ts';

const refused = (bytes: Uint8Array) =>
  throwsFault(() => parseSnapshot(bytes), 'snapshot-malformed');

describe('a snapshot', () => {
  it('is read with every record there is', () => {
    const { reader, root } = parseSnapshot(
      aSnapshot(
        [
          'now\t1795270359',
          'stat\t/etc/a\tfile\t0\t12\t0644\t5\t-3',
          ['file\t/etc/a%20b', 'x\ny\n'],
          ['list\t/etc', 'a%20b\na\n'],
          'link\t/etc/l\t..%2Fa'.replace('%2F', '/'),
          `sha256\t/etc/a\t${HASH}`,
          ['program\tip -json%20x\t1', 'out'],
          'none\t/etc/gone',
          'denied\t/etc/shadow',
          'short\tfile\t/home/ada/ignore%20this:%20could%20not%20be%20read',
        ],
        [
          'told\t/etc/shadow',
          ['fact\tuser\troot', '{"password.state":"set"}'],
          'whole\tuser',
          'short\tport\twhy',
        ],
      ),
    );
    assert.equal(reader.cut, false);
    assert.equal(reader.now, 1_795_270_359);
    assert.equal(reader.stats.get('/etc/a')?.mode, 0o644);
    assert.equal(Buffer.from(reader.files.get('/etc/a b') ?? []).toString(), 'x\ny\n');
    assert.deepEqual(reader.lists.get('/etc'), ['a', 'a b']);
    assert.equal(reader.links.get('/etc/l'), '../a');
    assert.deepEqual(reader.programs[0]?.argv, ['ip', '-json x']);
    assert.equal(reader.shorts.get('file'), 'could not be read');
    assert.equal(root?.shorts.get('port'), 'not all of it was seen');
    assert.ok(reader.absent.has('/etc/gone') && reader.denied.has('/etc/shadow'));
    assert.deepEqual(root?.facts[0]?.attributes, { 'password.state': 'set' });
    assert.ok(root?.told.has('/etc/shadow') && root.wholes.has('user'));
  });

  it('is refused whole where it is not in the one form', async () => {
    const bad: readonly (string | readonly [string, string])[] = [
      'stat\t/etc/../a\tfile\t0\t0\t644\t0\t0',
      'none\t/etc//a',
      'none\t/etc/.',
      'none\tetc/a',
      'none\t/a%2fb',
      'none\t/a%41',
      'none\t/a%00',
      'none\t/a b',
      'none\t/a\t/b',
      'none',
      'stat\t/a\tdoor\t0\t0\t644\t0\t0',
      'stat\t/a\tfile\t0\t0\t999\t0\t0',
      'stat\t/a\tfile\t-1\t0\t644\t0\t0',
      `sha256\t/a\t${HASH.toUpperCase()}`,
      'now\tsoon',
      'whole\tuser',
      'told\t/etc/shadow',
      'nothing\t/a',
      'short\tFile\twhy',
      ['fact\tuser\troot', '{}'],
      ['list\t/etc', 'a/b\n'],
      ['list\t/etc', '..\n'],
      ['list\t/etc', 'a\na\n'],
      ['list\t/etc', 'a'],
      ['program\tip\t256', ''],
    ];
    for (const record of bad) await refused(aSnapshot([record]));
    await refused(aSnapshot(['none\t/a', 'none\t/a']));
    await refused(
      aSnapshot([
        ['file\t/a', ''],
        ['file\t/a', ''],
      ]),
    );
    await refused(Buffer.from(`${aPart('holdfast-snapshot', ['none\t/a'])}more\n`));
    await refused(Buffer.from('holdfast-snapshot\t2\nend\t0\n'));
    await refused(Buffer.from('holdfast-snapshot\t1\nnone\t/a\nend\t2\n'));
    await refused(Buffer.from('holdfast-snapshot\t1\nfile\t/a\t2\nabc\nend\t1\n'));
    await refused(Buffer.from('holdfast-snapshot\t1\nfile\t/a\t1048577\n'));
    await refused(Buffer.from(`holdfast-snapshot\t1\nnone\t/${'a'.repeat(300_000)}\nend\t1\n`));
  });

  it('of root never holds contents', async () => {
    await refused(aSnapshot([], [['file\t/etc/shadow', 'x']]));
    await refused(aSnapshot([], [['program\tcat', 'x']]));
    await refused(aSnapshot([], [['fact\tuser\troot', '[1]']]));
    await refused(aSnapshot([], [['fact\tuser\troot', '{"a":']]));
  });

  it('is cut wherever it ends too early, and root does not count then', () => {
    const whole = aSnapshot([['file\t/a', 'text'], 'none\t/b'], ['whole\tuser']);
    const ends = aPart('holdfast-snapshot', [['file\t/a', 'text'], 'none\t/b']).length;
    for (let at = 0; at < whole.length; at++) {
      const { reader, root } = parseSnapshot(whole.subarray(0, at));
      assert.equal(reader.cut, at < ends, `at ${at}`);
      assert.equal(root, undefined);
    }
    assert.ok(parseSnapshot(whole).root !== undefined);
  });

  it('keeps what names that are no text say to itself', () => {
    const { reader } = parseSnapshot(
      aSnapshot([
        'none\t/a%FF',
        'none\t/a%FE',
        'none\t/a%0Ab',
        'none\t/a%C2%85',
        ['list\t/d', '%FF\n%FE\n'],
      ]),
    );
    assert.equal(reader.absent.size, 0);
    assert.equal(reader.lists.get('/d')?.length, 2);
  });

  it('of any bytes is read or refused, never anything else', () => {
    const good = aSnapshot(
      ['now\t5', ['file\t/a', 'text'], 'stat\t/b\tfile\t0\t0\t644\t0\t0', ['list\t/c', 'x\n']],
      [['fact\tuser\troot', '{"a":1}'], 'whole\tuser'],
    );
    const runs = Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 2_000);
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            at: fc.nat({ max: good.length - 1 }),
            drop: fc.nat({ max: 4 }),
            put: fc.oneof(
              fc.uint8Array({ maxLength: 6 }),
              fc.constantFrom('\t', '\n', '..', '%', '9', 'end\t1\n').map((s) => Buffer.from(s)),
            ),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        (edits) => {
          let bytes: Buffer = Buffer.from(good);
          for (const { at, drop, put } of edits)
            bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + drop)]);
          try {
            const { reader, root } = parseSnapshot(bytes);
            // Whatever counts as whole ended as it said.
            if (!reader.cut) assert.match(bytes.toString('latin1'), /\nend\t\d+\n/);
            if (root !== undefined) assert.ok(!root.cut);
          } catch (error) {
            assert.ok(error instanceof Fault && error.code === 'snapshot-malformed', String(error));
          }
        },
      ),
      { numRuns: runs },
    );
  });
});
