/** What holds for all of this session and everybody should have in sight: what it cannot do, and what it can do for once. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useNotices, useSignedIn } from '../api/index.ts';
import { Visible } from '../kit/foreign.tsx';
import { Icon, Time } from '../kit/index.ts';

export function Banners(): ReactNode {
  const { limit, breakGlass, keys } = useSignedIn();
  const notices = useNotices();
  return (
    <>
      {limit === null ? null : (
        <p className="banner" role="status">
          <Icon name="info" />
          <span>
            <Visible text={limit} />. <Link to="/settings">Register a passkey</Link>
          </span>
        </p>
      )}
      {limit === null && keys.length === 0 ? (
        <p className="banner" role="status">
          <Icon name="info" />
          <span>
            None of your passkeys is in force here, so you can look and not sign.{' '}
            <Link to="/settings">See your keys</Link>
          </span>
        </p>
      ) : null}
      {breakGlass === null ? null : (
        <p className="banner banner-bad" role="status">
          <Icon name="warning" />
          <span>
            <strong>The glass is broken:</strong> you hold every right until{' '}
            <Time at={breakGlass.expiresAt} />, and everybody was told why:{' '}
            <bdi>{breakGlass.reason}</bdi>. <Link to="/settings">End it</Link>
          </span>
        </p>
      )}
      {notices.map((notice) => (
        <p key={notice} className="banner" role="status">
          <Icon name="warning" />
          <span>
            <Visible text={notice} />
          </span>
        </p>
      ))}
    </>
  );
}
