/** What comes of each tier for each kind of caller, profile and environment: in force, and by what is edited. */
import { type ReactNode, useMemo } from 'react';
import { useAsk } from '../api/index.ts';
import {
  Badge,
  Check,
  Empty,
  ErrorPanel,
  Panel,
  Select,
  Skeleton,
  type Tone,
} from '../kit/index.ts';
import { changedCells, type Folded, folded, type PolicyFile, type Row, TIERS } from './table.ts';

type Told = {
  readonly problems: readonly string[];
  readonly mode: string | null;
  readonly rows: readonly Row[];
};

export type Facts = {
  readonly kind: string;
  readonly mode: string;
  readonly standing: string;
  readonly tainted: string;
  readonly inWindow: string;
  readonly frozen: string;
};

export const FACTS: Facts = {
  kind: 'assistant',
  mode: '',
  standing: 'none',
  tainted: '',
  inWindow: '',
  frozen: '',
};

export function VerdictTable({
  facts,
  onFacts,
  edited,
  question = {},
}: {
  readonly facts: Facts;
  readonly onFacts: (change: Partial<Facts>) => void;
  /** The whole edited set; `undefined`: nothing is edited. */
  readonly edited: readonly PolicyFile[] | undefined;
  /** For one caller: what to ask beside the facts. */
  readonly question?: {
    readonly profiles?: readonly string[];
    readonly capabilities?: readonly string[];
    readonly ceiling?: string;
  };
}): ReactNode {
  const input = {
    ...question,
    ...(facts.kind === 'all' ? {} : { kinds: [facts.kind] }),
    ...(facts.mode === '' ? {} : { mode: facts.mode }),
    standing: facts.standing,
    tainted: facts.tainted === 'yes',
    inWindow: facts.inWindow === 'yes',
    frozen: facts.frozen === 'yes',
  };
  const inForce = useAsk<Told>('policy_matrix', input, [], { keep: true });
  const tried = useAsk<Told>('policy_matrix', { ...input, files: edited ?? [] }, [], {
    enabled: edited !== undefined,
    keep: true,
  });
  const rows = useMemo(
    () => folded(inForce.data?.rows ?? [], edited === undefined ? undefined : tried.data?.rows),
    [inForce.data, tried.data, edited],
  );
  const changed = changedCells(rows);
  const flag = (name: 'tainted' | 'inWindow' | 'frozen', says: string): ReactNode => (
    <Check checked={facts[name] === 'yes'} onChange={(on) => onFacts({ [name]: on ? 'yes' : '' })}>
      {says}
    </Check>
  );
  return (
    <div className="stack">
      <div className="filters">
        <Select
          label="Who asks"
          value={facts.kind}
          onChange={(kind) => onFacts({ kind })}
          options={[
            ['assistant', 'Assistants'],
            ['operator', 'Operators'],
            ['service', 'The service'],
            ['all', 'Everyone'],
          ]}
        />
        <Select
          label="Mode"
          value={facts.mode}
          onChange={(mode) => onFacts({ mode })}
          options={[
            ['', `As in settings${inForce.data?.mode == null ? '' : ` (${inForce.data.mode})`}`],
            ['readonly', 'readonly'],
            ['guarded', 'guarded'],
            ['open', 'open'],
          ]}
        />
        <Select
          label="Standing approval"
          value={facts.standing}
          onChange={(standing) => onFacts({ standing })}
          options={[
            ['none', 'None'],
            ['standing', 'One covers it'],
            ['even-tainted', 'One covers it, even tainted'],
          ]}
        />
        {flag('tainted', 'Words of a target were read')}
        {flag('inWindow', 'A window is open')}
        {flag('frozen', 'A freeze holds')}
      </div>
      {inForce.error === null ? null : <ErrorPanel error={inForce.error} />}
      {edited === undefined ? null : tried.error === null ? (
        <p aria-live="polite">
          {tried.data === undefined
            ? 'Asking the edited policies…'
            : tried.data.problems.length > 0
              ? 'The edited policies cannot be used: shown is what is in force.'
              : changed === 0
                ? 'What you edited changes nothing in this table.'
                : `What you edited changes ${changed === 1 ? 'one verdict' : `${changed} verdicts`} here; what it was is struck out.`}
        </p>
      ) : (
        <ErrorPanel error={tried.error} />
      )}
      <Panel flush>
        {inForce.isPending ? (
          <Skeleton rows={10} />
        ) : rows.length === 0 ? (
          <Empty title="There is no policy in force" icon="policy">
            What lies in the folder cannot be read, so everything is denied. The editor says where
            it is wrong.
          </Empty>
        ) : (
          <Rows rows={rows} isMixed={facts.kind === 'all'} />
        )}
      </Panel>
    </div>
  );
}

function Rows({
  rows,
  isMixed,
}: {
  readonly rows: readonly Folded[];
  /** Several kinds of callers. */
  readonly isMixed: boolean;
}): ReactNode {
  return (
    <div className="verdicts-scroll" tabIndex={0} role="region" aria-label="Verdicts">
      <table className="verdicts">
        <thead>
          <tr>
            <th scope="col">Profile</th>
            <th scope="col">Environment</th>
            {TIERS.map((tier) => (
              <th key={tier} scope="col">
                {tier}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ kind, profile, environments, cells }, at) => (
            <tr key={`${kind} ${profile} ${environments?.join(' ') ?? ''}`}>
              <th scope="row">
                {rows[at - 1]?.profile === profile && rows[at - 1]?.kind === kind ? (
                  <span className="hidden-visually">{profile}</span>
                ) : (
                  <>
                    {profile} {isMixed ? <span className="quiet small">{kind}</span> : null}
                  </>
                )}
              </th>
              <td className="quiet">{environments?.join(', ') ?? 'every'}</td>
              {TIERS.map((tier) => (
                <VerdictCell key={tier} cell={cells[tier]} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const VERDICTS: Readonly<Record<string, readonly [Tone, string]>> = {
  allow: ['good', 'runs'],
  'needs-approval': ['warn', 'waits'],
  deny: ['bad', 'denied'],
};

function VerdictCell({ cell }: { readonly cell: Folded['cells']['T0'] }): ReactNode {
  const { verdict, because, says, was } = cell;
  const [tone, word] = VERDICTS[verdict] ?? ['plain', verdict];
  return (
    <td data-changed={was !== null || undefined} title={says}>
      <Badge tone={tone}>{word}</Badge>{' '}
      {because === 'policy' ? null : <code className="quiet">{because}</code>}
      {was === null ? null : (
        <div className="quiet small">
          was <span className="was">{VERDICTS[was.verdict]?.[1] ?? was.verdict}</span>
        </div>
      )}
    </td>
  );
}
