// A page's main figures in one line; one that is a filter is a button.
import type { ReactNode } from "react";
import { Status, type Tone } from "./Badge";
import { classes } from "./class";
import css from "./Facts.module.css";

export function Facts({ label, children }: { label: string; children: ReactNode }) {
  return (
    <section aria-label={label} className={css.facts}>
      {children}
    </section>
  );
}

export interface FactProps {
  label: string;
  value: ReactNode;
  /** A mark before the label. */
  tone?: Tone;
  title?: string;
}

export function Fact({ label, value, tone, title }: FactProps) {
  return (
    <div className={css.fact} title={title}>
      <Said label={label} tone={tone} />
      <strong>{value}</strong>
    </div>
  );
}

/** A number that narrows the list to what it counts. */
export function FactFilter({
  label,
  value,
  tone,
  pressed,
  onPress,
}: Omit<FactProps, "value" | "title"> & {
  value: number;
  pressed: boolean;
  onPress: () => void;
}) {
  return (
    <button
      type="button"
      aria-pressed={pressed}
      onClick={onPress}
      className={classes(css.fact, css.filter, value === 0 && css.zero)}
    >
      <Said label={label} tone={tone} />
      <strong>{value}</strong>
    </button>
  );
}

function Said({ label, tone }: { label: string; tone: Tone | undefined }) {
  return tone === undefined ? <span>{label}</span> : <Status tone={tone}>{label}</Status>;
}
