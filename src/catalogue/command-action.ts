/**
 * One command as an action. The argv is a normal form that the command grammar made; nothing of it is a
 * template. It has no way back of its own and is never part of a runbook or a standing approval.
 */
import { digestOf } from '#base/digest';
import type { Tier } from '#model';
import type { Action, SideEffect } from './action.ts';
import { catalogueFault } from './faults.ts';

/** The only id that no file can claim. Its one argument is `argv`, a JSON list of words. */
export const COMMAND_ACTION = 'command.run';
const MAX_WORDS = 256;
const MAX_CHARS = 65_536;

const EFFECTS: Readonly<Record<Tier, SideEffect>> = {
  T0: 'none',
  T1: 'transient',
  T2: 'state',
  T3: 'destructive',
};

export function commandAction(command: {
  readonly argv: readonly [string, ...string[]];
  readonly tier: Tier;
  /** What it does, in the grammar's own words. */
  readonly means: string;
}): Action {
  const { argv, tier, means } = command;
  return {
    kind: 'action',
    id: COMMAND_ACTION,
    version: 1,
    summary: means,
    family: 'command',
    tier,
    sideEffect: EFFECTS[tier],
    capability:
      tier === 'T0' ? 'actions.look' : tier === 'T3' ? 'actions.irreversible' : 'actions.change',
    // Talos has no shell accounts, and what a word means on Windows is another matter.
    hostTypes: ['debian', 'ubuntu', 'linux'],
    environments: 'any',
    arguments: [
      {
        name: 'argv',
        type: 'text',
        summary: 'the words of the command, as JSON',
        required: true,
        fallback: null,
        values: [],
        within: [],
        min: null,
        max: MAX_CHARS,
        known: false,
        secret: false,
      },
    ],
    maxTargets: tier === 'T3' ? 1 : 16,
    concurrency: { perTarget: 1, perCaller: 4 },
    cooldownSeconds: 0,
    retries: 0,
    idempotent: false,
    requires: [],
    binds: [],
    preview: [],
    verify: { facts: [], probes: [] },
    stabiliseSeconds: 0,
    irreversible: 'a command has no way back of its own: propose the one that takes it back',
    redact: [],
    contract: 'simulated',
    origin: { file: 'a command', line: 1, shipped: true },
    digest: digestOf([COMMAND_ACTION, 1, tier, [...argv]]),
    steps: [
      {
        when: [],
        argv: argv.map((word) => [{ literal: word }]),
        effect: [{ literal: means }],
        stdin: null,
        files: [],
        conditions: [],
        runAs: 'root',
        timeoutSeconds: 300,
        atomic: false,
        inverse: null,
      },
    ],
  };
}

/** The words of a proposal of a command; throws `invalid-arguments`. */
export function argvOf(given: unknown): readonly [string, ...string[]] {
  const text = typeof given === 'string' && given.length <= MAX_CHARS ? given : '';
  let words: unknown;
  try {
    words = JSON.parse(text);
  } catch {
    words = undefined;
  }
  if (
    !Array.isArray(words) ||
    words.length === 0 ||
    words.length > MAX_WORDS ||
    !words.every(isWord)
  )
    throw catalogueFault(
      'invalid-arguments',
      `argv is not a list of words: give 1 to ${MAX_WORDS} texts as JSON, the program first`,
    );
  return words as [string, ...string[]];
}

function isWord(word: unknown): word is string {
  return typeof word === 'string' && word.isWellFormed() && !word.includes('\0');
}
