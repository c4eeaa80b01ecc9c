/** A file that decides and was edited since it was signed: what differs, what is in force of it, and what signs it. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Panel } from '../kit/index.ts';

export type UnsignedEdit = {
  readonly code: string;
  readonly file: string;
  readonly state: 'edited' | 'unknown' | 'never';
  readonly says: string;
  readonly differs: readonly {
    readonly at: string;
    readonly what: string;
    readonly written: string;
    readonly signed: string;
    readonly inForce: string;
  }[];
  readonly next: string;
};

export function Unsigned({ edit }: { readonly edit: UnsignedEdit | null | undefined }): ReactNode {
  if (edit == null) return null;
  return (
    <Panel tone="warn" title={`${edit.file} is not what was signed`}>
      <p>
        <code>{edit.code}</code>: <bdi>{edit.says}</bdi>.
      </p>
      {edit.differs.length === 0 ? (
        <p className="quiet">It says the same in other words.</p>
      ) : (
        <ul className="checks">
          {edit.differs.map(({ at, what, written, signed, inForce }) => (
            <li key={`${at} ${what}`}>
              <div>
                <strong>
                  <bdi>{what}</bdi>
                </strong>{' '}
                <code className="quiet">{at}</code>
                <div>
                  The file says <bdi>{written}</bdi>
                </div>
                <div>
                  Signed: <bdi>{signed}</bdi>
                </div>
                <div>
                  In force:{' '}
                  <strong>
                    <bdi>{inForce}</bdi>
                  </strong>
                </div>
              </div>
            </li>
          ))}
        </ul>
      )}
      <p>
        Next: <bdi>{edit.next}</bdi>.{' '}
        {edit.state === 'never' ? null : (
          <Link to="/settings" search={{ part: 'service' } as never}>
            Sign it here with a passkey
          </Link>
        )}
      </p>
    </Panel>
  );
}
