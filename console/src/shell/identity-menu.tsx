import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { asProblem, signOut, useSignedIn } from '../api/index.ts';
import { Icon, Menu, MenuAction, toast, turnExactTimes, useExactTimes } from '../kit/index.ts';
import { applyTheme, THEMES, theme } from './theme.ts';

const NEXT = {
  system: 'Theme: as the device',
  light: 'Theme: light',
  dark: 'Theme: dark',
} as const;

export function IdentityMenu({ showKeys }: { readonly showKeys: () => void }): ReactNode {
  const session = useSignedIn();
  const client = useQueryClient();
  const router = useRouter();
  const [shown, setShown] = useState(theme);
  const isExact = useExactTimes();
  const turn = (): void => {
    const next = THEMES[(THEMES.indexOf(shown) + 1) % THEMES.length] ?? 'system';
    applyTheme(next);
    setShown(next);
  };
  const leave = async (): Promise<void> => {
    try {
      await signOut();
    } catch (thrown) {
      const problem = asProblem(thrown);
      // Over already, from elsewhere: there is nothing left to sign out of.
      if (problem.status !== 401) {
        toast(problem.message);
        return;
      }
    }
    await router.navigate({ to: '/sign-in' });
    client.clear();
  };
  return (
    <Menu
      label={`Signed in as ${session.name}`}
      trigger={
        <>
          <Icon name="person" />
          <span className="only-wide">{session.operator}</span>
        </>
      }
    >
      <MenuAction textValue="Settings" onAction={() => void router.navigate({ to: '/settings' })}>
        <Icon name="settings" /> Sign-in and keys
      </MenuAction>
      <MenuAction textValue="Theme" onAction={turn} shouldCloseOnSelect={false}>
        <Icon name={shown === 'dark' ? 'dark' : 'light'} /> {NEXT[shown]}
      </MenuAction>
      <MenuAction textValue="Times" onAction={turnExactTimes} shouldCloseOnSelect={false}>
        <Icon name="clock" /> {isExact ? 'Times: in full, UTC' : 'Times: how long ago'}
      </MenuAction>
      <MenuAction textValue="Keys" onAction={showKeys}>
        <Icon name="info" /> Keyboard shortcuts
      </MenuAction>
      <MenuAction textValue="Sign out" onAction={() => void leave()}>
        <Icon name="external" /> Sign out
      </MenuAction>
    </Menu>
  );
}
