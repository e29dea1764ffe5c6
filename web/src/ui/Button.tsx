// Buttons. `busy` keeps the width and the focus, and refuses another press.
import { LoaderCircle, type LucideIcon } from "lucide-react";
import type { ComponentProps } from "react";
import { classes } from "./class";
import css from "./Button.module.css";
import { Tooltip } from "./Tooltip";

interface Look {
  variant?: "default" | "primary" | "danger" | "ghost";
  size?: "sm" | "md";
  busy?: boolean;
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
  ...rest
}: ButtonProps) {
  const Shown = busy ? LoaderCircle : Icon;
  return (
    <button
      type="button"
      {...rest}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? undefined : onClick}
      className={classes(css.button, css[variant], size === "sm" && css.sm, className)}
    >
      {Shown && <Shown aria-hidden size={14} className={busy ? css.turning : undefined} />}
      {children}
    </button>
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
  ...rest
}: IconButtonProps) {
  return (
    <Tooltip text={label}>
      <button
        type="button"
        {...rest}
        aria-label={label}
        aria-busy={busy || undefined}
        className={classes(css.button, css.icon, css[variant], size === "sm" && css.sm, className)}
      >
        <Icon aria-hidden size={size === "sm" ? 14 : 16} />
      </button>
    </Tooltip>
  );
}
