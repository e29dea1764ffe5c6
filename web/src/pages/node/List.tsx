// Facts as a list of names and values.
import type { ReactNode } from "react";
import css from "./node.module.css";

export function List({ children }: { children: ReactNode }) {
  return <dl className={css.list}>{children}</dl>;
}

export function Item({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
