// A table of few rows, whole in the page and on paper. The first cell names its row; on a narrow
// screen a row is a block in which each cell has its header before it.
import type { ReactNode } from "react";
import { classes } from "./class";
import css from "./SmallTable.module.css";

export interface SmallColumn<T> {
  header: string;
  cell: (row: T) => ReactNode;
  /** Numbers stand to the right. */
  end?: boolean;
  /** Takes what the other columns leave; its text wraps. */
  fill?: boolean;
}

export function SmallTable<T>({
  label,
  columns,
  rows,
  rowKey,
}: {
  /** Names the table for screen readers. */
  label: string;
  columns: SmallColumn<T>[];
  rows: T[];
  rowKey: (row: T) => string;
}) {
  const look = ({ end, fill }: SmallColumn<T>) => classes(end && css.end, fill && css.fill);
  return (
    <table className={css.table} aria-label={label}>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.header} scope="col" className={look(column)}>
              {column.header}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={rowKey(row)}>
            {columns.map((column, at) =>
              at === 0 ? (
                <th key={column.header} scope="row" className={look(column)}>
                  {column.cell(row)}
                </th>
              ) : (
                <td key={column.header} className={look(column)} data-header={column.header}>
                  <div>{column.cell(row)}</div>
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
