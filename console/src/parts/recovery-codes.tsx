/** Shown once, right after they were made. */
import { type ReactNode, useState } from 'react';
import { Button, Check, Icon, LinkButton, Page, Panel, toast } from '../kit/index.ts';

export function RecoveryCodes({ codes }: { readonly codes: readonly string[] }): ReactNode {
  const [isKept, setKept] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(codes.join('\n'));
      toast('Copied. Keep them where this device is not.');
    } catch {
      toast('This browser does not let a page copy. Select them by hand.');
    }
  };
  return (
    <Page
      title="Your recovery codes"
      lead="In force. For the day you lose this device: keep these ten codes on paper or in a password manager."
    >
      <Panel tone="warn">
        <p>
          <strong>They are shown this once.</strong> Each signs you in once, to look and to register
          a new passkey. They are for sign-in only: no code approves anything.
        </p>
        <ol className="recovery-codes">
          {codes.map((code) => (
            <li key={code}>
              <code>{code}</code>
            </li>
          ))}
        </ol>
        <div className="row no-print">
          <Button onPress={() => void copy()}>
            <Icon name="copy" /> Copy
          </Button>
          <Button onPress={() => window.print()}>Print</Button>
        </div>
      </Panel>
      <div className="stack no-print">
        <Check checked={isKept} onChange={setKept}>
          I have kept them
        </Check>
        <div>
          {isKept ? (
            <LinkButton to="/" look="primary">
              To the overview
            </LinkButton>
          ) : (
            <Button isDisabled>To the overview</Button>
          )}
        </div>
      </div>
    </Page>
  );
}
