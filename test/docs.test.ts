/** Documents do not lie: links lead somewhere, commands exist, tables say what the code says. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { COVERAGE_STATUS, FINDING_KINDS, FINDING_STATUS, SEVERITIES } from '#model';
import { EXIT_CODES } from '../src/cli/exit-codes.ts';
import { commandTree } from '../src/cli/tree.ts';
import { missingOptionals, type Packages } from './support/lockfile.ts';
import { tracked } from './support/tracked.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const documents = globSync(['*.md', 'docs/**/*.md', 'src/**/*.md', 'lab/*.md', '.ci/*.md'], {
  cwd: ROOT,
});
const GLOBAL = [{ long: '--home' }, { long: '--json' }, { long: '--pretty' }, { long: '--help' }];
const FAULT_KINDS = [
  'invalid',
  'refused',
  'missing',
  'conflict',
  'unavailable',
  'uncertain',
  'broken',
] as const;

describe('the documents', () => {
  it('are there', () => {
    assert.ok(documents.length >= 20, `only ${documents.length} documents found`);
  });

  it('link to what exists, down to the heading', () => {
    assert.deepEqual(documents.flatMap(brokenLinks), []);
  });

  it('show only commands that the command line understands', async () => {
    const shown = documents.flatMap((path) => commandsIn(path).map((line) => ({ path, line })));
    assert.ok(shown.length >= 30, `only ${shown.length} commands found`);
    const wrong: string[] = [];
    for (const { path, line } of shown) {
      const why = await misunderstanding(line);
      if (why !== undefined) wrong.push(`${path}: ${line}: ${why}`);
    }
    assert.deepEqual(wrong, []);
  });

  it('would be caught showing a command that does not exist', async () => {
    assert.match((await misunderstanding('bin/holdfast querry x')) ?? '', /unknown command/);
    assert.match((await misunderstanding('bin/holdfast drift --exit-cod')) ?? '', /unknown option/);
    assert.match(
      (await misunderstanding('bin/holdfast baseline retire')) ?? '',
      /missing required/,
    );
    assert.match((await misunderstanding('./begin')) ?? '', /no such file/);
    assert.equal(
      await misunderstanding("bin/holdfast query 'package:*/openssl' --json"),
      undefined,
    );
  });

  it('name in running text only options that their command has', () => {
    const commands = commandTree(() => Promise.resolve(), {
      out: () => {},
      err: () => {},
      columns: 80,
    }).commands;
    const wrong: string[] = [];
    let named = 0;
    for (const path of documents) {
      for (const [span, word, rest = ''] of read(path).matchAll(
        /`(?:holdfast )?([a-z]+) (-[^`]*)`/g,
      )) {
        const command = commands.find((each) => each.name() === word);
        if (command === undefined) continue;
        for (const option of rest.match(/--[a-z-]+/g) ?? []) {
          named++;
          if (![...command.options, ...GLOBAL].some((each) => each.long === option))
            wrong.push(`${path}: ${span}: no ${option}`);
        }
      }
    }
    assert.ok(named >= 4, `only ${named} options found`);
    assert.deepEqual(wrong, []);
  });

  it('have one line in the map for every room, and a room for every line', () => {
    const rooms = readdirSync(join(ROOT, 'src')).filter(
      (name) => globSync(`src/${name}/**/*.ts`, { cwd: ROOT }).length > 0,
    );
    const lines = [...read('src/README.md').matchAll(/^\| \[([\w-]+)\]\(\1\/\) +\|/gm)].map(
      (m) => m[1],
    );
    assert.deepEqual(new Set(lines), new Set(rooms));
    assert.equal(lines.length, rooms.length);
  });

  it('list every page of their folder', () => {
    for (const folder of ['docs/operate', 'docs/checklists']) {
      const index = read(`${folder}/README.md`);
      for (const page of readdirSync(join(ROOT, folder))) {
        if (page !== 'README.md') assert.ok(index.includes(`(${page})`), `${folder}: ${page}`);
      }
    }
  });

  it('name every kind of fault with its exit code, and every word of a closed list', () => {
    const words = read('docs/words.md');
    for (const kind of FAULT_KINDS) {
      assert.match(words, new RegExp(`^\\| \`${kind}\` \\|.*\\| ${EXIT_CODES[kind]} \\|$`, 'm'));
    }
    for (const word of [...COVERAGE_STATUS, ...FINDING_KINDS, ...FINDING_STATUS, ...SEVERITIES]) {
      assert.ok(words.includes(`\`${word}\``), `docs/words.md: ${word}`);
    }
    const page = read('docs/operate/when-something-is-wrong.md');
    for (const [name, code] of Object.entries(EXIT_CODES)) {
      assert.match(page, new RegExp(`^\\| ${code} \\|`, 'm'), `${name} ${code}`);
    }
  });

  it('give every decision a number of its own', () => {
    const names = readdirSync(join(ROOT, 'docs/decisions'));
    for (const name of names) assert.match(name, /^\d{4}-[a-z0-9-]+\.md$/);
    assert.equal(new Set(names.map((name) => name.slice(0, 4))).size, names.length);
  });
});

