/** The console, from a terminal. */
import { renderConsole } from '../render/console.ts';
import { consoleExpose } from './console-expose.ts';
import { CONSOLE_PEOPLE } from './console-people.ts';
import type { CommandSpec } from './spec.ts';

export const consoleCommand: CommandSpec = {
  usage: 'console',
  summary: 'the page where people decide: its address, its first person, invitations, sessions',
  examples: ['console', 'console setup', 'console expose --tailnet', 'console invite bea'],
  async run(desk) {
    await desk.answer('console_status', {}, renderConsole);
  },
  within: [consoleExpose, ...CONSOLE_PEOPLE],
};
