/** Says what is about to happen, and asks for the passkey. What was begun waits underneath. */
import { type ReactNode, useState } from 'react';
import { type ToConfirm, useToConfirm } from '../api/confirm.ts';
import { asProblem, type Problem } from '../api/index.ts';
import type { Json } from '../api/json.ts';
import { Button, Dialog, ErrorPanel, Facts, Icon } from '../kit/index.ts';
import { confirmWithPasskey } from './confirm-ceremony.ts';

export function ConfirmWithPasskey(): ReactNode {
  const asked = useToConfirm();
  const [problem, setProblem] = useState<Problem>();
  const [isActing, setActing] = useState(false);
  if (asked === undefined) return null;
  const run = async (): Promise<void> => {
    setProblem(undefined);
    setActing(true);
    try {
      asked.done(await confirmWithPasskey(asked));
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setActing(false);
    }
  };
  const keep = (): void => {
    setProblem(undefined);
    asked.keep();
  };
  return (
    <Dialog title={TITLES[asked.operation] ?? asked.title} isOpen onClose={keep}>
      <p>
        {asked.how === 'each'
          ? 'Being signed in is not enough for this. Confirm with your passkey that it is you, and that this is what you want:'
          : 'It is a while ago that you used your passkey. Confirm that it is still you, to go on with:'}
      </p>
      <Facts facts={shown(asked)} />
      {problem === undefined ? null : <ErrorPanel error={problem} />}
      <div className="dialog-actions">
        <Button onPress={keep}>Keep as it is</Button>
        <Button look="primary" autoFocus isPending={isActing} onPress={() => void run()}>
          <Icon name="key" />
          {isActing ? 'Waiting for your passkey' : 'Confirm with your passkey'}
        </Button>
      </div>
    </Dialog>
  );
}

/** Of what is no operation; the service names those. */
const TITLES: Readonly<Record<string, string>> = {
  passkey_add: 'Add a passkey of yours',
  break_glass_open: 'Break the glass',
  oauth_consent: 'Let a program act for you',
};

/** All of it, as it is sent: what is signed is what stands here. */
function shown({ operation, input }: ToConfirm): readonly (readonly [string, ReactNode])[] {
  const facts: (readonly [string, ReactNode])[] = [['What', <code key="what">{operation}</code>]];
  const add = (name: string, value: Json): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [part, inner] of Object.entries(value)) add(`${name}${part} `, inner);
    else
      facts.push([
        name.trim(),
        <bdi key={name}>{typeof value === 'string' ? value : JSON.stringify(value)}</bdi>,
      ]);
  };
  add('', input);
  return facts;
}
