// A dialog: the browser's own, which holds the focus, closes on Escape and makes the rest inert.
import { X } from "lucide-react";
import { useEffect, useId, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./Button";
import { classes } from "./class";
import css from "./Dialog.module.css";
import { Layer } from "./layer";
import { useModal } from "./useModal";

export interface DialogProps {
  open: boolean;
  /** Left out where only its own buttons may close it. */
  onClose?: () => void;
  title: ReactNode;
  description?: ReactNode;
  /** Buttons, the affirming one last. */
  footer?: ReactNode;
  size?: "md" | "lg";
  children?: ReactNode;
}

/** Its children are there only while it is open: what was typed is gone when it is closed. */
export function Dialog(props: DialogProps) {
  return props.open ? <OpenDialog {...props} /> : null;
}

function OpenDialog({ onClose, title, description, footer, size = "md", children }: DialogProps) {
  const [element, setElement] = useModal();
  const [titleId, descriptionId] = [useId(), useId()];
  const { t } = useTranslation();
  const fixed = onClose === undefined;
  // A browser lets a page refuse Escape once only, unless it takes the key away.
  useEffect(() => {
    if (!fixed || !element) return;
    const keep = (event: KeyboardEvent) => event.key === "Escape" && event.preventDefault();
    element.addEventListener("keydown", keep);
    return () => element.removeEventListener("keydown", keep);
  }, [fixed, element]);
  return (
    <dialog
      ref={setElement}
      className={classes(css.dialog, css[size])}
      aria-labelledby={titleId}
      aria-describedby={description ? descriptionId : undefined}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
    >
      <Layer value={element}>
        <header className={css.head}>
          <h2 id={titleId}>{title}</h2>
          {onClose && <IconButton icon={X} label={t("close")} size="sm" onClick={onClose} />}
        </header>
        <div className={css.body}>
          {description && (
            <p id={descriptionId} className={css.description}>
              {description}
            </p>
          )}
          {children}
        </div>
        {footer && <footer className={css.foot}>{footer}</footer>}
      </Layer>
    </dialog>
  );
}
