/** The grammar of commands for the command line: without a service, and without running anything. */
import { parseBlock } from '#base/address';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { Files } from '#base/ports';
import type { Analyst } from '#cli';
import { analyse, families, findCommands, showEntry } from '#commands';
import { type Inventory, parseInventory } from '#inventory';
import { nodeClock, nodeFiles } from '#machine';
import type { Target } from '#model';
import { readRecords } from './authority-record.ts';
import { AutomationKeeper } from './automation-keeper.ts';
import { catalogueDigestOf, catalogueKeeper } from './catalogue-keeper.ts';
import { CommandKeeper, grammarText } from './command-keeper.ts';
import { type Paths, pathsOf } from './data-directory.ts';
import { collectorsDigest } from './report-settings.ts';

const NO_TARGETS = 'version: 1\ntargets: {}\n';

export async function openAnalyst(home: string, networks: readonly string[]): Promise<Analyst> {
  const files = nodeFiles();
  const paths = pathsOf(home);
  const known = await inventoryOf(files, paths);
  const { judge } = await new CommandKeeper(files, paths).grammar(
    withNetworks(known, networks),
    true,
  );
  return {
    analyse: (question) => analyse(judge, question, 'assistant'),
    families: () => families(judge),
    find: (query) => findCommands(judge, query),
    show: (program) => showEntry(judge, program) as unknown as Json,
  };
}

/** What hosts are given: own entries only as an operator signed them, so that nobody's edit of a file widens what a host reads. */
export async function grammarForHosts(home: string): Promise<string> {
  const files = nodeFiles();
  const paths = pathsOf(home);
  const commands = new CommandKeeper(files, paths);
  const automation = await new AutomationKeeper({ files, clock: nodeClock(), paths }).now();
  const now = catalogueDigestOf(
    await catalogueKeeper(files, paths)(),
    await commands.digest(),
    automation?.digest,
    await collectorsDigest(files, paths.collectors),
  );
  const signed = (await readRecords(files, paths.authority)).at(-1)?.config.catalogue;
  return grammarText(await commands.grammar(await inventoryOf(files, paths), signed === now));
}

async function inventoryOf(files: Files, { inventory }: Paths): Promise<Inventory> {
  const bytes = await files.read(inventory).catch(() => undefined);
  const text = bytes === undefined ? NO_TARGETS : Buffer.from(bytes).toString('utf8');
  return parseInventory(text, inventory);
}

/** Blocks of addresses count as networks; an address or a name counts for itself. */
function withNetworks(known: Inventory, given: readonly string[]): Inventory {
  if (given.length === 0) return known;
  const blocks = given.filter((each) => each.includes('/'));
  const names = given.filter((each) => !each.includes('/'));
  const wrong =
    blocks.find((block) => parseBlock(block) === null) ?? names.find((name) => !NAME.test(name));
  if (wrong !== undefined) {
    throw new Fault(
      'invalid',
      'invalid-input',
      `not a network: ${JSON.stringify(wrong.slice(0, 80))}. Give blocks like 10.0.0.0/8, addresses and names of hosts, with commas between`,
    );
  }
  const hosts = names.map((name) => ({ id: `host:${name}`, address: name }) as Target);
  return {
    ...known,
    networks: blocks,
    targets: [...known.targets, ...hosts],
    digest: `${known.digest} ${given.join(',')}`,
  };
}

const NAME = /^[A-Za-z0-9:](?:[A-Za-z0-9.:_-]{0,252})$/;
