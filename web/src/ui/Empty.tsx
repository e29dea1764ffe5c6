// Nothing to show, and why; with what to do about it.
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import css from "./Empty.module.css";

export function Empty({
  icon: Icon,
  title,
  children,
}: {
  icon?: LucideIcon;
  title: ReactNode;
  children?: ReactNode;
}) {
  return (
    <div className={css.empty}>
      {Icon && <Icon aria-hidden size={28} strokeWidth={1.5} className={css.icon} />}
      <p className={css.title}>{title}</p>
      {children}
    </div>
  );
}
