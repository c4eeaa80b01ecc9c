/** A text with its line numbers. Lines that are wrong are marked by number; what is wrong is listed below it. */
import { type ReactNode, useRef } from 'react';

export function Editor({
  name,
  text,
  onChange,
  wrong,
  readOnly,
}: {
  readonly name: string;
  readonly text: string;
  readonly onChange: (text: string) => void;
  readonly wrong: ReadonlySet<number>;
  readonly readOnly: boolean;
}): ReactNode {
  const lines = useRef<HTMLPreElement>(null);
  const count = text.split('\n').length;
  return (
    <div className="editor">
      <pre className="editor-lines" aria-hidden="true" ref={lines}>
        {Array.from({ length: count }, (_, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number
          <span key={at} data-wrong={wrong.has(at + 1) || undefined}>
            {at + 1}
          </span>
        ))}
      </pre>
      <textarea
        aria-label={`Text of ${name}`}
        value={text}
        readOnly={readOnly}
        onChange={(event) => onChange(event.target.value)}
        onScroll={(event) => {
          if (lines.current !== null) lines.current.scrollTop = event.currentTarget.scrollTop;
        }}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        wrap="off"
      />
    </div>
  );
}
