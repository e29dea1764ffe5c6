// Status, told by shape and word besides colour.
import {
  CircleCheck,
  CircleHelp,
  CircleMinus,
  Info,
  OctagonAlert,
  TriangleAlert,
  type LucideIcon,
} from "lucide-react";
import type { ReactNode } from "react";
import { classes } from "./class";
import css from "./Badge.module.css";

export type Tone = "ok" | "info" | "warning" | "critical" | "unknown" | "neutral" | "accent";

const marks: Record<Tone, LucideIcon | null> = {
  ok: CircleCheck,
  info: Info,
  warning: TriangleAlert,
  critical: OctagonAlert,
  unknown: CircleHelp,
  neutral: CircleMinus,
  accent: null,
};

/** A word on a faint ground. */
export function Badge({
  tone = "neutral",
  children,
  className,
}: {
  tone?: Tone;
  children: ReactNode;
  className?: string;
}) {
  return <span className={classes(css.badge, css[tone], className)}>{children}</span>;
}

/** A mark with its word; `hidden` leaves the word to screen readers. */
export function Status({
  tone,
  children,
  hidden = false,
}: {
  tone: Tone;
  children: ReactNode;
  hidden?: boolean;
}) {
  const Mark = marks[tone];
  return (
    <span className={classes(css.status, css[tone])}>
      {Mark && <Mark aria-hidden size={14} className={css.mark} />}
      <span className={hidden ? "visually-hidden" : undefined}>{children}</span>
    </span>
  );
}
