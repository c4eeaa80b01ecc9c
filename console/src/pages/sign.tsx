/**
 * Documents besides changes that wait for a signature: what somebody at a terminal prepared, files that were edited, hosts
 * that were enrolled. Each is read here and signed with a passkey; nothing is in force before.
 */
import { useParams } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { ask, asProblem, type Problem, useAsk } from '../api/index.ts';
import {
  Button,
  Empty,
  ErrorPanel,
  Facts,
  Foreign,
  Page,
  Panel,
  Skeleton,
  toast,
} from '../kit/index.ts';
import { type Document, SignDialog } from '../signing/sign-dialog.tsx';

type Waiting = Required<
  Pick<Document, 'order' | 'namespace' | 'says' | 'digest' | 'digestWords'>
> & {
  readonly by: string;
  readonly hasRecoverySignature: boolean;
};
type Pins = {
  readonly target: string;
  readonly hostId: string;
  readonly receiptKey: string;
  readonly hostKeys: readonly string[];
  readonly capability: string;
};
type EnrolmentPage = Document & {
  readonly hosts: readonly Pins[];
  readonly left: number;
  readonly signedBy: readonly string[];
};
type Status = { readonly status: string; readonly changed: readonly string[] };

export function SignPage(): ReactNode {
  const { digest } = useParams({ strict: false }) as { readonly digest?: string };
  const [chosen, setChosen] = useState<Open>();
  const waiting = useAsk<{ readonly waiting: readonly Waiting[] }>('config_waiting', {}, ['log']);
  const status = useAsk<Status>('config_status', {}, ['log']);
  const hosts = useAsk<{ readonly hosts: readonly { readonly state: string }[] }>(
    'enrolment_list',
    {},
    ['targets', 'log'],
  );
  const pending = hosts.data?.hosts.filter(({ state }) => state === 'pending').length ?? 0;
  const changed = status.data?.status === 'changed' || status.data?.status === 'restored';
  const documents = waiting.data?.waiting ?? [];
  // An address with a digest is a link to that one document.
  const linked = documents.find((each) => each.digest === digest);
  useEffect(() => {
    if (linked !== undefined) setChosen(configOf(linked));
  }, [linked]);
  const isEmpty = documents.length === 0 && pending === 0 && !changed;
  const again = (): void => {
    for (const each of [waiting, status, hosts]) void each.refetch();
  };
  return (
    <Page
      title="To sign"
      lead="What waits for your signature besides changes: edited configuration, new hosts, documents from a terminal."
    >
      {[waiting.error, status.error, hosts.error].map((error) =>
        error === null ? null : <ErrorPanel key={error.message} error={error} retry={again} />,
      )}
      {waiting.isPending || status.isPending || hosts.isPending ? <Skeleton rows={4} /> : null}
      {digest !== undefined && waiting.data !== undefined && linked === undefined ? (
        <Panel title="This document does not wait any more">
          <p>It was signed, or its day is over. Prepare it again where it was prepared.</p>
        </Panel>
      ) : null}
      {documents.map((each) => (
        <Panel
          key={each.digest}
          title="Prepared at a terminal"
          aside={each.hasRecoverySignature ? 'the recovery key has signed it already' : each.by}
        >
          <Says lines={each.says} />
          <div>
            <Button look="primary" onPress={() => setChosen(configOf(each))}>
              Read and sign
            </Button>
          </div>
        </Panel>
      ))}
      {changed ? (
        <Panel title="Files that decide were edited">
          <Says lines={status.data?.changed ?? []} />
          <Prepare
            label="Read and sign what is on disk"
            prepare={() => ask<Document>('config_page', { request: { kind: 'sign' } })}
            open={(page) => setChosen({ ...configOf(page), title: 'Put in force what is on disk' })}
          />
        </Panel>
      ) : null}
      {pending === 0 ? null : (
        <Panel title={pending === 1 ? 'A host was enrolled' : `${pending} hosts were enrolled`}>
          <p>What they said of themselves is used for nothing until somebody has signed for it.</p>
          <Prepare
            label="Read and sign"
            prepare={() => ask<EnrolmentPage>('enrolment_page', {})}
            open={(page) => setChosen(enrolmentOf(page))}
          />
        </Panel>
      )}
      {isEmpty && waiting.data !== undefined && status.data !== undefined ? (
        <Empty title="Nothing waits" icon="key">
          Here appear edited files that decide, hosts to be enrolled, and what was left for a
          passkey with <code>--key console</code>. Changes wait under Approvals.
        </Empty>
      ) : null}
      <SignDialog
        title={chosen?.title ?? ''}
        document={chosen?.document}
        isOpen={chosen !== undefined}
        onClose={() => {
          setChosen(undefined);
          again();
        }}
        apply={async (signature) => chosen?.apply(signature)}
        done={chosen?.done ?? ''}
      >
        {chosen?.hosts?.map((pins) => (
          <HostPins key={pins.target} pins={pins} />
        ))}
      </SignDialog>
    </Page>
  );
}

