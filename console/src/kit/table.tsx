/**
 * A table that stays smooth when it is long: only the rows near the window are in the page. On a phone each row becomes
 * a card whose first column is its title. A row opens by the link in its first cell, so it needs no script of its own.
 */
import {
  type ColumnDef,
  createSortedRowModel,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useCallback, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { Icon } from './icon.tsx';

export type Column<Row> = {
  readonly id: string;
  readonly header: string;
  readonly cell: (row: Row) => ReactNode;
  /** What it is sorted by; without it it is not. */
  readonly sort?: (row: Row) => string | number;
  /** Any CSS width; without it the rest is shared. */
  readonly width?: string;
  readonly align?: 'end';
  /** What can be done with a row: its heading is read aloud only. */
  readonly act?: true;
  /** Left out on phones. */
  readonly wide?: boolean;
};

export type TableProps<Row> = {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly rowKey: (row: Row) => string;
  /** `column` or `-column`; kept by the page in its address. */
  readonly sort?: string;
  readonly onSort?: (sort: string) => void;
  /** In place of rows where there are none. */
  readonly empty?: ReactNode;
  readonly selectedKey?: string;
};

const LONG = 120;
const ROW_PX = 37;
const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });

export function Table<Row>(props: TableProps<Row>): ReactNode {
  const { label, rows, columns, rowKey, sort = '', onSort, empty, selectedKey } = props;
  const definitions = useMemo(
    () =>
      columns.map(
        (column): ColumnDef<typeof features, Row & object> => ({
          id: column.id,
          accessorFn: (row) => column.sort?.(row) ?? '',
          enableSorting: column.sort !== undefined,
          sortFn: (a, b, id) => compare(a.getValue(id), b.getValue(id)),
        }),
      ),
    [columns],
  );
  const sorting = useMemo(
    () => (sort === '' ? [] : [{ id: sort.replace(/^-/, ''), desc: sort.startsWith('-') }]),
    [sort],
  );
  const table = useTable({
    features,
    columns: definitions,
    data: rows as readonly (Row & object)[],
    getRowId: rowKey,
    state: { sorting },
  });
  const shown = table.getRowModel().rows;

  const body = useRef<HTMLTableSectionElement>(null);
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => {
    const top = body.current?.getBoundingClientRect().top ?? 0;
    setOffset(Math.round(top + window.scrollY));
  }, []);
  const isLong = shown.length > LONG;
  const virtual = useWindowVirtualizer({
    count: isLong ? shown.length : 0,
    estimateSize: useCallback(() => ROW_PX, []),
    overscan: 12,
    scrollMargin: offset,
  });
  const items = virtual.getVirtualItems();
  const places = isLong ? items.map((item) => item.index) : shown.map((_, at) => at);
  const above = isLong ? (items[0]?.start ?? offset) - offset : 0;
  const below = isLong ? virtual.getTotalSize() - ((items.at(-1)?.end ?? offset) - offset) : 0;

  if (rows.length === 0 && empty !== undefined) return empty;
  return (
    <table className="table" aria-label={label} aria-rowcount={shown.length + 1}>
      <colgroup>
        {columns.map((column) => (
          <col
            key={column.id}
            className={column.wide === true ? 'table-wide' : undefined}
            style={column.width === undefined ? undefined : { width: column.width }}
          />
        ))}
      </colgroup>
      <thead>
        <tr>
          {columns.map((column) => {
            const [sorted] = sorting.filter((each) => each.id === column.id);
            const direction =
              sorted === undefined ? 'none' : sorted.desc ? 'descending' : 'ascending';
            return (
              <th
                key={column.id}
                scope="col"
                className={classes(column)}
                aria-sort={column.sort === undefined ? undefined : direction}
              >
                {column.act === true ? (
                  <span className="hidden-visually">{column.header}</span>
                ) : column.sort === undefined || onSort === undefined ? (
                  column.header
                ) : (
                  <button
                    type="button"
                    className="table-sort"
                    onClick={() => onSort(direction === 'ascending' ? `-${column.id}` : column.id)}
                  >
                    {column.header}
                    {sorted === undefined ? null : <Icon name={sorted.desc ? 'down' : 'up'} />}
                  </button>
                )}
              </th>
            );
          })}
        </tr>
      </thead>
      <tbody ref={body}>
        {above > 0 ? <Gap columns={columns.length} height={above} /> : null}
        {places.map((at) => {
          const row = shown[at];
          if (row === undefined) return null;
          return (
            <tr
              key={row.id}
              ref={isLong ? virtual.measureElement : undefined}
              data-index={at}
              aria-rowindex={at + 2}
              data-selected={row.id === selectedKey || undefined}
            >
              {columns.map((column) => (
                <td key={column.id} className={classes(column)} data-label={column.header}>
                  {column.cell(row.original)}
                </td>
              ))}
            </tr>
          );
        })}
        {below > 0 ? <Gap columns={columns.length} height={below} /> : null}
      </tbody>
    </table>
  );
}

function Gap({
  columns,
  height,
}: {
  readonly columns: number;
  readonly height: number;
}): ReactNode {
  return (
    <tr aria-hidden="true" className="table-gap">
      <td colSpan={columns} style={{ height: `${height}px` }} />
    </tr>
  );
}

function classes({
  align,
  act,
  wide,
}: {
  readonly align?: 'end';
  readonly act?: true;
  readonly wide?: boolean;
}): string {
  return [
    align === 'end' ? 'table-end' : '',
    act === true ? 'table-act' : '',
    wide === true ? 'table-wide' : '',
  ]
    .filter((each) => each !== '')
    .join(' ');
}

const order = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

function compare(a: unknown, b: unknown): number {
  return typeof a === 'number' && typeof b === 'number'
    ? a - b
    : order.compare(String(a), String(b));
}
