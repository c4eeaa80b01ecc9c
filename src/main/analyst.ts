/** The grammar of commands for the command line: without a service, and without running anything. */
import { asFault, Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { Analyst } from '#cli';
import { analyse, families, findCommands, showEntry } from '#commands';
import { type Inventory, parseInventory } from '#inventory';
import { nodeFiles } from '#machine';
import { CommandKeeper, grammarText } from './command-keeper.ts';
import { pathsOf } from './data-directory.ts';

const NO_TARGETS = 'version: 1\ntargets: {}\n';

export async function openAnalyst(home: string, networks: readonly string[]): Promise<Analyst> {
  const files = nodeFiles();
  const paths = pathsOf(home);
  const bytes = await files.read(paths.inventory).catch(() => undefined);
  const text = bytes === undefined ? NO_TARGETS : Buffer.from(bytes).toString('utf8');
  const known = parseInventory(text, paths.inventory);
  const grammar = await new CommandKeeper(files, paths).grammar(
    withNetworks(known, networks),
    true,
  );
  const { judge } = grammar;
  return {
    analyse: (question) => analyse(judge, question, 'assistant'),
    families: () => families(judge),
    find: (query) => findCommands(judge, query),
    show: (program) => showEntry(judge, program) as unknown as Json,
    grammar: () => grammarText(grammar),
  };
}

/** Blocks as they are; an address or a name counts for itself. */
function withNetworks(known: Inventory, given: readonly string[]): Inventory {
  if (given.length === 0) return known;
  try {
    const { networks } = parseInventory(
      `version: 1\nnetworks: ${JSON.stringify(given)}\ntargets: {}\n`,
      '--networks',
    );
    return { ...known, networks, digest: `${known.digest} ${given.join(',')}` };
  } catch (thrown) {
    const fault = asFault(thrown);
    throw new Fault('invalid', 'invalid-input', `--networks: ${fault.message}`);
  }
}