type Open = {
  readonly title: string;
  readonly document: Document;
  readonly done: string;
  readonly hosts?: readonly Pins[];
  readonly apply: (signature: string) => Promise<unknown>;
};

function configOf(document: Document): Open {
  return {
    title: 'Put it in force',
    document,
    done: 'Signed: see under Settings what is in force',
    apply: (signature) =>
      ask('config_apply', { order: document.order, signatures: [signature] }).then((answer) => {
        for (const line of (answer as { readonly says?: readonly string[] }).says ?? [])
          toast(line);
      }),
  };
}

function enrolmentOf(page: EnrolmentPage): Open {
  const { order, namespace, digest, digestWords, needs } = page;
  return {
    title: page.hosts.length === 1 ? 'Enrol a host' : `Enrol ${page.hosts.length} hosts`,
    document: {
      order,
      namespace,
      ...(digest === undefined ? {} : { digest }),
      ...(digestWords === undefined ? {} : { digestWords }),
      ...(needs === undefined ? {} : { needs }),
      says: [
        'From now on these hosts take orders that you sign, and their receipts are believed.',
        ...(page.left > 0 ? [`${page.left} more wait for the next document.`] : []),
        ...page.signedBy.map((each) => `${each} has signed it.`),
      ],
    },
    hosts: page.hosts,
    done: 'Signed',
    apply: (signature) => ask('enrolment_apply', { order, signatures: [signature] }),
  };
}

/** What a host said of itself: to be held against the host, by eye. */
function HostPins({ pins }: { readonly pins: Pins }): ReactNode {
  return (
    <Panel title={pins.target} aside={pins.capability}>
      <Facts
        facts={[
          ['Id', <code key="id">{pins.hostId}</code>],
          [
            'Host keys',
            <ul key="keys">
              {pins.hostKeys.map((key) => (
                <li key={key} className="mono small">
                  <Foreign text={key} from={pins.target} />
                </li>
              ))}
            </ul>,
          ],
          [
            'Receipt key',
            <span key="receipts" className="mono small">
              <Foreign text={pins.receiptKey} from={pins.target} />
            </span>,
          ],
        ]}
      />
    </Panel>
  );
}

function Says({ lines }: { readonly lines: readonly string[] }): ReactNode {
  return (
    <ul className="says">
      {lines.map((line) => (
        <li key={line}>
          <bdi>{line}</bdi>
        </li>
      ))}
    </ul>
  );
}

function Prepare<Prepared>({
  label,
  prepare,
  open,
}: {
  readonly label: string;
  readonly prepare: () => Promise<Prepared>;
  readonly open: (prepared: Prepared) => void;
}): ReactNode {
  const [problem, setProblem] = useState<Problem>();
  const [isActing, setActing] = useState(false);
  const act = async (): Promise<void> => {
    setProblem(undefined);
    setActing(true);
    try {
      open(await prepare());
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setActing(false);
    }
  };
  return (
    <div className="stack">
      {problem === undefined ? null : <ErrorPanel error={problem} />}
      <div>
        <Button look="primary" isPending={isActing} onPress={() => void act()}>
          {label}
        </Button>
      </div>
    </div>
  );
}
