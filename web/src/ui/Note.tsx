// A remark on a faint ground: a warning, a hint, something to know.
import { Info, OctagonAlert, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import css from "./Note.module.css";

const marks = { info: Info, warning: TriangleAlert, error: OctagonAlert };

export function Note({
  tone = "info",
  children,
}: {
  tone?: "info" | "warning" | "error";
  children: ReactNode;
}) {
  const Mark = marks[tone];
  return (
    <div className={css[tone]}>
      <Mark aria-hidden size={16} className={css.mark} />
      <div className={css.text}>{children}</div>
    </div>
  );
}
