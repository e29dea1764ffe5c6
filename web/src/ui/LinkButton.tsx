// A link that looks like a button: to what the server gives, e.g. a file.
import type { LucideIcon } from "lucide-react";
import type { ComponentProps } from "react";
import { classes } from "./class";
import css from "./Button.module.css";

export function LinkButton({
  icon: Icon,
  children,
  className,
  ...rest
}: ComponentProps<"a"> & { href: string; icon: LucideIcon }) {
  return (
    <a {...rest} className={classes(css.button, css.link, className)}>
      <Icon aria-hidden size={14} />
      {children}
    </a>
  );
}
