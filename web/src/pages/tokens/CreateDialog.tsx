// A new token: for whom, what it may do and for how long; then its text, this once.
import { useState, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";
import { ROLES } from "../../api/access";
import { useClusters } from "../../api/queries/clusters";
import { useCreateToken } from "../../api/queries/tokens";
import type { CreatedToken, TokenRole } from "../../api/types";
import { Button } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { Dialog } from "../../ui/Dialog";
import form from "../../ui/Dialog.module.css";
import { ErrorNote } from "../../ui/ErrorNote";
import { Checkbox, Field, Input, Select } from "../../ui/Field";
import { Note } from "../../ui/Note";
import { isName, TERMS, type Term } from "./tokens";
import css from "./Tokens.module.css";

export function CreateDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("tokens");
  const { t: access } = useTranslation("access");
  const { t: common } = useTranslation();
  const [name, setName] = useState("");
  const [role, setRole] = useState<TokenRole>("viewer");
  const [clusters, setClusters] = useState<string[]>([]);
  const [term, setTerm] = useState<Term>("quarter");
  const [reason, setReason] = useState("");
  const create = useCreateToken();
  const ready = isName(name.trim()) && reason.trim() !== "";
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!ready || create.isPending) return;
    const expires_in_secs = TERMS[term] ?? undefined;
    create.mutate({ name: name.trim(), role, clusters, expires_in_secs, reason: reason.trim() });
  };
  if (create.data) return <Made made={create.data} onClose={onClose} />;
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("new.title")}
      footer={
        <>
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button
            type="submit"
            form="create-token"
            variant="primary"
            disabled={!ready}
            busy={create.isPending}
          >
            {t("new.confirm")}
          </Button>
        </>
      }
    >
      <form id="create-token" className={form.form} onSubmit={submit}>
        <Field
          label={t("new.name")}
          hint={t("new.nameHint")}
          error={name !== "" && !isName(name.trim()) && t("new.nameFault")}
        >
          <Input
            value={name}
            maxLength={64}
            onChange={(event) => setName(event.target.value)}
            autoComplete="off"
            spellCheck={false}
            required
          />
        </Field>
        <Field label={t("new.role")} hint={access(`role.${role}.may`)}>
          <Select
            value={role}
            onChange={setRole}
            options={ROLES.map((value) => ({ value, label: access(`role.${value}.name`) }))}
          />
        </Field>
        <ClustersField value={clusters} onChange={setClusters} />
        <Field label={t("new.expires")} hint={term === "never" && t("new.neverHint")}>
          <Select
            value={term}
            onChange={setTerm}
            options={(Object.keys(TERMS) as Term[]).map((value) => ({
              value,
              label: t(`new.in.${value}`),
            }))}
          />
        </Field>
        <Field label={common("reason")} hint={t("new.reasonHint")}>
          <Input
            value={reason}
            maxLength={400}
            onChange={(event) => setReason(event.target.value)}
            required
          />
        </Field>
      </form>
      {create.error && <ErrorNote error={create.error} />}
    </Dialog>
  );
}

function ClustersField({
  value,
  onChange,
}: {
  value: string[];
  onChange: (clusters: string[]) => void;
}) {
  const { t } = useTranslation("tokens");
  const all = useClusters().data ?? [];
  const set = (name: string, on: boolean) =>
    onChange(on ? [...value, name].sort() : value.filter((one) => one !== name));
  return (
    <fieldset className={css.choices}>
      <legend>{t("new.clusters")}</legend>
      {all.map(({ name }) => (
        <Checkbox
          key={name}
          label={name}
          checked={value.includes(name)}
          onChange={(event) => set(name, event.target.checked)}
        />
      ))}
      <p className={css.faint}>{all.length === 0 ? t("new.noClusters") : t("new.clustersHint")}</p>
    </fieldset>
  );
}

/** Closed by its button alone: what is not stored by then is lost. */
function Made({ made: { token, secret }, onClose }: { made: CreatedToken; onClose: () => void }) {
  const { t } = useTranslation("tokens");
  return (
    <Dialog
      open
      title={t("made.title", { name: token.name })}
      footer={
        <Button variant="primary" onClick={onClose}>
          {t("made.stored")}
        </Button>
      }
    >
      <Note tone="warning">
        <p>{t("made.once")}</p>
      </Note>
      <div className={css.secret} role="group" aria-label={t("made.label")}>
        <Copy text={secret} />
      </div>
    </Dialog>
  );
}
