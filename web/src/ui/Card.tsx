// A part of a page on a raised surface, with its heading.
import { useId, type ReactNode } from "react";
import { classes } from "./class";
import css from "./Page.module.css";

export function Card({
  title,
  actions,
  flush = false,
  children,
}: {
  title?: ReactNode;
  actions?: ReactNode;
  /** The content goes to the edge: a table. */
  flush?: boolean;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className={css.card} aria-labelledby={title ? id : undefined}>
      {title && (
        <div className={css.cardHead}>
          <h2 id={id}>{title}</h2>
          {actions && <div className={css.actions}>{actions}</div>}
        </div>
      )}
      <div className={classes(css.cardBody, flush && css.flush)}>{children}</div>
    </section>
  );
}
