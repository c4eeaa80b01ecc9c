/** Turns what a caller sent into an operation's input, or into a fault that names each mistake. */
import * as z from 'zod/v4';
import { Fault } from '#base/fault';
import type { Operation } from './operation.ts';

export function parseInput(operation: Operation, input: unknown): unknown {
  const parsed = operation.input.safeParse(withoutNulls(operation.input, input ?? {}));
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.slice(0, 8).map((issue) => {
    const at = issue.path.map(String).join('.').slice(0, 120);
    const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
    const says = missing ? `is missing, expected ${issue.expected}` : issue.message;
    return at === '' ? says : `${at}: ${says}`;
  });
  const more = parsed.error.issues.length - mistakes.length;
  throw new Fault(
    'invalid',
    'invalid-input',
    `arguments of ${operation.name} do not fit: ${mistakes.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
    { facts: { operation: operation.name, mistakes } },
  );
}

/** An optional argument that is null was not given: our answers print what is open, or at an end, as null. */
function withoutNulls(schema: unknown, input: unknown): unknown {
  if (!(schema instanceof z.ZodObject) || typeof input !== 'object' || input === null) return input;
  if (Array.isArray(input)) return input;
  const shape = new Map<string, unknown>(Object.entries(schema.shape));
  return Object.fromEntries(
    Object.entries(input)
      .filter(([key, value]) => value !== null || !(shape.get(key) instanceof z.ZodOptional))
      .map(([key, value]) => [key, withoutNulls(shape.get(key), value)]),
  );
}
