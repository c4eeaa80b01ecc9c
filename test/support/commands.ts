/** The shipped grammar of commands, as the service has it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '#base/json';
import type { Analyst } from '#cli';
import {
  analyse,
  buildJudge,
  families,
  findCommands,
  type Judge,
  parsePlaces,
  SHIPPED_PATHS,
  showEntry,
  tokenize,
} from '#commands';
import type { RoadPorts } from '#execution';
import type { CommandPowers } from '#operations';
import { shippedEntries } from '#samples/commands';

const ROOM = join(import.meta.dirname, '..', '..', 'src', 'commands');
const textOf = (name: string): string => readFileSync(join(ROOM, name), 'utf8');
let judge: Judge | undefined;

export function shippedJudge(): Judge {
  judge ??= buildJudge(shippedEntries(), {
    ...parsePlaces(textOf(SHIPPED_PATHS), SHIPPED_PATHS, true),
    networks: [],
    hosts: [],
  });
  return judge;
}

export const judgeCommand: RoadPorts['judgeCommand'] = async ({ argv, byOperator }) => {
  const told = analyse(shippedJudge(), { argv }, byOperator ? 'operator' : 'assistant');
  const [program, ...words] = told.normalForm ?? [];
  return {
    tier: told.verdict === 'deny' ? 'deny' : told.tier,
    normalForm: program === undefined ? null : [program, ...words],
    says: told.because,
  };
};

/** With what was refused, in order. */
export function commandPowers(blocked: string[] = []): CommandPowers {
  return {
    analyse: async ({ byOperator, ...asked }) => {
      const given = 'argv' in asked ? { argv: asked.argv } : { line: asked.line };
      const tokens = 'line' in given ? tokenize(given.line) : given;
      const told = analyse(shippedJudge(), given, byOperator ? 'operator' : 'assistant');
      const [program, ...words] = 'argv' in tokens ? tokens.argv : (told.normalForm ?? []);
      return {
        ...told,
        argv: program === undefined ? null : [program, ...words],
      };
    },
    noteBlocked: async (question) => void blocked.push(JSON.stringify(question)),
  };
}

export function shippedAnalyst(): Analyst {
  const known = shippedJudge();
  return {
    analyse: (question) => analyse(known, question, 'assistant'),
    families: () => families(known),
    find: (query) => findCommands(known, query),
    show: (program) => showEntry(known, program) as unknown as Json,
  };
}
