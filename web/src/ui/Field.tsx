// Form controls, each named by the field around it.
import type { ComponentProps, ReactNode } from "react";
import { classes } from "./class";
import css from "./Field.module.css";

/** A control with its label, a hint and what is wrong with it. */
export function Field({
  label,
  hint,
  error,
  children,
}: {
  label: ReactNode;
  hint?: ReactNode;
  error?: ReactNode;
  children: ReactNode;
}) {
  return (
    <label className={css.field}>
      <span className={css.label}>{label}</span>
      {children}
      {hint && <span className={css.hint}>{hint}</span>}
      {error && (
        <span className={css.error} role="alert">
          {error}
        </span>
      )}
    </label>
  );
}

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input {...rest} className={classes(css.control, className)} />;
}

export function TextArea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea {...rest} className={classes(css.control, css.area, className)} />;
}

/** The browser's own select: it works with every keyboard, screen reader and thumb. */
export function Select<T extends string>({
  value,
  onChange,
  options,
  className,
  ...rest
}: Omit<ComponentProps<"select">, "value" | "onChange"> & {
  value: T;
  onChange: (value: T) => void;
  options: { value: T; label: string; disabled?: boolean }[];
}) {
  return (
    <select
      {...rest}
      value={value}
      onChange={(event) => onChange(event.target.value as T)}
      className={classes(css.control, css.select, className)}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value} disabled={option.disabled}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

export function Checkbox({
  label,
  ...rest
}: Omit<ComponentProps<"input">, "type"> & { label: ReactNode }) {
  return (
    <label className={css.checkbox}>
      <input {...rest} type="checkbox" />
      <span>{label}</span>
    </label>
  );
}
