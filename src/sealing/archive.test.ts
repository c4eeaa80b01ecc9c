import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import { throwsFault } from '#test/throws-fault';
import { type ArchiveFile, packArchive, unpackArchive } from './archive.ts';
import { aFile, filesOf, pieces, unpacked, whole } from './samples.ts';

const LONG = `${'d'.repeat(60)}/${'e'.repeat(60)}/${'f'.repeat(90)}`;

const pack = (...files: ArchiveFile[]): Promise<Uint8Array> => whole(packArchive(files));

describe('an archive', () => {
  it('gives back the files it was made of', async () => {
    const files = [
      aFile('keys/log', 'secret', 0o600),
      aFile('log/größe', 'x'.repeat(512), 0o644),
      aFile(LONG, new Uint8Array(3000).fill(7), 0o755),
      aFile('zero', ''),
    ].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
    const read = await unpacked(await pack(...files));
    assert.deepEqual(
      read.map(({ path, mode, bytes }) => [path, mode, bytes.length]),
      files.map(({ path, mode, size }) => [path, mode, size]),
    );
    assert.equal(Buffer.from(read[1]?.bytes ?? []).toString(), 'secret');
  });

  it('has the same bytes for the same files', async () => {
    const made = await pack(aFile('a', 'one'), aFile('b/c', 'two', 0o700));
    assert.equal(
      createHash('sha256').update(made).digest('hex'),
      '9c25864be88e8f0009e20c002750fc7218d6f070d2497690c6cb7f7e4fcc2c43',
    );
  });

  it('is read by any tar', async () => {
    const made = await pack(aFile('a', 'one'), aFile(LONG, 'two', 0o640));
    const { stdout, stderr } = spawnSync('tar', ['-tvf', '-'], { input: made, encoding: 'utf8' });
    assert.equal(stderr, '');
    const lines = stdout.trim().split('\n');
    assert.match(lines[0] ?? '', /^-rw------- 0\/0 +3 1970-01-01 .* a$/);
    assert.ok(lines[1]?.startsWith('-rw-r----- ') && lines[1].endsWith(LONG), stdout);
  });

  const refused: readonly (readonly [string, ArchiveFile[]])[] = [
    ['an absolute path', [aFile('/etc/passwd')]],
    ['a way up', [aFile('a/../../b')]],
    ['a way up at the end', [aFile('a/..')]],
    ['a dot', [aFile('./a')]],
    ['an empty part', [aFile('a//b')]],
    ['a directory', [aFile('a/')]],
    ['no path', [aFile('')]],
    ['a line break', [aFile('a\nb')]],
    ['a NUL', [aFile('a\0b')]],
    ['half a character', [aFile('a\ud800')]],
    ['a name that is too long', [aFile('n'.repeat(101))]],
    ['a path that is too long', [aFile(`${'d'.repeat(156)}/n`)]],
    ['one path twice', [aFile('a'), aFile('a')]],
    ['the wrong order', [aFile('b'), aFile('a')]],
    ['a file in a file', [aFile('a'), aFile('a-b'), aFile('a/b/c')]],
    ['a set-user-id bit', [aFile('a', '', 0o4755)]],
    ['a size that tar cannot say', [{ ...aFile('a'), size: 8 ** 11 }]],
    ['half a byte', [{ ...aFile('a'), size: 0.5 }]],
  ];
  for (const [what, files] of refused) {
    it(`refuses ${what}`, async () => {
      await throwsFault(() => pack(...files), 'archive-refused');
    });
  }

  it('refuses a file that grew or shrank since it was counted', async () => {
    await throwsFault(() => pack({ ...aFile('a', 'four'), size: 3 }), 'archive-refused');
    await throwsFault(() => pack({ ...aFile('a', 'four'), size: 5 }), 'archive-refused');
  });

  it('holds no more files and bytes than it may, to write and to read', async () => {
    const files = [aFile('a', '12345'), aFile('b', '12345')];
    const bytes = await pack(aFile('a', '12345'), aFile('b', '12345'));
    for (const limits of [
      { files: 1, bytes: 100 },
      { files: 9, bytes: 9 },
    ]) {
      await throwsFault(() => whole(packArchive(files, limits)), 'archive-refused');
      const read = unpackArchive(pieces(bytes, 512), limits);
      await throwsFault(() => filesOf(read), 'archive-refused');
    }
  });

  it('skips what nobody reads, and still minds its end', async () => {
    const bytes = await pack(aFile('a', 'x'.repeat(2000)), aFile('b', 'y'));
    const seen: string[] = [];
    for await (const { path } of unpackArchive(pieces(bytes, 100))) seen.push(path);
    assert.deepEqual(seen, ['a', 'b']);
    await throwsFault(async () => {
      for await (const _ of unpackArchive(pieces(bytes.subarray(0, 1500), 100)));
    }, 'archive-malformed');
  });
});

describe('a reader of archives', () => {
  it('takes nothing that is cut short, or longer', async () => {
    const bytes = await pack(aFile('a', 'one'), aFile('b', 'two'));
    for (let length = 0; length < bytes.length; length += 256) {
      await throwsFault(() => unpacked(bytes.subarray(0, length)), 'archive-malformed');
    }
    for (const more of [1, 512, 10_240]) {
      const longer = Buffer.concat([bytes, new Uint8Array(more)]);
      await throwsFault(() => unpacked(longer), 'archive-malformed');
    }
  });

  it('takes no byte other than as it was written, but those of a file', async () => {
    const bytes = await pack(aFile('dir/file', 'content', 0o600));
    for (let at = 0; at < bytes.length; at++) {
      if (at >= 512 && at < 519) continue;
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await assert.rejects(unpacked(changed, 4096), Fault, `byte ${at}`);
    }
  });

  it('takes nothing that other programs put into archives', async () => {
    const script = `cd "$(mktemp -d)"; echo x > a; ln -s /etc/passwd l; mkdir d; echo y > d/f; tar --format=ustar -cf - `;
    for (const what of ['l', 'd', '-P /etc/hostname', 'a', '--format=gnu d/f']) {
      const { stdout } = spawnSync('sh', ['-c', `${script}${what}`]);
      assert.ok(stdout.length >= 1024);
      await throwsFault(() => unpacked(stdout), 'archive-malformed');
    }
  });

  it('answers any bytes with files or a fault, and files come back the same', async () => {
    const part = fc.stringMatching(/^[a-zé]{1,12}$/);
    const file = fc.record({
      path: fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
      mode: fc.integer({ min: 0, max: 0o777 }),
      bytes: fc.uint8Array({ maxLength: 1200 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(file, { selector: ({ path }) => path, maxLength: 6 }),
        fc.array(fc.record({ at: fc.nat(8000), to: fc.nat(255) }), { maxLength: 3 }),
        fc.integer({ min: 1, max: 2000 }),
        async (files, edits, length) => {
          files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
          const given = files.map(({ path, mode, bytes }) => aFile(path, bytes, mode));
          const packed = await pack(...given).catch((thrown: unknown) => thrown);
          if (!(packed instanceof Uint8Array)) return assert.ok(packed instanceof Fault);
          const read = await unpacked(packed, length);
          assert.deepEqual(
            read.map((each) => ({ ...each, bytes: Buffer.from(each.bytes).toString('hex') })),
            files.map((each) => ({ ...each, bytes: Buffer.from(each.bytes).toString('hex') })),
          );
          for (const { at, to } of edits) packed[at % packed.length] = to;
          await unpacked(packed, length).catch((thrown: unknown) => {
            assert.ok(thrown instanceof Fault, String(thrown));
          });
        },
      ),
      { numRuns: 150 },
    );
  });
});
