/** A file that was edited and not signed: what differs, what is in force of it, and what to do; for people. */
import type { UnsignedEdit } from '#operations';
import type { Paper } from '../text/paper.ts';

export function writeUnsigned(paper: Paper, edit: UnsignedEdit | null): void {
  if (edit === null) return;
  const { code, file, says, differs, next } = edit;
  paper.whole({ text: `${file} is not what was signed `, tone: 'warn' }, `(${code}): ${says}`);
  for (const { at, what, written, signed, inForce } of differs)
    paper.whole(
      `  ${at}  `,
      { text: what, tone: 'strong' },
      `: it says ${written}; signed: ${signed}; `,
      {
        text: `in force: ${inForce}`,
        tone: 'warn',
      },
    );
  if (differs.length === 0) paper.whole('  it says the same in other words');
  paper.whole({ text: '  Next: ', tone: 'strong' }, next);
}
