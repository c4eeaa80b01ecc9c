/** The frame: navigation, the stop, the state of the connection, and who is signed in. */
import { useQueryClient } from '@tanstack/react-query';
import { Link, Navigate, Outlet, useLocation } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import { Dialog as AriaDialog, Modal, ModalOverlay } from 'react-aria-components';
import { useToConfirm } from '../api/confirm.ts';
import { followLive, useConnection, useHasEnded, useSession } from '../api/index.ts';
import { ErrorPanel, Icon, Skeleton } from '../kit/index.ts';
import { Toasts } from '../kit/toast.tsx';
import mark from '../styles/mark.svg';
import { NAVIGATION } from '../views.ts';
import { Banners } from './banners.tsx';
import { CommandPalette } from './command-palette.tsx';
import { IdentityMenu } from './identity-menu.tsx';
import { KeyHints, useKeys } from './keys.tsx';
import { RecoveryOnly } from './recovery-only.tsx';
import { SignInAgain } from './sign-in-again.tsx';
import { StopButton, StopsInForce } from './stops.tsx';
import { useWaiting } from './waiting.ts';

export function Shell(): ReactNode {
  const session = useSession();
  const hasEnded = useHasEnded();
  if (session.data === undefined) {
    if (session.isPending) return <Skeleton label="Opening Holdfast" />;
    if (session.error.status === 401) return <ToSignIn />;
    return (
      <main className="main">
        <ErrorPanel error={session.error} retry={() => void session.refetch()} />
      </main>
    );
  }
  if (session.data.method === 'recovery' && !hasEnded) return <RecoveryOnly />;
  return (
    <>
      <Frame />
      <ToConfirm />
      {hasEnded ? <SignInAgain operator={session.data.operator} /> : null}
    </>
  );
}

const ConfirmWithPasskey = lazy(async () => ({
  default: (await import('./confirm-dialog.tsx')).ConfirmWithPasskey,
}));

function ToConfirm(): ReactNode {
  if (useToConfirm() === undefined) return null;
  return (
    <Suspense fallback={null}>
      <ConfirmWithPasskey />
    </Suspense>
  );
}

/** Alone follows the address: the frame is not drawn again for every step of a slider. */
function ToSignIn(): ReactNode {
  const location = useLocation();
  // The frame stays until the page is loaded; sent on again from there it would go round and round.
  if (location.pathname === '/sign-in') return <Skeleton label="Opening Holdfast" />;
  return <Navigate to="/sign-in" search={{ next: location.href } as never} replace />;
}

function Frame(): ReactNode {
  const client = useQueryClient();
  const [overlay, setOverlay] = useState<'palette' | 'keys' | 'drawer'>();
  useEffect(() => followLive(client), [client]);
  useKeys(setOverlay);
  const close = (): void => setOverlay(undefined);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="shell-header">
        <Link to="/" className="brand" aria-label="Holdfast: overview">
          <img src={mark} alt="" />
          <span>Holdfast</span>
        </Link>
        <button type="button" className="shell-search" onClick={() => setOverlay('palette')}>
          <Icon name="search" />
          <span>Go to a view, target or change</span>
          <kbd aria-hidden="true">Ctrl K</kbd>
        </button>
        <div className="shell-space" />
        <ConnectionState />
        <StopButton />
        <IdentityMenu showKeys={() => setOverlay('keys')} />
      </header>
      <Navigation />
      <main id="main" className="main" tabIndex={-1}>
        <StopsInForce />
        <Banners />
        <Outlet />
      </main>
      <BottomBar openDrawer={() => setOverlay('drawer')} />
      <CommandPalette isOpen={overlay === 'palette'} onClose={close} />
      <KeyHints isOpen={overlay === 'keys'} onClose={close} />
      <ModalOverlay
        className="overlay drawer-overlay"
        isOpen={overlay === 'drawer'}
        onOpenChange={close}
        isDismissable
      >
        <Modal className="modal drawer">
          <AriaDialog className="dialog" aria-label="Navigation">
            <Navigation onGo={close} />
          </AriaDialog>
        </Modal>
      </ModalOverlay>
      <Toasts />
    </div>
  );
}

const SAYS = { connecting: 'Connecting', live: 'Live', lost: 'Not connected' } as const;

function ConnectionState(): ReactNode {
  const connection = useConnection();
  return (
    <div role="status" className={`connection connection-${connection}`}>
      <span>{SAYS[connection]}</span>
    </div>
  );
}

function Navigation({ onGo }: { readonly onGo?: () => void }): ReactNode {
  const waiting = useWaiting();
  return (
    <nav className="navigation" aria-label="Views">
      <ul>
        {NAVIGATION.map(({ to, name, icon, keys }) => (
          <li key={to}>
            <Link
              to={to}
              activeOptions={{ exact: to === '/', includeSearch: false }}
              aria-keyshortcuts={`g ${keys}`}
              onClick={onGo}
            >
              <Icon name={icon} />
              {name}
              {to === '/approvals' ? <Count waiting={waiting} /> : null}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Count({ waiting }: { readonly waiting: number }): ReactNode {
  if (waiting === 0) return null;
  return (
    <span className="count">
      {waiting}
      <span className="hidden-visually"> waiting</span>
    </span>
  );
}

function BottomBar({ openDrawer }: { readonly openDrawer: () => void }): ReactNode {
  const waiting = useWaiting();
  return (
    <nav className="bottom-bar" aria-label="Main views">
      {NAVIGATION.filter((each) => each.bar).map(({ to, name, icon }) => (
        <Link key={to} to={to} activeOptions={{ exact: to === '/', includeSearch: false }}>
          <Icon name={icon} />
          {name}
          {to === '/approvals' ? <Count waiting={waiting} /> : null}
        </Link>
      ))}
      <button type="button" onClick={openDrawer}>
        <Icon name="menu" />
        More
      </button>
    </nav>
  );
}
