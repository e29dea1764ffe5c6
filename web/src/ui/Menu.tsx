// A menu under a button. Not modal: the page's policy forbids the style that a scroll lock inserts.
import { Check, type LucideIcon } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { classes } from "./class";
import css from "./Floating.module.css";
import { useLayer } from "./layer";

export interface MenuItem {
  label: ReactNode;
  onSelect: () => void;
  icon?: LucideIcon;
  /** To the right, faint: a shortcut, or why it is disabled. */
  hint?: ReactNode;
  danger?: boolean;
  disabled?: boolean;
}

/** `children`: the one button that opens it. A line is drawn where an entry is "line". */
export function Menu({
  children,
  items,
  label,
  refused,
  open,
  onOpenChange,
}: {
  children: ReactNode;
  items: (MenuItem | "line")[];
  label?: ReactNode;
  /** Why nobody may open it: its button says so, and it is closed. */
  refused?: string | undefined;
  /** Given where something besides the button opens it; otherwise the button alone does. */
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}) {
  if (refused !== undefined) return children;
  return (
    <MenuFrame trigger={children} open={open} onOpenChange={onOpenChange}>
      {label && <DropdownMenu.Label className={css.label}>{label}</DropdownMenu.Label>}
      {items.map((item, at) =>
        item === "line" ? (
          <DropdownMenu.Separator key={at} className={css.line} />
        ) : (
          <DropdownMenu.Item
            key={at}
            className={classes(css.item, item.danger && css.danger)}
            disabled={item.disabled}
            onSelect={item.onSelect}
          >
            {item.icon && <item.icon aria-hidden size={14} />}
            {item.label}
            {item.hint && <span className={css.hint}>{item.hint}</span>}
          </DropdownMenu.Item>
        ),
      )}
    </MenuFrame>
  );
}

/** A menu of which one entry is chosen. */
export function ChoiceMenu<T extends string>({
  children,
  label,
  value,
  choices,
  onChange,
}: {
  children: ReactNode;
  label: ReactNode;
  value: T;
  choices: { value: T; label: ReactNode }[];
  onChange: (value: T) => void;
}) {
  return (
    <MenuFrame trigger={children}>
      <DropdownMenu.Label className={css.label}>{label}</DropdownMenu.Label>
      <DropdownMenu.RadioGroup value={value} onValueChange={(next) => onChange(next as T)}>
        {choices.map((choice) => (
          <DropdownMenu.RadioItem key={choice.value} value={choice.value} className={css.item}>
            <span className={css.check}>
              <DropdownMenu.ItemIndicator>
                <Check aria-hidden size={14} />
              </DropdownMenu.ItemIndicator>
            </span>
            {choice.label}
          </DropdownMenu.RadioItem>
        ))}
      </DropdownMenu.RadioGroup>
    </MenuFrame>
  );
}

function MenuFrame({
  trigger,
  children,
  open,
  onOpenChange,
}: {
  trigger: ReactNode;
  children: ReactNode;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}) {
  const container = useLayer();
  return (
    <DropdownMenu.Root modal={false} open={open} onOpenChange={onOpenChange}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal container={container}>
        <DropdownMenu.Content className={css.menu} sideOffset={4} collisionPadding={8} align="end">
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