describe('dependencies', () => {
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(
    read('package.json'),
  ) as Record<string, Record<string, string>>;
  const wanted = { ...dependencies, ...optionalDependencies, ...devDependencies };
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Packages };

  it('each have a line in the decision about them, and no line is left over', () => {
    const lines = [...read('docs/decisions/0005-dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)];
    assert.deepEqual(new Set(lines.map((m) => m[1])), new Set(Object.keys(wanted)));
  });

  it('are pinned to one version', () => {
    for (const [name, version] of Object.entries(wanted)) {
      assert.match(version, /^\d+\.\d+\.\d+(-[a-z0-9.]+)?$/, name);
    }
  });

  it('are locked without naming a registry, for every platform', () => {
    assert.ok(Object.keys(packages).length > 100);
    assert.deepEqual(
      Object.keys(packages).filter((path) => packages[path]?.resolved !== undefined),
      [],
    );
    assert.deepEqual(missingOptionals(packages), []);
  });
});

describe('the repository', () => {
  // Put together here, so that this file is not what it looks for.
  const foreign = [
    ['/wo', 'rk/main'],
    ['/wo', 'rk/shared'],
    ['registry.', 'npmjs'],
    ['deb.', 'debian.org'],
    ['.pkg.', 'dev/'],
    ['/tmp/', 'bash_jobs'],
  ].map((parts) => parts.join(''));

  it('names no registry and no path of a machine it was written on', () => {
    const files = tracked(ROOT);
    assert.ok(files.length > 50, `only ${files.length} files found`);
    const found = files.flatMap((path) => {
      const text = read(path);
      return foreign.filter((word) => hasWord(text, word)).map((word) => `${path}: ${word}`);
    });
    assert.deepEqual(found, []);
  });
});

/** Not as the later part of a longer path, as in `network/`. */
function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!/[\w.]/.test(text[at - 1] ?? ' ') || !word.startsWith('/')) return true;
  }
  return false;
}

function brokenLinks(path: string): string[] {
  const text = read(path).replaceAll(/```[\s\S]*?```/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [file = '', heading] = link.split('#');
    const target = file === '' ? path : join(dirname(path), file);
    if (!existsSync(join(ROOT, target))) return [`${path}: ${link}`];
    if (heading === undefined) return [];
    return headings(target).includes(heading) ? [] : [`${path}: ${link}: no such heading`];
  });
}

function headings(path: string): string[] {
  return [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** Every command of ours in the `sh` blocks of a document. */
function commandsIn(path: string): string[] {
  return [...read(path).matchAll(/^```sh\n([\s\S]*?)^```/gm)]
    .flatMap(([, block = '']) => block.split('\n'))
    .flatMap((line) =>
      line
        .replace(/\s+#\s.*$/, '')
        .replace(/ > \S+$/, '')
        .split(/ && | \|\| | \| /),
    )
    .map((command) => command.trim())
    .filter((command) => /^(\.\/|bin\/)/.test(command));
}

/** Why the command would not be understood, or `undefined`. Nothing is run. */
async function misunderstanding(line: string): Promise<string | undefined> {
  const [program = '', ...words] = argv(line);
  const path = join(ROOT, program);
  if (!existsSync(path)) return 'no such file';
  if ((statSync(path).mode & 0o111) === 0) return 'not executable';
  if (basename(path) !== 'holdfast') return undefined;
  try {
    const output = { out: () => {}, err: () => {}, columns: 80 };
    await commandTree(() => Promise.resolve(), output).parseAsync(words, { from: 'user' });
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** As a shell would split it: the documents use no quotes but single ones, and variables as whole words. */
function argv(line: string): string[] {
  assert.ok(!/["\\`]|\$(?![a-z]+(?:\s|$))/.test(line), `write it with single quotes only: ${line}`);
  return (line.match(/(?:'[^']*'|[^\s'])+/g) ?? []).map((word) => word.replaceAll("'", ''));
}
