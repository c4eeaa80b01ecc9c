import { Fault } from '#base/fault';
import { LIMITS } from '#base/limits';
import { redactLine } from '#redaction';
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

/** The lines of a stream, as many at a time as came in. */
async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  for await (const bytes of input) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LIMITS.requestBytes)
      throw new Fault(
        'invalid',
        'too-large',
        `line is too long: give at most ${LIMITS.requestBytes} characters per line`,
      );
    if (lines.length > 0) yield lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield [rest];
}
