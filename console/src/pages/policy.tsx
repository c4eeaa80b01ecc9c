/** The policies: read, edited, tried against the past, written, and signed. Nothing here is in force before a signature. */
import { Link } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import { ask, asProblem, type Problem, useAsk, useMay } from '../api/index.ts';
import { queryClient } from '../api/query-client.ts';
import {
  Badge,
  Button,
  Code,
  ConfirmDialog,
  Empty,
  ErrorPanel,
  Field,
  Page,
  Panel,
  Skeleton,
  Table,
  Tabs,
  toast,
} from '../kit/index.ts';
import { Editor } from '../policy/editor.tsx';
import { editedNames, nameProblem, type PolicyFile, problemsOf } from '../policy/table.ts';
import { FACTS, VerdictTable } from '../policy/verdict-table.tsx';
import { ConfigState } from '../signing/config-sign.tsx';
import { useView } from '../use-view.ts';
import '../link-button.css';
import '../policy/policy.css';

type Shown = {
  readonly own: boolean;
  readonly base: string;
  readonly files: readonly PolicyFile[];
  readonly problems: readonly string[];
  readonly rules: readonly {
    readonly id: string;
    readonly effect: string;
    readonly why: string;
    readonly code: string | null;
    readonly file: string;
    readonly line: number;
  }[];
};

type Checked = {
  readonly ok: boolean;
  readonly problems: readonly string[];
  readonly replay: {
    readonly replayed: number;
    readonly otherwise: readonly {
      readonly change: string;
      readonly before: { readonly verdict: string; readonly because: string };
      readonly after: { readonly verdict: string; readonly because: string; readonly says: string };
    }[];
  } | null;
  readonly explain?: readonly string[];
};

const DEFAULTS = { part: 'files', file: '', change: '', ...FACTS };

export function PolicyPage(): ReactNode {
  const [view, setView] = useView(DEFAULTS);
  const { data, error, isPending, refetch } = useAsk<Shown>('policy_show', {}, []);
  /** What was typed, and what it was typed upon. */
  const [draft, setDraft] = useState<{
    readonly base: string;
    readonly files: readonly PolicyFile[];
  }>();
  const files = useMemo(() => inOrder(texts(draft?.files ?? data?.files ?? [])), [draft, data]);
  const edited = useMemo(
    () => (data === undefined ? [] : editedNames(data.files, files)),
    [data, files],
  );
  const set = edited.length > 0 ? files : undefined;
  const change = (next: readonly PolicyFile[]): void =>
    setDraft({ base: draft?.base ?? data?.base ?? '', files: next });
  return (
    <Page
      title="Policy"
      lead="Who may do what, to how much, with whose yes. Edit it here, see what it would change, then sign it."
    >
      <ConfigState quietWhenSigned />
      {error === null ? null : <ErrorPanel error={error} retry={() => void refetch()} />}
      {isPending || data === undefined ? (
        <Panel>
          <Skeleton rows={12} />
        </Panel>
      ) : (
        <Tabs
          label="Parts of the policy"
          value={view.part}
          onChange={(part) => setView({ part }, { push: true })}
          tabs={[
            {
              id: 'files',
              name: edited.length === 0 ? 'Files' : `Files (${edited.length} edited)`,
              body: (
                <FilesPart
                  shown={data}
                  files={files}
                  edited={edited}
                  base={draft?.base ?? data.base}
                  file={view.file}
                  onFile={(file) => setView({ file })}
                  onChange={change}
                  onDone={() => {
                    setDraft(undefined);
                    void refetch();
                  }}
                />
              ),
            },
            {
              id: 'table',
              name: 'Verdicts',
              body: <VerdictTable facts={view} onFacts={setView} edited={set} />,
            },
            {
              id: 'past',
              name: 'Replay',
              body: (
                <PastPart
                  files={files}
                  isEdited={set !== undefined}
                  change={view.change}
                  onChange={(id) => setView({ change: id })}
                />
              ),
            },
            { id: 'rules', name: 'Rules', body: <RulesPart shown={data} /> },
          ]}
        />
      )}
    </Page>
  );
}

