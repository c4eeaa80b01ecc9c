import { Fault } from '#base/fault';
import { LIMITS } from '#base/limits';

/** The lines of a stream, as many at a time as came in. */
export async function* linesOf(
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly string[]> {
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
