import { Fault, type FaultKind } from '#base/fault';

const KINDS = {
  /** Policies, schema, settings or cases say something that cannot be used. `facts.problems` has each place. */
  'invalid-policy': 'invalid',
} as const satisfies Record<string, FaultKind>;

export type PolicyFaultCode = keyof typeof KINDS;

/** A place in one of the operator's files and what is wrong there. */
export type Problem = {
  readonly file: string;
  readonly line: number;
  readonly message: string;
};

const SHOWN = 50;

/** Every problem as `file:line: …`, in the order of the files. */
export function invalidPolicy(what: string, problems: readonly Problem[]): Fault<PolicyFaultCode> {
  const lines = problems
    .toSorted((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line))
    .map(({ file, line, message }) => `${file}:${line}: ${message}`);
  const left = lines.length - SHOWN;
  const shown = left > 0 ? [...lines.slice(0, SHOWN), `and ${left} more`] : lines;
  return new Fault(
    KINDS['invalid-policy'],
    'invalid-policy',
    `${what} cannot be used: ${shown.join('\n')}\nCorrect the file; nothing of it is in force`,
    { facts: { problems: shown } },
  );
}
