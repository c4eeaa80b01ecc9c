/** How a file that was edited and not signed is told of, wherever it is: console, doctor, pages, start. */
import { asFault } from '#base/fault';
import type { UnsignedEdit } from '#operations';
import type { Check } from './doctor-changes.ts';

type Different = Omit<UnsignedEdit['differs'][number], 'at'> & { readonly line: number };

export function placed(file: string, differs: readonly Different[]): UnsignedEdit['differs'] {
  return differs.map(({ line, ...rest }) => ({ at: `${file}:${line}`, ...rest }));
}

export function lineOfEdit({
  at,
  what,
  written,
  signed,
  inForce,
}: UnsignedEdit['differs'][number]): string {
  return `${at}: ${what} says ${written}; signed: ${signed}; in force: ${inForce}`;
}

/** None where it is as it was signed; a file that does not hold is told of elsewhere. */
export async function unsignedChecks(
  edits: readonly (() => Promise<UnsignedEdit | null>)[],
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const read of edits) {
    const edit = await read().catch((thrown: unknown) => {
      if (asFault(thrown).kind === 'invalid') return null;
      throw thrown;
    });
    if (edit === null) continue;
    checks.push({
      name: `${edit.file} is not what was signed`,
      ok: false,
      says: [`${edit.code}: ${edit.says}`, ...edit.differs.map(lineOfEdit)].join('\n'),
      mend: edit.next,
    });
  }
  return checks;
}