function FilesPart({
  shown,
  files,
  edited,
  base,
  file,
  onFile,
  onChange,
  onDone,
}: {
  readonly shown: Shown;
  readonly files: readonly PolicyFile[];
  readonly edited: readonly string[];
  readonly base: string;
  readonly file: string;
  readonly onFile: (name: string) => void;
  readonly onChange: (files: readonly PolicyFile[]) => void;
  readonly onDone: () => void;
}): ReactNode {
  const mayWrite = useMay('authority.write');
  const [checked, setChecked] = useState<Checked>();
  const [problem, setProblem] = useState<Problem>();
  const [isChecking, setChecking] = useState(false);
  const [asking, setAsking] = useState<'save' | 'discard' | 'new'>();
  const [name, setName] = useState('');
  const current = files.find((each) => each.name === file) ?? files[0];
  const problems = problemsOf(checked?.problems ?? (edited.length === 0 ? shown.problems : []));
  const wrong = new Set(
    problems.filter((each) => each.file === current?.name).map(({ line }) => line),
  );
  const check = async (): Promise<void> => {
    setChecking(true);
    setProblem(undefined);
    try {
      setChecked(await ask<Checked>('policy_check', { files }));
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setChecking(false);
    }
  };
  const edit = (next: readonly PolicyFile[]): void => {
    setChecked(undefined);
    onChange(next);
  };
  return (
    <div className="stack">
      {shown.own ? null : (
        <p className="quiet">
          These are the policies that come with the program. What you save becomes your own set, in
          the folder <code>policy/</code> of the data directory, and takes their place.
        </p>
      )}
      <div className="with-list">
        <nav className="policy-files" aria-label="Policy files">
          {files.map((each) => (
            <button
              key={each.name}
              type="button"
              className="policy-file"
              aria-current={each.name === current?.name || undefined}
              onClick={() => onFile(each.name)}
            >
              <span>{each.name}</span>
              {edited.includes(each.name) ? (
                <Badge tone="warn" mark={false}>
                  edited
                </Badge>
              ) : null}
            </button>
          ))}
          {mayWrite ? (
            <Button look="quiet" onPress={() => setAsking('new')}>
              New file…
            </Button>
          ) : null}
        </nav>
        <div className="stack">
          {current === undefined ? (
            <Empty title="There is no policy file" icon="policy">
              Without policies everything is denied.
            </Empty>
          ) : (
            <Editor
              name={current.name}
              text={current.text}
              wrong={wrong}
              readOnly={!mayWrite}
              onChange={(text) =>
                edit(files.map((each) => (each === current ? { ...each, text } : each)))
              }
            />
          )}
          {problem === undefined ? null : <ErrorPanel error={problem} />}
          <div aria-live="polite" className="stack">
            {problems.length === 0 ? null : (
              <Panel tone="bad" title="It cannot be used like this" aside={problems.length}>
                <ul className="problem-list">
                  {problems.map((each) => (
                    <li key={`${each.file} ${each.line} ${each.says}`}>
                      {each.file === '' ? null : (
                        <button
                          type="button"
                          className="link-button"
                          onClick={() => onFile(each.file)}
                        >
                          {each.file}:{each.line}
                        </button>
                      )}{' '}
                      <bdi>{each.says}</bdi>
                    </li>
                  ))}
                </ul>
              </Panel>
            )}
            {checked?.ok === true ? <Replayed checked={checked} /> : null}
          </div>
          <div className="row">
            <Button isPending={isChecking} onPress={() => void check()}>
              Check and replay
            </Button>
            {edited.length === 0 || !mayWrite ? null : (
              <>
                <Button look="primary" onPress={() => setAsking('save')}>
                  Save…
                </Button>
                <Button look="quiet" onPress={() => setAsking('discard')}>
                  Discard what I typed…
                </Button>
              </>
            )}
            {current === undefined || !mayWrite || current.name.endsWith('.cedarschema') ? null : (
              <Button look="quiet" onPress={() => edit(files.filter((each) => each !== current))}>
                Take {current.name} out
              </Button>
            )}
          </div>
        </div>
      </div>
      <ConfirmDialog
        title="Write these policies"
        isOpen={asking === 'save'}
        onClose={() => setAsking(undefined)}
        confirm="Write them"
        act={async () => {
          await ask('policy_save', { base, files });
          await queryClient.invalidateQueries({ queryKey: ['ask', 'config_status'] });
          toast('Written. Sign to put them in force');
          setChecked(undefined);
          onDone();
        }}
      >
        <p>
          {edited.join(', ')} {edited.length === 1 ? 'is' : 'are'} written to the data directory,
          unsigned. From then on looking goes on, and nothing of T1 or above runs until an operator
          signs, by design: nobody who only gets hold of a session changes what is allowed.
        </p>
        <p>They are checked first; where anything is wrong, nothing is written.</p>
      </ConfirmDialog>
      <ConfirmDialog
        title="Discard what you typed"
        isOpen={asking === 'discard'}
        onClose={() => setAsking(undefined)}
        confirm="Discard"
        look="danger"
        act={async () => {
          setChecked(undefined);
          onDone();
        }}
      >
        <p>{edited.join(', ')} will be as in the data directory again.</p>
      </ConfirmDialog>
      <ConfirmDialog
        title="A new file"
        isOpen={asking === 'new'}
        onClose={() => setAsking(undefined)}
        confirm="Add it"
        act={async () => {
          const wrongName = nameProblem(name, files);
          if (wrongName !== null) throw new Error(wrongName);
          edit([...files, { name, text: name.endsWith('.cedar') ? TEMPLATE : 'version: 1\n' }]);
          onFile(name);
          setName('');
        }}
      >
        <Field
          label="Name"
          value={name}
          onChange={setName}
          placeholder="own.cedar"
          help="A .cedar file with rules, or settings.yaml for modes, windows, budgets and four eyes."
          error={name === '' ? undefined : (nameProblem(name, files) ?? undefined)}
        />
      </ConfirmDialog>
    </div>
  );
}

