/** Which files are there, by what their names say. */
import type { Files } from '#base/ports';

export type Layout = {
  /** One more than the largest bundle number. */
  readonly bundles: number;
  readonly entries: readonly (readonly [number: number, file: string])[];
  readonly tiles: readonly {
    readonly level: number;
    readonly index: number;
    readonly file: string;
  }[];
  readonly journals: readonly number[];
  readonly recovered: readonly string[];
  /** Paths that are no part of a log. */
  readonly strays: readonly string[];
};

const KNOWN = new Set([
  'tile',
  'journal',
  'recovered',
  'checkpoint',
  'checkpoints',
  'cosigned',
  'timestamps',
]);

export async function findLayout(files: Files, directory: string): Promise<Layout> {
  const strays: string[] = [];
  const entries: [number, string][] = [];
  const tiles: { level: number; index: number; file: string }[] = [];
  for (const name of await names(files, directory)) {
    if (!KNOWN.has(name)) strays.push(`${directory}/${name}`);
  }
  for (const name of await names(files, `${directory}/tile`)) {
    const top = `${directory}/tile/${name}`;
    if (name !== 'entries' && !/^(0|[1-9]\d?)$/.test(name)) {
      strays.push(top);
      continue;
    }
    for await (const [index, file] of numbered(files, top, 0, strays)) {
      if (name === 'entries') entries.push([index, file]);
      else tiles.push({ level: Number(name), index, file });
    }
  }
  const journals: number[] = [];
  for (const name of await names(files, `${directory}/journal`)) {
    if (/^(0|[1-9]\d{0,12})$/.test(name)) journals.push(Number(name));
    else strays.push(`${directory}/journal/${name}`);
  }
  journals.sort((a, b) => a - b);
  const recovered = await names(files, `${directory}/recovered`);
  const bundles = entries.reduce((most, [index]) => Math.max(most, index + 1), 0);
  return { bundles, entries, tiles, journals, recovered, strays };
}

/** Names without those of a replacement that a crash left half done. */
async function names(files: Files, directory: string): Promise<readonly string[]> {
  const all = (await files.list(directory)) ?? [];
  return all.filter((name) => !(name.startsWith('.') && name.endsWith('.tmp')));
}

async function* numbered(
  files: Files,
  directory: string,
  above: number,
  strays: string[],
): AsyncGenerator<readonly [number, string]> {
  for (const name of await names(files, directory)) {
    const path = `${directory}/${name}`;
    const m = /^(x?)(\d{3})$/.exec(name);
    if (m === null) {
      strays.push(path);
    } else if (m[1] === 'x') {
      yield* numbered(files, path, above * 1000 + Number(m[2]), strays);
    } else {
      yield [above * 1000 + Number(m[2]), path];
    }
  }
}
