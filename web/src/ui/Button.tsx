// Buttons. `busy` keeps the width and the focus, and refuses another press; `refused` says why a
// button does nothing for this person, and keeps the focus so that everyone can read it.
import { LoaderCircle, type LucideIcon } from "lucide-react";
import { useId, type ComponentProps } from "react";
import { classes } from "./class";
import css from "./Button.module.css";
import { Tooltip } from "./Tooltip";

interface Look {
  variant?: "default" | "primary" | "danger" | "ghost";
  size?: "sm" | "md";
  busy?: boolean;
  /** Why it cannot be pressed; see `useMay`. */
  refused?: string | undefined;
}

export interface ButtonProps extends ComponentProps<"button">, Look {
  icon?: LucideIcon;
}

export function Button({
  variant = "default",
  size = "md",
  busy = false,
  icon: Icon,
  children,
  className,
  onClick,
  refused,
  ...rest
}: ButtonProps) {
  const Shown = busy ? LoaderCircle : Icon;
  const off = busy || refused !== undefined;
  const why = useId();
  const button = (
    <button
      type="button"
      {...rest}
      aria-busy={busy || undefined}
      aria-disabled={off || undefined}
      aria-describedby={refused === undefined ? undefined : why}
      onClick={off ? undefined : onClick}
      className={classes(css.button, css[variant], size === "sm" && css.sm, className)}
    >
      {Shown && <Shown aria-hidden size={14} className={busy ? css.turning : undefined} />}
      {children}
    </button>
  );
  if (refused === undefined) return button;
  return (
    <>
      <Tooltip text={refused}>{button}</Tooltip>
      <span id={why} hidden>
        {refused}
      </span>
    </>
  );
}

export interface IconButtonProps extends Omit<ComponentProps<"button">, "children">, Look {
  icon: LucideIcon;
  /** What it does: its name for everyone, and its tooltip. */
  label: string;
}

export function IconButton({
  icon: Icon,
  label,
  variant = "ghost",
  size = "md",
  busy = false,
  className,
  onClick,
  refused,
  ...rest
}: IconButtonProps) {
  const why = useId();
  const off = refused !== undefined;
  const button = (
    <button
      type="button"
      {...rest}
      aria-label={label}
      aria-busy={busy || undefined}
      aria-disabled={off || undefined}
      aria-describedby={off ? why : undefined}
      onClick={off ? undefined : onClick}
      className={classes(css.button, css.icon, css[variant], size === "sm" && css.sm, className)}
    >
      <Icon aria-hidden size={size === "sm" ? 14 : 16} />
    </button>
  );
  if (!off) return <Tooltip text={label}>{button}</Tooltip>;
  return (
    <>
      <Tooltip text={`${label}: ${refused}`}>{button}</Tooltip>
      <span id={why} hidden>
        {refused}
      </span>
    </>
  );
}