const TEMPLATE = `@id("own-quiet-lab")
@why("why it is so, in one sentence for people")
forbid (principal, action == Action::"propose", resource)
when { resource.environment == "lab" && context.action.tier >= 1 };
`;

/** Rules first, then settings, and last the schema, which nobody edits. */
function inOrder(files: readonly PolicyFile[]): readonly PolicyFile[] {
  const rank = ({ name }: PolicyFile): number =>
    name.endsWith('.cedarschema') ? 2 : name.endsWith('.cedar') ? 0 : 1;
  return files.toSorted((a, b) => rank(a) - rank(b));
}

/** Without what the service told beside them. */
const texts = (files: readonly PolicyFile[]): readonly PolicyFile[] =>
  files.map(({ name, text }) => ({ name, text }));

function Replayed({ checked: { replay } }: { readonly checked: Checked }): ReactNode {
  if (replay === null) return null;
  const { otherwise, replayed } = replay;
  return (
    <Panel
      tone={otherwise.length === 0 ? 'good' : 'warn'}
      title={
        otherwise.length === 0
          ? 'It holds, and decides the past as it was decided'
          : `It holds, and would decide ${otherwise.length} of ${replayed} past changes otherwise`
      }
      flush={otherwise.length > 0}
    >
      {otherwise.length === 0 ? (
        <p className="quiet">
          {replayed === 0
            ? 'There is no past change yet.'
            : `${replayed === 1 ? 'One past change was' : `${replayed} past changes were`} asked again.`}
        </p>
      ) : (
        <Table
          label="Changes decided otherwise"
          rows={otherwise}
          rowKey={({ change }) => change}
          columns={[
            {
              id: 'change',
              header: 'Change',
              cell: ({ change }) => (
                <Link to="/changes/$id" params={{ id: change } as never}>
                  {change}
                </Link>
              ),
            },
            {
              id: 'before',
              header: 'Was',
              cell: ({ before }) => `${before.verdict} (${before.because})`,
            },
            {
              id: 'after',
              header: 'Would be',
              cell: ({ after }) => `${after.verdict} (${after.because})`,
            },
            {
              id: 'says',
              header: 'Because',
              wide: true,
              cell: ({ after }) => <bdi>{after.says}</bdi>,
            },
          ]}
        />
      )}
    </Panel>
  );
}

