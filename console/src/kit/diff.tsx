/** A unified diff as data: each line says by its sign, and then by its colour, what becomes of it. */
import type { ReactNode } from 'react';
import { Visible } from './foreign.tsx';

const KINDS: Readonly<Record<string, string>> = { '+': 'added', '-': 'removed', '@': 'place' };

export function Diff({
  text,
  label,
}: {
  readonly text: string;
  readonly label: string;
}): ReactNode {
  const lines = text.replace(/\n$/, '').split('\n');
  return (
    <pre className="diff" tabIndex={0} aria-label={label}>
      {lines.map((line, at) => (
        <span key={at} className={`diff-line diff-${KINDS[line[0] ?? ''] ?? 'same'}`}>
          <bdi>
            <Visible text={line === '' ? ' ' : line} />
          </bdi>
          {'\n'}
        </span>
      ))}
    </pre>
  );
}
