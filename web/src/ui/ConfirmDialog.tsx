// Asks before something that matters: the name of what it is done to must be typed.
//
// It stays open while the order runs and shows why it was refused.
import { useState, type ReactNode, type SyntheticEvent } from "react";
import { Trans, useTranslation } from "react-i18next";
import { Button } from "./Button";
import css from "./Dialog.module.css";
import { Dialog } from "./Dialog";
import { ErrorNote } from "./ErrorNote";
import { Field, Input } from "./Field";

export interface ConfirmDialogProps {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  /** To be typed: the cluster's or node's name. Left out: a press is enough. */
  name?: string;
  /** The verb, on the button. */
  confirm: ReactNode;
  danger?: boolean;
  size?: "md" | "lg";
  /** What else must be so before it can be confirmed, e.g. a reason was given. */
  ready?: boolean;
  onConfirm: () => Promise<unknown>;
  children?: ReactNode;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  return props.open ? <OpenConfirm {...props} /> : null;
}

function OpenConfirm({
  onClose,
  title,
  name,
  confirm,
  danger,
  size,
  ready = true,
  onConfirm,
  children,
}: ConfirmDialogProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const named = name === undefined || typed.trim() === name;

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    if (!named || !ready || busy) return;
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      onClose();
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };

  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      size={size}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button
            type="submit"
            form="confirm"
            variant={danger ? "danger" : "primary"}
            disabled={!named || !ready}
            busy={busy}
          >
            {confirm}
          </Button>
        </>
      }
    >
      <form id="confirm" className={css.form} onSubmit={(event) => void submit(event)}>
        {children}
        {name !== undefined && (
          <Field
            label={
              <Trans
                i18nKey="confirmName"
                values={{ name }}
                components={{ name: <span className={css.name} /> }}
              />
            }
          >
            <Input
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              autoComplete="off"
              spellCheck={false}
            />
          </Field>
        )}
      </form>
      {error !== null && <ErrorNote error={error} />}
    </Dialog>
  );
}
