import { redactLine } from '#redaction';
import { linesOf } from './lines.ts';
import type { CommandSpec } from './spec.ts';

export const redact: CommandSpec = {
  usage: 'redact',
  summary: 'clean text of secrets and of what a terminal would obey; needs no data directory',
  more: 'Reads lines {"id": …, "text": …} from standard input and writes the same with clean text.',
  examples: ['redact --jsonl < output.jsonl'],
  options: [{ flags: '--jsonl', about: 'JSON lines in, JSON lines out', mandatory: true }],
  async run(desk) {
    let number = 0;
    for await (const lines of linesOf(desk.io.stdin)) {
      let out = '';
      for (const line of lines) {
        number++;
        if (line.trim() !== '') out += `${redactLine(line, number)}\n`;
      }
      if (out !== '') desk.io.stdout(out);
    }
  },
};
