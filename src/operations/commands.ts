/** Commands: what one would do, running what only reads, and proposing the rest as a change. */
import * as z from 'zod/v4';
import { asFault, Fault } from '#base/fault';
import { LIMITS } from '#base/limits';
import type { CommandAnswer } from '#execution';
import { resolveTarget } from '#inventory';
import { clean } from '#redaction';
import { changeShape, reasonInput } from './change-shapes.ts';
import { readScopes } from './filters.ts';
import type { Asking, CommandAnalysis, CommandQuestion } from './operation.ts';
import { changing } from './operation.ts';
import { shown } from './run-action.ts';

const MOST_WORDS = 256;
const LINE_CHARS = 65_536;
const targetInput = z.string().min(1).max(LIMITS.nameChars);
const argvInput = z.array(z.string().max(LINE_CHARS)).min(1).max(MOST_WORDS);
const lineInput = z.string().min(1).max(LINE_CHARS);

const analysisShape = z.object({
  class: z.enum(['read', 'write', 'exec', 'deny']),
  tier: z.enum(['T0', 'T1', 'T2', 'T3', 'deny']),
  label: z.enum(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL']),
  verdict: z.enum(['allow', 'needs-approval', 'deny']),
  code: z.string().nullable(),
  family: z.string().nullable(),
  entry: z.string().nullable(),
  normalForm: z.array(z.string()).nullable(),
  because: z.string(),
  parts: z.array(z.object({ word: z.string(), means: z.string() })),
  safer: z.array(z.string()),
  similar: z.array(z.string()).describe('commands that only read, near to it'),
});

/** Words as a list, or a line that is split strictly; exactly one of them. */
function questionOf(
  input: { readonly argv?: readonly string[] | undefined; readonly line?: string | undefined },
  target: CommandQuestion['target'],
  asking: Asking,
): CommandQuestion {
  const { argv, line } = input;
  if ((argv === undefined) === (line === undefined))
    throw new Fault(
      'invalid',
      'invalid-input',
      'give the command once: as argv, a list of words, or as line, one text',
    );
  const byOperator = asking.caller.surface === 'cli';
  return { ...(argv === undefined ? { line: line ?? '' } : { argv }), target, byOperator };
}

export const analyzeCommand = changing({
  name: 'analyze_command',
  title: 'Analyze a command',
  summary:
    'Tells what a command would do before it is run: whether it only reads, its tier, what each word means, and what to do instead.',
  capability: 'changes.read',
  taints: false,
  assistants: true,
  narrows: true,
  reads: true,
  input: z.strictObject({
    line: lineInput.optional().describe('one command; no shell reads it'),
    argv: argvInput.optional().describe('the same as words'),
    target: targetInput.optional(),
  }),
  output: analysisShape,
  hides: ['line', 'argv'],
  async run(input, { commands }, asking) {
    const target =
      input.target === undefined
        ? undefined
        : resolveTarget(asking.inventory, input.target, readScopes(undefined, asking));
    return { ...(await commands.analyse(questionOf(input, target, asking))) } as never;
  },
});

/** Risk, category and what to do instead. That it was refused is noted; that it is asked again moves nothing. */
function whatNext({ label, family, safer, similar }: CommandAnalysis): string {
  const [near] = similar;
  const instead =
    safer[0] ??
    (near === undefined
      ? 'Use find_actions for what can be done here'
      : `Near to it, and only reading: ${near}`);
  const risk = `Risk ${label}, family ${family ?? 'unknown'}`;
  return `${risk}. ${instead.replace(/\.$/, '')}. Asking again changes nothing: an operator sees what was refused`;
}

const ranShape = z.object({
  exit: z.number().nullable().describe('null: a limit or a signal ended it'),
  stdout: z.string(),
  stderr: z.string(),
  truncated: z.boolean(),
  durationMs: z.number(),
  normalForm: z.array(z.string()).describe('what ran'),
  policies: z.array(z.string()),
});

export const runCommand = changing({
  name: 'run_command',
  title: 'Run a command',
  summary:
    'Runs one command on a target, without a shell, when it only reads. What changes something becomes a proposed change as with run_action; the rest is refused and says why.',
  capability: 'changes.propose',
  taints: true,
  assistants: true,
  narrows: true,
  input: z.strictObject({
    target: targetInput.describe('id from describe_system'),
    argv: argvInput.optional().describe('words: program first'),
    line: lineInput.optional().describe('or one line; nothing is expanded'),
    reason: reasonInput.optional().describe('needed when it changes something'),
    seconds: z
      .number()
      .int()
      .min(1)
      .max(600)
      .optional()
      .describe('time limit; default 60, at most 600'),
    idempotencyKey: z.string().min(1).max(LIMITS.nameChars).optional(),
  }),
  output: z.object({
    ...changeShape.partial().shape,
    ...ranShape.partial().shape,
    analysis: analysisShape.optional().describe('of what became a change'),
  }),
  hides: ['line', 'argv'],
  async run(input, { road, requester, commands }, asking) {
    const target = resolveTarget(asking.inventory, input.target, readScopes(undefined, asking));
    const question = questionOf(input, target, asking);
    const analysis = await commands.analyse(question);
    if (analysis.verdict === 'deny' || analysis.argv === null) {
      await commands.noteBlocked(question, analysis, asking);
      const { argv: _, ...told } = analysis;
      throw new Fault(
        'refused',
        'command-refused',
        `the command may not be run: ${analysis.because}. ${whatNext(analysis)}`,
        { facts: { analysis: told as never } },
      );
    }
    if (analysis.tier !== 'T0' && (input.reason ?? '') === '')
      throw new Fault(
        'invalid',
        'invalid-input',
        'the command changes something, so a person decides: give a reason that they can read',
      );
    const asked = road.command(requester, {
      target: target.id,
      argv: analysis.argv,
      reason: input.reason ?? 'a look',
      idempotencyKey: input.idempotencyKey ?? null,
      ...(input.seconds === undefined ? {} : { seconds: input.seconds }),
    });
    const answer = await asked.catch((thrown: unknown) => {
      throw withWords(asFault(thrown), analysis);
    });
    return answerOf(answer, analysis);
  },
  told(answer) {
    const { decision, targets, changeId, digest, state } = answer;
    if (changeId !== undefined)
      return {
        ...(decision === undefined
          ? {}
          : { decision: { verdict: decision.verdict, because: decision.because } }),
        targets: targets ?? [],
        more: { change: changeId, plan: digest ?? null, state: state ?? null },
      };
    return {
      decision: { verdict: 'allow', because: (answer.policies ?? []).join(' ') },
      targets: targets ?? [],
      more: {
        argv: cleanWords(answer.normalForm ?? []),
        exit: answer.exit ?? null,
      },
    };
  },
});

/** What only reads and was asked, or was to be asked, of a host: its event names it however it ended. */
function withWords(fault: Fault, { argv, tier }: CommandAnalysis): Fault {
  if (tier !== 'T0' || argv === null) return fault;
  const { kind, code, message, facts } = fault;
  return new Fault(kind, code, message, {
    facts: { ...facts, argv: cleanWords(argv) },
    cause: fault,
  });
}

function cleanWords(argv: readonly string[]): string[] {
  return argv.map((word) => clean(word, { maxChars: 1_000 }).text);
}

function answerOf(answer: CommandAnswer, analysed: CommandAnalysis): never {
  const { argv: _, ...analysis } = analysed;
  if (answer.kind === 'change') return { ...shown(answer.view), analysis } as never;
  const { target, argv, policies, exit, stdout, stderr, truncated, durationMs } = answer;
  return {
    exit,
    stdout,
    stderr,
    truncated,
    durationMs,
    normalForm: [...argv],
    policies: [...policies],
    targets: [target],
  } as never;
}
