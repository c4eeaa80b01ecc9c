/** Keys that a person has from people, and not from this service: given to this browser, shown, and taken away again. */
import { type ReactNode, useEffect, useState } from 'react';
import { Badge, Button, ConfirmDialog, Empty, Field, Panel, Table } from '../kit/index.ts';
import {
  certificateFingerprint,
  fingerprintOf,
  type Given,
  given,
  keepGiven,
  NOTHING_GIVEN,
  readGiven,
  recall,
  type Trust,
  vkeyFingerprint,
} from '../verify/index.ts';

type Row = {
  readonly id: string;
  readonly what: string;
  readonly whose: string;
  readonly fingerprint: string;
  readonly without: (from: Given) => Given;
};

export function OwnKeys(): ReactNode {
  const [held, setHeld] = useState(() => given(localStorage));
  const [rows, setRows] = useState<readonly Row[]>([]);
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState<string>();
  const [isActing, setActing] = useState(false);
  const [seen] = useState(() => recall(localStorage));
  useEffect(() => {
    let isLeft = false;
    void rowsOf(held).then((made) => (isLeft ? undefined : setRows(made)));
    return () => {
      isLeft = true;
    };
  }, [held]);
  const take = async (make: () => Promise<Given | { readonly wrong: string }>): Promise<void> => {
    setActing(true);
    setWrong(undefined);
    try {
      const made = await make();
      if ('wrong' in made) return setWrong(made.wrong);
      keepGiven(localStorage, made);
      setHeld(made);
      setText('');
    } catch {
      setWrong('this browser keeps nothing here: a private window, or its storage is full');
    } finally {
      setActing(false);
    }
  };
  return (
    <div className="stack">
      <Panel title="Keys that you give to this browser">
        <div className="stack">
          <p>
            By itself this browser believes the keys that it saw first, and tells when they become
            others. Whoever was between you and the service at that first moment could have shown
            their own. Keys that you have from people (read aloud, on paper, from an auditor) do not
            have that weakness: as soon as one stands here, it counts in place of what was seen
            first, and what another key signed does not hold.
          </p>
          <Field
            label="Allowed signers, verifier keys of the log or of witnesses, certificates of timestamp authorities"
            value={text}
            onChange={(typed) => {
              setText(typed);
              setWrong(undefined);
            }}
            lines={5}
            mono
            maxLength={200_000}
            placeholder={
              'ada namespaces="holdfast-change@1,…" ssh-ed25519 AAAA…\nholdfast/… +1a2b3c4d+A…'
            }
            help="One on each line; certificates as PEM. They stay in this browser, for every page of this console, and are never sent."
            error={wrong}
          />
          <div className="row">
            <Button
              look="primary"
              isDisabled={text.trim() === ''}
              isPending={isActing}
              onPress={() => void take(() => pasted(text, held))}
            >
              Believe these
            </Button>
            <label className="button file-button">
              A list of revoked keys (KRL)…
              <input
                type="file"
                className="hidden-visually"
                onChange={({ target }) => {
                  const [file] = target.files ?? [];
                  if (file !== undefined) void take(() => revoked(file, held));
                  target.value = '';
                }}
              />
            </label>
          </div>
        </div>
      </Panel>
      <Panel title="Given here" aside={String(rows.length)} flush>
        <Table
          label="Keys that were given to this browser"
          rows={rows}
          rowKey={({ id }) => id}
          columns={[
            { id: 'whose', header: 'Whose', cell: ({ whose }) => <bdi>{whose}</bdi> },
            {
              id: 'what',
              header: 'What',
              width: '150px',
              cell: ({ what }) => <Badge tone="good">{what}</Badge>,
            },
            {
              id: 'fingerprint',
              header: 'Fingerprint',
              cell: ({ fingerprint }) => <span className="hash">{fingerprint}</span>,
            },
            {
              id: 'remove',
              header: 'Remove',
              width: '110px',
              act: true,
              cell: ({ whose, without }) => (
                <Remove whose={whose} act={() => take(async () => without(held))} />
              ),
            },
          ]}
          empty={
            <Empty title="None: what was seen first counts" icon="key">
              <p>
                Ask each operator for <code>ssh-keygen -lf</code> of their key, and whoever set the
                service up for <code>keys/log.vkey</code>.
              </p>
            </Empty>
          }
        />
      </Panel>
      <FirstSeen trust={seen} isBeaten={held.signers.length > 0} />
    </div>
  );
}

