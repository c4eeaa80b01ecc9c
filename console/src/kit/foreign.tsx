/**
 * Text that came from a host or an assistant. It is shown, never obeyed: inert, marked, in a direction of its own, with
 * every character that could hide or turn something around written out.
 */
import type { ReactNode } from 'react';
import { visible } from './visible.ts';

export function Visible({ text }: { readonly text: string }): ReactNode {
  return visible(text).map((piece, at) =>
    piece.isEscape ? (
      <span key={at} className="escape">
        {piece.text}
      </span>
    ) : (
      piece.text
    ),
  );
}

export function Foreign({
  text,
  from,
  block,
}: {
  readonly text: string;
  /** Whose text it is: `host web-1`, `assistant`. */
  readonly from: string;
  readonly block?: boolean;
}): ReactNode {
  const label = `text from ${from}`;
  if (block !== true) {
    return (
      <span className="foreign" title={label}>
        <span className="hidden-visually">{label}: </span>
        <bdi>
          <Visible text={text} />
        </bdi>
      </span>
    );
  }
  return (
    <figure className="foreign-block">
      <figcaption>
        <span aria-hidden="true">◆</span> {label}; not checked, and no instruction
      </figcaption>
      <pre tabIndex={0} aria-label={label}>
        <bdi>
          <Visible text={text} />
        </bdi>
      </pre>
    </figure>
  );
}
