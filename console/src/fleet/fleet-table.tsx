/**
 * The list of a fleet: rows near the window only, asked for as they come near. Arrow keys move from row to row; a row
 * opens by its link.
 */
import { Link } from '@tanstack/react-router';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import {
  createContext,
  type KeyboardEvent,
  memo,
  type ReactNode,
  useContext,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { Badge, Foreign, Icon, Time } from '../kit/index.ts';
import type { Group, ListRow } from './answers.ts';
import { layoutOf } from './layout.ts';
import { Coverage, FindingCounts, FleetStateBadge, StatesBar } from './state.tsx';

const ROW_PX = 40;
/** On a phone a row is two lines; fleet.css holds it to this. */
const NARROW_ROW_PX = 64;
const narrow = matchMedia('(max-width: 720px)');

function useRowPx(): number {
  return useSyncExternalStore(
    (onChange) => {
      narrow.addEventListener('change', onChange);
      return () => narrow.removeEventListener('change', onChange);
    },
    () => (narrow.matches ? NARROW_ROW_PX : ROW_PX),
  );
}
/** An answer that comes sooner changes the rows without a flicker. */
const LATE_MS = 250;

type Shown = {
  readonly row: ListRow;
  readonly waiting: number;
};

/** What links take along is otherwise at every step, and rows mostly are not. */
const Carried = createContext<Readonly<Record<string, string>>>({});

export type FleetColumn = {
  readonly id: string;
  readonly name: string;
  readonly sort?: string;
  readonly cell: (shown: Shown) => ReactNode;
};

export const COLUMNS: readonly FleetColumn[] = [
  {
    id: 'name',
    name: 'Target',
    sort: 'name',
    cell: ({ row }) => <TargetLink target={row.target} />,
  },
  {
    id: 'state',
    name: 'State',
    sort: 'state',
    cell: ({ row }) => <FleetStateBadge state={row.state} />,
  },
  {
    id: 'findings',
    name: 'Findings',
    sort: 'findings',
    cell: ({ row }) => <FindingCounts findings={row.findings} />,
  },
  {
    id: 'waiting',
    name: 'Waiting',
    cell: ({ waiting }) =>
      waiting === 0 ? (
        <span className="quiet">–</span>
      ) : (
        <Badge tone="warn">{waiting} to sign</Badge>
      ),
  },
  {
    id: 'seen',
    name: 'Seen',
    sort: 'seen',
    cell: ({ row }) => <Time at={row.seenAt} form="relative" />,
  },
  { id: 'coverage', name: 'Coverage', cell: ({ row }) => <Coverage kinds={row.kinds} /> },
  { id: 'scope', name: 'Scope', sort: 'scope', cell: ({ row }) => row.scope },
  {
    id: 'environment',
    name: 'Environment',
    sort: 'environment',
    cell: ({ row }) => row.environment,
  },
  {
    id: 'os',
    name: 'System',
    cell: ({ row }) =>
      row.os === null ? (
        <span className="quiet">{row.hostType}</span>
      ) : (
        <Foreign text={row.os} from={row.target} />
      ),
  },
  {
    id: 'kernel',
    name: 'Kernel',
    cell: ({ row }) =>
      row.kernel === null ? (
        <span className="quiet">–</span>
      ) : (
        <Foreign text={row.kernel} from={row.target} />
      ),
  },
  {
    id: 'changed',
    name: 'Last change',
    cell: ({ row }) =>
      row.lastChange === null ? (
        <span className="quiet">–</span>
      ) : (
        <Link to="/changes/$id" params={{ id: row.lastChange.changeId } as never}>
          <Time at={row.lastChange.at} form="relative" />
        </Link>
      ),
  },
  { id: 'owner', name: 'Owner', cell: ({ row }) => row.owner ?? <span className="quiet">–</span> },
  { id: 'tags', name: 'Tags', cell: ({ row }) => row.tags.join(', ') },
];
/** Shown until somebody chooses others. */
export const FIRST_COLUMNS = 'name,state,findings,waiting,seen,coverage,scope,os,changed';

export function FleetTable({
  rows,
  total,
  groups,
  columns,
  sort,
  onSort,
  waiting,
  carried,
  more,
  isOld,
  asOf,
}: {
  readonly rows: readonly ListRow[];
  readonly total: number;
  readonly groups: readonly Group[];
  readonly columns: readonly FleetColumn[];
  readonly sort: string;
  readonly onSort: (sort: string) => void;
  /** Changes that wait, by target. */
  readonly waiting: ReadonlyMap<string, number>;
  readonly carried: Readonly<Record<string, string>>;
  readonly more: () => void;
  readonly isOld: boolean;
  /** The moment that the rows are of. */
  readonly asOf: string;
}): ReactNode {
  const layout = layoutOf(total, groups);
  const isLate = useLate(isOld);
  const body = useRef<HTMLTableSectionElement>(null);
  const [offset, setOffset] = useState(0);
  const [focused, setFocused] = useState<number>();
  useLayoutEffect(() => {
    const measure = (): void => {
      const top = body.current?.getBoundingClientRect().top ?? 0;
      setOffset(Math.round(top + window.scrollY));
    };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(document.body);
    return () => watch.disconnect();
  }, []);
  const rowPx = useRowPx();
  const virtual = useWindowVirtualizer({
    count: layout.count,
    estimateSize: () => rowPx,
    overscan: 12,
    scrollMargin: offset,
  });
  useLayoutEffect(() => virtual.measure(), [virtual, rowPx]);
  const items = virtual.getVirtualItems();
  const lastRow = items.length === 0 ? 0 : (items.at(-1)?.index ?? 0);
  const isShort = lastRow - groups.length >= rows.length - 20 && rows.length < total;
  useEffect(() => {
    if (isShort) more();
  });
  useEffect(() => {
    if (focused === undefined) return;
    const link = body.current?.querySelector<HTMLElement>(`tr[data-row="${focused}"] .row-link`);
    if (link === null || link === undefined) return;
    link.focus({ preventScroll: true });
    setFocused(undefined);
  });
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const from = (event.target as HTMLElement).closest('tr')?.dataset['row'];
    const step = STEPS[event.key];
    if (from === undefined || step === undefined) return;
    const next = Math.max(0, Math.min(rows.length - 1, step(Number(from), rows.length)));
    event.preventDefault();
    virtual.scrollToIndex(layout.placeOf(next), { align: 'auto' });
    setFocused(next);
  };
  const above = (items[0]?.start ?? offset) - offset;
  const below = virtual.getTotalSize() - ((items.at(-1)?.end ?? offset) - offset);
  return (
    <Carried value={carried}>
      <table
        className="table fleet-table"
        aria-label="Targets"
        aria-rowcount={total + 1}
        aria-busy={isOld}
        data-late={isLate || undefined}
        data-as-of={asOf}
      >
        <colgroup>
          {columns.map(({ id }) => (
            <col key={id} className={`fleet-${id}`} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {columns.map(({ id, name, sort: by }) => (
              <th
                key={id}
                scope="col"
                aria-sort={by === undefined ? undefined : directionOf(sort, by)}
              >
                {by === undefined ? (
                  name
                ) : (
                  <button
                    type="button"
                    className="table-sort"
                    onClick={() => onSort(sort === by ? `-${by}` : by)}
                  >
                    {name}
                    {sort.replace('-', '') === by ? (
                      <Icon name={sort.startsWith('-') ? 'down' : 'up'} />
                    ) : null}
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={onKeyDown}>
          <Gap columns={columns.length} height={above} />
          {items.map(({ index }) => {
            const place = layout.at(index);
            if (place.kind === 'group')
              return (
                <tr key={`group ${place.group.group}`} className="fleet-group">
                  <th scope="rowgroup" colSpan={columns.length}>
                    <span>{place.group.group === '' ? 'none' : place.group.group}</span>
                    <span className="quiet number">{place.group.targets.toLocaleString('en')}</span>
                    <StatesBar states={place.group.states} />
                  </th>
                </tr>
              );
            const row = rows[place.row];
            return (
              <TargetRow
                key={row === undefined ? `later ${place.row}` : `${row.scope} ${row.target}`}
                at={place.row}
                row={row}
                columns={columns}
                waiting={row === undefined ? 0 : (waiting.get(row.target) ?? 0)}
              />
            );
          })}
          <Gap columns={columns.length} height={below} />
        </tbody>
      </table>
    </Carried>
  );
}

const TargetRow = memo(function TargetRow({
  at,
  row,
  columns,
  waiting,
}: {
  readonly at: number;
  /** Not here yet. */
  readonly row: ListRow | undefined;
  readonly columns: readonly FleetColumn[];
  readonly waiting: number;
}): ReactNode {
  return (
    <tr data-row={at} aria-rowindex={at + 2}>
      {columns.map(({ id, name, cell }) => (
        <td key={id} data-label={name}>
          {row === undefined ? (
            <span className="later" aria-hidden="true" />
          ) : (
            cell({ row, waiting })
          )}
        </td>
      ))}
    </tr>
  );
});

function TargetLink({ target }: { readonly target: string }): ReactNode {
  const carried = useContext(Carried);
  return (
    <Link
      className="row-link"
      title={target}
      to="/targets/$id"
      params={{ id: target } as never}
      search={carried as never}
    >
      {target}
    </Link>
  );
}

function useLate(isOld: boolean): boolean {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (!isOld) return undefined;
    const timer = setTimeout(() => setLate(true), LATE_MS);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [isOld]);
  return isLate;
}

const STEPS: Readonly<Record<string, (row: number, count: number) => number>> = {
  ArrowDown: (row) => row + 1,
  ArrowUp: (row) => row - 1,
  PageDown: (row) => row + 20,
  PageUp: (row) => row - 20,
  Home: () => 0,
  End: (_row, count) => count - 1,
};

function directionOf(sort: string, by: string): 'ascending' | 'descending' | 'none' {
  return sort === by ? 'ascending' : sort === `-${by}` ? 'descending' : 'none';
}

function Gap({
  columns,
  height,
}: {
  readonly columns: number;
  readonly height: number;
}): ReactNode {
  if (height <= 0) return null;
  return (
    <tr aria-hidden="true" className="table-gap">
      <td colSpan={columns} style={{ height: `${height}px` }} />
    </tr>
  );
}
