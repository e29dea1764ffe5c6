// The head of a page: where one is, its title, what can be done. Names the browser's tab as well.
import { useEffect, type ReactNode } from "react";
import { Link } from "react-router";
import css from "./Page.module.css";

export interface Crumb {
  label: string;
  to: string;
}

export function PageHeader({
  title,
  crumbs = [],
  status,
  actions,
  children,
}: {
  title: string;
  /** From the fleet down, without the page itself. */
  crumbs?: Crumb[];
  /** Beside the title. */
  status?: ReactNode;
  actions?: ReactNode;
  /** A line under the title. */
  children?: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Lictor`;
  }, [title]);
  return (
    <header className={css.header}>
      {crumbs.length > 0 && (
        <nav aria-label={title} className={css.crumbs}>
          {crumbs.map((crumb) => (
            <Link key={crumb.to} to={crumb.to}>
              {crumb.label}
            </Link>
          ))}
        </nav>
      )}
      <div className={css.row}>
        <h1>{title}</h1>
        {status}
        {actions && <div className={css.actions}>{actions}</div>}
      </div>
      {children}
    </header>
  );
}
