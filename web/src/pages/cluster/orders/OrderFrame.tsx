// The dialog of every order: what it does, its own fields, and why it is given.
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ConfirmDialog } from "../../../ui/ConfirmDialog";
import { Field, Input } from "../../../ui/Field";
import css from "./orders.module.css";

export interface OrderFrameProps {
  title: string;
  lead?: string;
  /** To be typed before it can be given. */
  name?: string;
  confirm: string;
  danger?: boolean;
  size?: "md" | "lg";
  ready?: boolean;
  onClose: () => void;
  onGive: (reason: string) => Promise<unknown>;
  children?: ReactNode;
}

/** The longest reason lictord takes. */
const LONGEST = 500;

export function OrderFrame({ lead, ready = true, onGive, children, ...dialog }: OrderFrameProps) {
  const { t } = useTranslation("orders");
  const [reason, setReason] = useState("");
  const why = reason.trim();
  return (
    <ConfirmDialog {...dialog} open ready={ready && why !== ""} onConfirm={() => onGive(why)}>
      {lead && <p className={css.lead}>{lead}</p>}
      {children}
      <Field label={t("reason")} hint={t("reasonHint")}>
        <Input
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          maxLength={LONGEST}
          required
        />
      </Field>
    </ConfirmDialog>
  );
}
