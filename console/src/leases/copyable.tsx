/** A text to take along, and a button that does. */
import { type ReactNode, useState } from 'react';
import { Button, Code, Icon, toast } from '../kit/index.ts';

export function Copyable({
  text,
  label,
}: {
  readonly text: string;
  readonly label: string;
}): ReactNode {
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 3_000);
    } catch {
      toast('This browser does not let a page copy. Select it by hand.');
    }
  };
  return (
    <div className="copyable">
      <Code text={text} label={label} />
      <Button onPress={() => void copy()} aria-label={`Copy: ${label}`}>
        <Icon name={isCopied ? 'check' : 'copy'} /> {isCopied ? 'Copied' : 'Copy'}
      </Button>
    </div>
  );
}