function Remove({
  whose,
  act,
}: {
  readonly whose: string;
  readonly act: () => Promise<unknown>;
}): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button look="quiet" onPress={() => setOpen(true)}>
        Remove<span className="hidden-visually"> the key of {whose}</span>
      </Button>
      <ConfirmDialog
        title="Remove a key that was given"
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        confirm="Remove it"
        look="danger"
        act={act}
      >
        <p>
          The key of <bdi>{whose}</bdi> is forgotten in this browser. Without any key of its kind
          what is seen first counts again.
        </p>
      </ConfirmDialog>
    </>
  );
}

function FirstSeen({
  trust,
  isBeaten,
}: {
  readonly trust: Trust;
  readonly isBeaten: boolean;
}): ReactNode {
  const [rows, setRows] = useState<readonly { readonly who: string; readonly print: string }[]>();
  useEffect(() => {
    let isLeft = false;
    const made = Promise.all(
      trust.signers.map(async ({ who, key }) => ({ who, print: await fingerprintOf(key) })),
    );
    void made.then((all) => (isLeft ? undefined : setRows(all)));
    return () => {
      isLeft = true;
    };
  }, [trust]);
  if (rows === undefined || rows.length === 0) return null;
  return (
    <Panel
      title="Signers that this browser saw first"
      aside={isBeaten ? 'not counted now' : undefined}
    >
      <ul className="proof-keys">
        {rows.map(({ who, print }) => (
          <li key={`${who} ${print}`}>
            <strong>
              <bdi>{who}</bdi>
            </strong>{' '}
            <span className="hash">{print}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

async function pasted(text: string, before: Given): Promise<Given | { readonly wrong: string }> {
  const read = await readGiven(text, before);
  if ('wrong' in read) return read;
  const { readAuthority, readSigners } = await import('../verify/bundle.ts');
  const wrong = await readSigners(read.given.signers.join('\n'));
  if (wrong !== undefined) return { wrong };
  for (const der of read.given.tsa) {
    const found = await readAuthority(der);
    if ('wrong' in found) return found;
  }
  return read.given;
}

const MOST_BYTES = 1_000_000;

async function revoked(file: File, before: Given): Promise<Given | { readonly wrong: string }> {
  if (file.size > MOST_BYTES) return { wrong: 'that is larger than a list of revoked keys' };
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  const revocations = btoa(text);
  const { readRevocations } = await import('../verify/bundle.ts');
  const wrong = await readRevocations(revocations);
  return wrong === undefined ? { ...before, revocations } : { wrong };
}

async function rowsOf(held: Given): Promise<readonly Row[]> {
  const without =
    (name: 'signers' | 'logKeys' | 'witnesses' | 'tsa', line: string) => (from: Given) => ({
      ...from,
      [name]: from[name].filter((each) => each !== line),
    });
  const vkeys = (name: 'logKeys' | 'witnesses', what: string): readonly Promise<Row>[] =>
    held[name].map(async (vkey) => ({
      id: vkey,
      what,
      whose: vkey.split('+', 2).join('+'),
      fingerprint: await vkeyFingerprint(vkey),
      without: without(name, vkey),
    }));
  return Promise.all([
    ...held.signers.map(async (line) => ({
      id: line,
      what: 'signer',
      whose: line.split(/\s/, 1)[0] ?? '',
      fingerprint: await fingerprintOf(line),
      without: without('signers', line),
    })),
    ...vkeys('logKeys', 'the log'),
    ...vkeys('witnesses', 'witness'),
    ...held.tsa.map(async (der) => {
      const { readAuthority } = await import('../verify/bundle.ts');
      const found = await readAuthority(der);
      return {
        id: der,
        what: 'timestamps',
        whose: 'name' in found ? found.name : 'an authority',
        fingerprint: await certificateFingerprint(der),
        without: without('tsa', der),
      };
    }),
    ...(held.revocations === ''
      ? []
      : [
          Promise.resolve({
            id: 'krl',
            what: 'revoked keys',
            whose: 'your list',
            fingerprint: `${Math.ceil((held.revocations.length * 3) / 4).toLocaleString('en')} bytes`,
            without: (from: Given) => ({ ...from, revocations: NOTHING_GIVEN.revocations }),
          }),
        ]),
  ]);
}
