// The table of every list: sortable, keyboard-friendly, quick with thousands of rows.
//
// Rows are made only near what is on the screen; the page itself scrolls. ↑ ↓ Home End move between
// the first links (or buttons) of the rows. On a narrow screen each row is a card, if `card` is given.
import {
  flexRender,
  getCoreRowModel,
  getSortedRowModel,
  useReactTable,
  type ColumnDef,
  type Header,
  type OnChangeFn,
  type Row,
  type RowData,
  type SortingState,
} from "@tanstack/react-table";
import { useWindowVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { memo, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { classes } from "./class";
import css from "./Table.module.css";
import { useNarrow } from "./useNarrow";

// The names of the parameters must be the library's.
/* eslint-disable @typescript-eslint/no-unused-vars */
declare module "@tanstack/react-table" {
  interface ColumnMeta<TData extends RowData, TValue> {
    /** Numbers stand to the right. */
    align?: "end";
    /** CSS width, e.g. "8rem"; the rest is shared. */
    width?: string;
    /** Where the header is not a plain text: its name. */
    name?: string;
    /** Takes what the other columns leave, and is cut where that is not enough. */
    fill?: boolean;
    /** Long text may wrap; otherwise it is cut. */
    wrap?: boolean;
  }
}

/* eslint-enable @typescript-eslint/no-unused-vars */

export type Column<T> = ColumnDef<T>;

export interface TableProps<T> {
  /** Names the table for screen readers. */
  label: string;
  rows: T[];
  /** Kept (useMemo) while it says the same: a row is made again when the columns are others. */
  columns: Column<T>[];
  rowKey: (row: T) => string;
  /** Sorted by the caller's state (e.g. in the address), or by the table's own. */
  sorting?: SortingState;
  onSortingChange?: OnChangeFn<SortingState>;
  initialSorting?: SortingState;
  /** A row on a narrow screen. */
  card?: (row: T) => ReactNode;
  rowHeight?: number;
  cardHeight?: number;
  /** Shown instead of no rows. */
  empty?: ReactNode;
  /** Under this width of the page (px) rows are cards. */
  narrow?: number;
}

export function Table<T>(props: TableProps<T>) {
  const {
    rows,
    columns,
    rowKey,
    sorting,
    onSortingChange,
    initialSorting = [],
    card,
    narrow = 720,
  } = props;
  const [own, setOwn] = useState<SortingState>(initialSorting);
  const table = useReactTable({
    data: rows,
    columns,
    getRowId: rowKey,
    state: { sorting: sorting ?? own },
    onSortingChange: onSortingChange ?? setOwn,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    enableSortingRemoval: false,
  });
  const isNarrow = useNarrow(narrow);
  const sorted = table.getRowModel().rows;
  if (sorted.length === 0 && props.empty) return props.empty;
  if (isNarrow && card) return <Cards {...props} rows={sorted} card={card} />;
  return <Wide {...props} rows={sorted} headers={table.getHeaderGroups()[0]?.headers ?? []} />;
}

type Parts<T> = Omit<TableProps<T>, "rows" | "card"> & { rows: Row<T>[] };

function Wide<T>({
  label,
  rows,
  columns,
  headers,
  rowHeight = 38,
}: Parts<T> & { headers: Header<T, unknown>[] }) {
  const { box, virtual } = useRows(rows, rowHeight);
  const items = virtual.getVirtualItems();
  const { before, after } = spaces(virtual);
  return (
    <div ref={box} className={css.wide}>
      {/* The keys move the focus between the rows' own links; the table itself is not operated. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <table
        className={css.table}
        aria-label={label}
        aria-rowcount={rows.length + 1}
        onKeyDown={(event) => step(event, virtual, rows.length)}
      >
        <thead>
          <tr aria-rowindex={1}>
            {headers.map((header) => (
              <Head key={header.id} header={header} />
            ))}
          </tr>
        </thead>
        <tbody>
          <Space height={before} columns={headers.length} />
          {items.map((item) => {
            const row = rows[item.index];
            return (
              row && (
                <Line
                  key={row.id}
                  row={row}
                  columns={columns}
                  index={item.index}
                  measure={virtual.measureElement}
                />
              )
            );
          })}
          <Space height={after} columns={headers.length} />
        </tbody>
      </table>
    </div>
  );
}

function Head<T>({ header }: { header: Header<T, unknown> }) {
  const { t } = useTranslation();
  const { column } = header;
  const sorted = column.getIsSorted();
  const content = flexRender(column.columnDef.header, header.getContext());
  const meta = column.columnDef.meta;
  return (
    <th
      scope="col"
      className={classes(meta?.align === "end" && css.end, meta?.fill && css.fill)}
      style={{ width: meta?.width }}
      aria-sort={sorted === "asc" ? "ascending" : sorted === "desc" ? "descending" : undefined}
    >
      {column.getCanSort() ? (
        <button
          type="button"
          className={css.sort}
          title={t("sortBy", { column: meta?.name ?? String(column.columnDef.header) })}
          onClick={column.getToggleSortingHandler()}
        >
          {content}
          {sorted === "asc" && <ArrowUp aria-hidden size={12} />}
          {sorted === "desc" && <ArrowDown aria-hidden size={12} />}
        </button>
      ) : (
        content
      )}
    </th>
  );
}

interface LineProps<T> {
  row: Row<T>;
  columns: Column<T>[];
  index: number;
  measure: (element: Element | null) => void;
}

/** Made again only when its own data, the columns or its place changed. */
const Line = memo(
  LineOf,
  (before, after) =>
    before.row.original === after.row.original &&
    before.columns === after.columns &&
    before.index === after.index,
) as typeof LineOf;

function LineOf<T>({ row, index, measure }: LineProps<T>) {
  return (
    <tr ref={measure} data-index={index} aria-rowindex={index + 2}>
      {row.getVisibleCells().map((cell) => {
        const meta = cell.column.columnDef.meta;
        return (
          <td
            key={cell.id}
            className={classes(
              meta?.align === "end" && css.end,
              meta?.fill && css.fill,
              meta?.wrap && css.wrap,
            )}
          >
            {flexRender(cell.column.columnDef.cell, cell.getContext())}
          </td>
        );
      })}
    </tr>
  );
}

function Space({ height, columns }: { height: number; columns: number }) {
  if (height <= 0) return null;
  return (
    <tr aria-hidden className={css.space}>
      <td colSpan={columns} style={{ height }} />
    </tr>
  );
}

function Cards<T>({
  label,
  rows,
  card,
  cardHeight = 120,
}: Parts<T> & { card: (row: T) => ReactNode }) {
  const { box, virtual } = useRows(rows, cardHeight);
  const { before, after } = spaces(virtual);
  return (
    <div ref={box}>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <ul
        className={css.cards}
        aria-label={label}
        style={{ paddingTop: before, paddingBottom: after }}
        onKeyDown={(event) => step(event, virtual, rows.length)}
      >
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          return (
            row && (
              <li
                key={row.id}
                ref={virtual.measureElement}
                data-index={item.index}
                aria-posinset={item.index + 1}
                aria-setsize={rows.length}
              >
                {card(row.original)}
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}

type Rows = Virtualizer<Window, Element>;

function useRows<T>(rows: Row<T>[], height: number) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  // What stands above the table may grow or shrink with every rendering.
  useLayoutEffect(() => {
    const now = Math.round((box.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    if (now !== top) setTop(now);
  }, [rows, top]);
  const virtual: Rows = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => height,
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: 10,
    scrollMargin: top,
    initialRect: { width: 1280, height: 900 },
  });
  return { box, virtual };
}

function spaces(virtual: Rows): { before: number; after: number } {
  const items = virtual.getVirtualItems();
  const margin = virtual.options.scrollMargin;
  const first = items[0]?.start ?? margin;
  const last = items.at(-1)?.end ?? margin;
  return { before: first - margin, after: virtual.getTotalSize() - (last - margin) };
}

/** Moves the focus to another row's first link or button, making the row first where it must. */
function step(event: KeyboardEvent, virtual: Rows, count: number): void {
  const target = event.target as Element;
  const row = target.closest("[data-index]");
  if (!row || target !== row.querySelector("a[href],button")) return;
  const at = Number(row.getAttribute("data-index"));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: count - 1 }[event.key];
  if (to === undefined || to < 0 || to >= count) return;
  event.preventDefault();
  const room = event.currentTarget;
  virtual.scrollToIndex(to);
  const focus = (tries: number) => {
    const next = room.querySelector<HTMLElement>(`[data-index="${to}"] :is(a[href],button)`);
    if (next) next.focus({ preventScroll: true });
    else if (tries > 0) requestAnimationFrame(() => focus(tries - 1));
  };
  focus(10);
}
