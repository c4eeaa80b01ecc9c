/**
 * Commands that stay while a client is connected, or that a script asks many times a minute, each from its own
 * file: they load no other command and nothing that shows other answers. `tree.ts` has the whole.
 */
import type { CommandSpec } from './commands/spec.ts';

const facts = () => import('./commands/facts.ts');
const fleet = () => import('./commands/fleet.ts');
const service = () => import('./commands/service.ts');

export const ALONE: Readonly<Record<string, () => Promise<CommandSpec>>> = {
  describe: async () => (await facts()).describe,
  diff: async () => (await facts()).diff,
  events: async () => (await service()).events,
  history: async () => (await facts()).history,
  ingest: async () => (await facts()).ingest,
  look: async () => (await fleet()).look,
  mcp: async () => (await service()).mcp,
  observe: async () => (await fleet()).observe,
  query: async () => (await facts()).query,
  summary: async () => (await fleet()).summary,
  up: async () => (await fleet()).up,
};

/** The one command of these words; `undefined`: the whole tree has to say what they mean. */
export function commandAlone(argv: readonly string[]): Promise<CommandSpec> | undefined {
  // Help is of the whole, or names what stands beside it.
  if (argv.some((word) => word === 'help' || word === '-h' || word === '--help')) return undefined;
  const name = firstWord(argv);
  return name !== undefined && Object.hasOwn(ALONE, name) ? ALONE[name]?.() : undefined;
}

/** What stands behind the options of the program; `undefined`: something else does. */
function firstWord(argv: readonly string[]): string | undefined {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (word === '--home') i++;
    else if (word !== '--json' && word !== '--pretty' && !word.startsWith('--home='))
      return word.startsWith('-') ? undefined : word;
  }
  return undefined;
}
