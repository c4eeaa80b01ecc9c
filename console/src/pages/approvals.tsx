/** The inbox: what waits for a person, equal requests together, oldest first. */
import type { ReactNode } from 'react';
import { useAsk } from '../api/index.ts';
import { GroupPanel } from '../approvals/group-panel.tsx';
import type { Inbox } from '../approvals/shapes.ts';
import { Code, Empty, ErrorPanel, LinkButton, Page, Panel, Skeleton } from '../kit/index.ts';
import './approvals.css';
import './change.css';

export function ApprovalsPage(): ReactNode {
  const { data, error, isPending, refetch } = useAsk<Inbox>('approvals_inbox', {}, ['changes']);
  const waiting = (data?.groups ?? []).reduce((sum, { changes }) => sum + changes.length, 0);
  return (
    <Page
      title="Approvals"
      documentTitle={waiting === 0 ? 'Approvals' : `Approvals (${waiting})`}
      lead="What waits for your signature. Nothing of it runs before, and nothing you open here changes anything."
    >
      {error === null ? null : <ErrorPanel error={error} retry={() => void refetch()} />}
      {isPending ? <Skeleton rows={6} label="Loading what waits" /> : null}
      {data?.groups.map((group) => (
        <GroupPanel key={group.key} group={group} />
      ))}
      {data?.groups.length === 0 ? (
        <Panel>
          <Empty
            title="Nothing waits for you"
            icon="approvals"
            action={<LinkButton to="/changes">See what was decided</LinkButton>}
          >
            <p>
              When an assistant proposes something that changes a machine, it stands here with
              exactly what would run, and you sign it or reject it. You can also propose something
              yourself, at a terminal:
            </p>
            <Code
              label="Propose a change"
              wrap
              text={'holdfast run host:web-1 --reason "it is down" systemctl restart nginx'}
            />
          </Empty>
        </Panel>
      ) : null}
    </Page>
  );
}
