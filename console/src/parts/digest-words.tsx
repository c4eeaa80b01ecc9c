/** Six words for one digest: computed in this browser, and the same on every screen that shows the same bytes. */
import type { ReactNode } from 'react';

export function DigestWords({
  words,
  digest,
}: {
  readonly words: string;
  readonly digest: string;
}): ReactNode {
  return (
    <figure className="digest">
      <figcaption className="quiet small">
        Digest, computed in this browser. The command line and every other screen show the same
        words.
      </figcaption>
      <p className="digest-words">{words}</p>
      <code className="digest-hex quiet">sha256:{digest}</code>
    </figure>
  );
}
