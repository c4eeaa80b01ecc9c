/** Stops in force, and lifting one: a signature of its own. */
import { type ReactNode, useState } from 'react';
import { ask, asProblem, markTopics, Problem, useAsk, useMay } from '../api/index.ts';
import { queryClient } from '../api/query-client.ts';
import { Button, Empty, ErrorPanel, Foreign, Panel, Skeleton, Table, Time } from '../kit/index.ts';
import { NAMESPACES } from '../sign/index.ts';
import { type Document, SignDialog } from '../signing/sign-dialog.tsx';
import { liftsExactly } from './lift.ts';

type Stop = {
  readonly id: string;
  readonly subject: { readonly kind: string; readonly name?: string };
  readonly by: string;
  readonly reason: string;
  readonly at: string;
};

export function StopsPart(): ReactNode {
  const { data, error, isPending } = useAsk<{
    readonly stops: readonly Stop[];
    readonly unreadable: string | null;
  }>('stops_list', {}, ['stops']);
  const mayLift = useMay('changes.decide');
  const [lifting, setLifting] = useState<{ readonly stop: Stop; readonly document: Document }>();
  const [problem, setProblem] = useState<Problem>();
  const prepare = async (stop: Stop): Promise<void> => {
    setProblem(undefined);
    try {
      const { order, namespace } = await ask<{
        readonly order: string;
        readonly namespace: string;
      }>('stop_lift_page', { stopId: stop.id });
      if (namespace !== NAMESPACES.lift || !liftsExactly(order, stop.id))
        throw new Problem(
          'broken',
          'other-document',
          'what was handed over does not lift this stop, and nothing else: it is not signed',
        );
      const says = [`lifts the stop of ${subjectText(stop)}, which ${stop.by} set: ${stop.reason}`];
      setLifting({ stop, document: { order, namespace, says } });
    } catch (thrown) {
      setProblem(asProblem(thrown));
    }
  };
  return (
    <Panel title="Stops in force" aside={data?.stops.length} flush={(data?.stops.length ?? 0) > 0}>
      {error === null ? null : <ErrorPanel error={error} />}
      {problem === undefined ? null : <ErrorPanel error={problem} />}
      {data?.unreadable == null ? null : (
        <p role="alert">
          What is stopped cannot be read, so nothing runs: <bdi>{data.unreadable}</bdi>
        </p>
      )}
      {isPending ? (
        <Skeleton rows={2} />
      ) : (
        <Table
          label="Stops in force"
          rows={data?.stops ?? []}
          rowKey={({ id }) => id}
          empty={
            <Empty title="Nothing is stopped" icon="stop">
              Whoever is signed in, and any assistant, may stop; only a person’s signature lifts.
              The button is at the top of every page.
            </Empty>
          }
          columns={[
            {
              id: 'what',
              header: 'Stopped',
              cell: (stop) => (
                <strong>
                  <bdi>{subjectText(stop)}</bdi>
                </strong>
              ),
            },
            {
              id: 'why',
              header: 'Why',
              cell: ({ reason, by }) => <Foreign text={reason} from={by} />,
            },
            {
              id: 'by',
              header: 'By',
              width: '180px',
              wide: true,
              cell: ({ by }) => <bdi>{by}</bdi>,
            },
            {
              id: 'at',
              header: 'Since',
              width: '120px',
              cell: ({ at }) => <Time at={at} form="relative" />,
            },
            {
              id: 'lift',
              header: 'Lift',
              act: true,
              width: '110px',
              cell: (stop) =>
                mayLift ? (
                  <Button
                    aria-label={`Lift the stop of ${subjectText(stop)}`}
                    onPress={() => void prepare(stop)}
                  >
                    Lift…
                  </Button>
                ) : null,
            },
          ]}
        />
      )}
      <SignDialog
        title="Lift this stop"
        document={lifting?.document}
        isOpen={lifting !== undefined}
        onClose={() => setLifting(undefined)}
        done="Lifted: work goes on"
        apply={async (signature) => {
          if (lifting === undefined) return;
          const { stop, document } = lifting;
          await ask('stop_lift', { stopId: stop.id, order: document.order, signature });
          await markTopics(queryClient, ['stops', 'changes']);
        }}
      />
    </Panel>
  );
}

function subjectText({ subject: { kind, name } }: Stop): string {
  if (kind === 'fleet') return 'everything';
  return name === undefined ? kind : `${kind} ${name}`;
}
