/** Any operation by its name, so that the command line can do whatever another surface can. */
import { Fault } from '#base/fault';
import { type Json, parseJson } from '#base/json';
import { LIMITS } from '#base/limits';
import { renderAnything } from '../render/anything.ts';
import { readText } from './reading.ts';
import type { CommandSpec } from './spec.ts';

/** They let a person in, or decide where; `holdfast console` shows them, and sees to it that somebody is there. */
const FOR_EYES_ONLY: ReadonlySet<string> = new Set([
  'invitation_make',
  'recovery_make',
  'server_confirm',
]);

export const ask: CommandSpec = {
  usage: 'ask <operation> [input]',
  summary: 'ask any operation by its name, as the HTTP API does',
  more: 'Input is a JSON object, a file as @path, or - for standard input; left out, it is {}. The operations and what they take: the console at /api, or an unknown name, which is answered with candidates.',
  examples: [
    'ask approvals_inbox',
    'ask get_change \'{"changeId":"chg_…"}\'',
    'ask policy_matrix @matrix.json',
  ],
  async run(desk, [operation = '', input]) {
    if (FOR_EYES_ONLY.has(operation)) {
      throw new Fault(
        'refused',
        'nobody-there',
        'what lets a person in is shown at a terminal only: use holdfast console',
      );
    }
    await desk.answer(operation, await inputOf(desk, input), renderAnything);
  },
};

async function inputOf(
  { io }: Parameters<CommandSpec['run']>[0],
  input: string | undefined,
): Promise<Json> {
  if (input === undefined) return {};
  const isFile = input === '-' || input.startsWith('@');
  const text = isFile ? await readText(io, input.replace(/^@/, ''), LIMITS.requestBytes) : input;
  const value = parseJson(text, 'the input');
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value;
  throw new Fault(
    'invalid',
    'invalid-input',
    'the input is no JSON object: give one like {"limit":5}, @file or -',
  );
}