function PastPart({
  files,
  isEdited,
  change,
  onChange,
}: {
  readonly files: readonly PolicyFile[];
  readonly isEdited: boolean;
  readonly change: string;
  readonly onChange: (id: string) => void;
}): ReactNode {
  const [checked, setChecked] = useState<Checked>();
  const [problem, setProblem] = useState<Problem>();
  const [isActing, setActing] = useState(false);
  const recent = useAsk<{
    readonly changes: readonly {
      readonly changeId: string;
      readonly action: string;
      readonly state: string;
    }[];
  }>('changes_list', { limit: 50 }, ['changes']);
  const run = async (): Promise<void> => {
    setActing(true);
    setProblem(undefined);
    try {
      const more = change === '' ? {} : { changeId: change };
      setChecked(await ask<Checked>('policy_check', { files, ...more }));
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setActing(false);
    }
  };
  return (
    <div className="stack">
      <p>
        {isEdited
          ? 'The policies as you edited them, held against what was decided before.'
          : 'The policies as they lie there, held against what was decided before.'}{' '}
        Nothing is decided anew by this.
      </p>
      <div className="filters">
        <Field
          label="Explain one change"
          value={change}
          onChange={onChange}
          placeholder="its id"
          mono
          help="Which rules spoke, where they are written, and what would change the answer."
        />
        <Button look="primary" isPending={isActing} onPress={() => void run()}>
          Replay{change === '' ? '' : ' and explain'}
        </Button>
      </div>
      {(recent.data?.changes.length ?? 0) === 0 ? null : (
        <details>
          <summary>Recent changes</summary>
          <ul className="stack small">
            {recent.data?.changes.map(({ changeId, action, state }) => (
              <li key={changeId}>
                <button type="button" className="link-button" onClick={() => onChange(changeId)}>
                  {changeId}
                </button>{' '}
                <bdi>{action}</bdi> <span className="quiet">{state}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      {problem === undefined ? null : <ErrorPanel error={problem} />}
      <div aria-live="polite" className="stack">
        {checked === undefined ? null : checked.ok ? (
          <Replayed checked={checked} />
        ) : (
          <p>The policies cannot be used: the files say where.</p>
        )}
        {checked?.explain === undefined ? null : checked.explain.length === 0 ? (
          <p>Policies were not asked about that change: it was refused before, or is not known.</p>
        ) : (
          <Panel title="Why it is decided so">
            <Code text={checked.explain.join('\n')} label="Explanation" wrap />
          </Panel>
        )}
      </div>
    </div>
  );
}

function RulesPart({ shown: { rules } }: { readonly shown: Shown }): ReactNode {
  return (
    <Panel flush>
      <Table
        label="Rules"
        rows={rules}
        rowKey={({ id }) => id}
        empty={
          <Empty title="No rule can be read" icon="policy">
            The files say where they are wrong.
          </Empty>
        }
        columns={[
          { id: 'id', header: 'Rule', width: '220px', cell: ({ id }) => <code>{id}</code> },
          {
            id: 'effect',
            header: 'Effect',
            width: '110px',
            cell: ({ effect }) => (
              <Badge tone={effect === 'permit' ? 'good' : 'bad'}>{effect}</Badge>
            ),
          },
          { id: 'why', header: 'Why', cell: ({ why }) => <bdi>{why}</bdi> },
          {
            id: 'code',
            header: 'Code',
            width: '150px',
            wide: true,
            cell: ({ code }) => <code>{code ?? ''}</code>,
          },
          {
            id: 'place',
            header: 'Where',
            width: '190px',
            wide: true,
            cell: ({ file, line }) => (
              <code>
                {file}:{line}
              </code>
            ),
          },
        ]}
      />
    </Panel>
  );
}
