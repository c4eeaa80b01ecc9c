/** What will run, exactly: each argument in a box of its own, so that spaces and tricks show. */
import type { ReactNode } from 'react';
import { Visible } from './foreign.tsx';

export function Argv({ argv }: { readonly argv: readonly string[] }): ReactNode {
  return (
    <ol className="argv" aria-label={`${argv.length} arguments`}>
      {argv.map((argument, at) => (
        <li key={at}>
          <bdi>
            {argument === '' ? <span className="escape">empty</span> : <Visible text={argument} />}
          </bdi>
        </li>
      ))}
    </ol>
  );
}

export function Code({
  text,
  label,
  wrap,
}: {
  readonly text: string;
  readonly label: string;
  readonly wrap?: boolean;
}): ReactNode {
  return (
    <pre className={wrap === true ? 'code code-wrap' : 'code'} tabIndex={0} aria-label={label}>
      <bdi>
        <Visible text={text} />
      </bdi>
    </pre>
  );
}
