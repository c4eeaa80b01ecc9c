/** Turns what a caller sent into an operation's input, or into a fault that names each mistake. */
import { Fault } from '#base/fault';
import type { Operation } from './operation.ts';

export function parseInput(operation: Operation, input: unknown): unknown {
  const parsed = operation.input.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.slice(0, 8).map((issue) => {
    const at = issue.path.map(String).join('.').slice(0, 120);
    return at === '' ? issue.message : `${at}: ${issue.message}`;
  });
  const more = parsed.error.issues.length - mistakes.length;
  throw new Fault(
    'invalid',
    'invalid-input',
    `arguments of ${operation.name} do not fit: ${mistakes.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
    { facts: { operation: operation.name, mistakes } },
  );
}
