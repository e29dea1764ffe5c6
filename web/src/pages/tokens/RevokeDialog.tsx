// Revoking a token, and who has not heard of it yet.
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useRevokeToken } from "../../api/queries/tokens";
import type { RevokedToken, Token } from "../../api/types";
import { useSession } from "../../session";
import { Button } from "../../ui/Button";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { Dialog } from "../../ui/Dialog";
import { Field, Input } from "../../ui/Field";
import { Note } from "../../ui/Note";
import { notify } from "../../ui/notices";

export function RevokeDialog({
  token,
  onClose,
  onRevoked,
}: {
  token: Token;
  onClose: () => void;
  onRevoked: (revoked: RevokedToken) => void;
}) {
  const { t } = useTranslation("tokens");
  const { t: common } = useTranslation();
  const own = useSession()?.token.id === token.id;
  const [reason, setReason] = useState("");
  const { mutateAsync: revoke } = useRevokeToken(token.id);
  const { name } = token;
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t("end.title", { name })}
      confirm={t("end.confirm", { name })}
      danger
      ready={reason.trim() !== ""}
      onConfirm={async () => {
        onRevoked(await revoke({ reason: reason.trim() }));
        notify(t("end.done", { name }));
      }}
    >
      <p>{t("end.lead")}</p>
      {own && (
        <Note tone="warning">
          <p>{t("end.own")}</p>
        </Note>
      )}
      <Field label={common("reason")} hint={t("end.reasonHint")}>
        <Input
          value={reason}
          maxLength={400}
          onChange={(event) => setReason(event.target.value)}
          required
        />
      </Field>
    </ConfirmDialog>
  );
}

/** Stays until it was read: the token is not out of force everywhere. */
export function UnheardDialog({
  revoked: { token, unheard },
  onClose,
}: {
  revoked: RevokedToken;
  onClose: () => void;
}) {
  const { t } = useTranslation("tokens");
  const { t: common } = useTranslation();
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("end.unheardTitle", { name: token.name })}
      footer={<Button onClick={onClose}>{common("close")}</Button>}
    >
      <Note tone="warning">
        <p>{t("end.unheard")}</p>
        <ul>
          {unheard.map((instance) => (
            <li key={instance}>{instance}</li>
          ))}
        </ul>
      </Note>
    </Dialog>
  );
}
