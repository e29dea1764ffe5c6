// A policy being edited: every field, and before it is sent what changes and why.
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { orders } from "../../api/orders";
import type { Cluster } from "../../api/types";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Field, Input, Select } from "../../ui/Field";
import { notify } from "../../ui/notices";
import css from "./cluster.module.css";
import {
  change,
  CHOICES,
  draftOf,
  edited,
  faults,
  GROUPS,
  policyOf,
  type Draft,
} from "./model/policy";
import { OrderFrame } from "./orders/OrderFrame";
import { useGive } from "./orders/useGive";
import { usePolicyWords } from "./usePolicyWords";

export function PolicyForm({ cluster, onClose }: { cluster: Cluster; onClose: () => void }) {
  const { t } = useTranslation("cluster");
  const { t: common } = useTranslation();
  // What others change meanwhile stays theirs: only what was edited here is sent.
  const [before] = useState(cluster.policy);
  const [draft, setDraft] = useState(() => draftOf(before));
  const [saving, setSaving] = useState(false);
  const wrong = Object.keys(faults(draft)).length > 0;
  const changes = edited(draftOf(before), draft);
  const buttons = (
    <div className={css.actions}>
      <Button onClick={onClose}>{common("cancel")}</Button>
      <Button
        variant="primary"
        disabled={wrong || changes.length === 0}
        onClick={() => setSaving(true)}
      >
        {t("policy.save")}
      </Button>
    </div>
  );
  return (
    <div className={css.stack}>
      {buttons}
      <div className={css.columns}>
        {GROUPS.map(({ id, fields }) => (
          <Card key={id} title={t(`policy.${id}`)}>
            <div className={css.fields}>
              {fields.map((field) => (
                <Setting key={field} field={field} draft={draft} onChange={setDraft} />
              ))}
            </div>
          </Card>
        ))}
      </div>
      {saving && (
        <SaveDialog
          cluster={cluster.name}
          before={draftOf(before)}
          draft={draft}
          patch={wrong ? {} : change(before, policyOf(draft))}
          onClose={() => setSaving(false)}
          onSaved={onClose}
        />
      )}
    </div>
  );
}

function Setting({
  field,
  draft,
  onChange,
}: {
  field: keyof Draft;
  draft: Draft;
  onChange: (draft: Draft) => void;
}) {
  const { t } = useTranslation("cluster");
  const word = usePolicyWords();
  const fault = faults(draft)[field];
  const value = draft[field];
  // Loosened to what, and when, is asked only where it is loosened at all.
  if ((field === "min_acks" || field === "after_secs") && !draft.loosens) return null;
  const set = (next: string | boolean) => onChange({ ...draft, [field]: next });
  const choices = CHOICES[field];
  return (
    <Field
      label={t(`policy.fields.${field}`)}
      hint={t(`policy.says.${field}`)}
      error={fault && t(`policy.faults.${fault}`)}
    >
      {choices ? (
        <Select
          value={String(value)}
          onChange={(next) => set(typeof value === "boolean" ? next === "true" : next)}
          aria-invalid={fault !== undefined}
          options={choices.map((choice) => ({
            value: String(choice),
            label: word(field, choice),
          }))}
        />
      ) : (
        <Input
          value={String(value)}
          onChange={(event) => set(event.target.value)}
          aria-invalid={fault !== undefined}
          spellCheck={false}
        />
      )}
    </Field>
  );
}

function SaveDialog({
  cluster,
  before,
  draft,
  patch,
  onClose,
  onSaved,
}: {
  cluster: string;
  before: Draft;
  draft: Draft;
  patch: ReturnType<typeof change>;
  onClose: () => void;
  onSaved: () => void;
}) {
  const { t } = useTranslation("cluster");
  const word = usePolicyWords();
  const give = useGive(cluster);
  return (
    <OrderFrame
      title={t("policy.saveTitle", { cluster })}
      confirm={t("policy.save")}
      onClose={onClose}
      onGive={async (reason) => {
        await give({ ...patch, reason }, (body, request) =>
          orders.changePolicy(cluster, body, request),
        );
        notify(t("policy.saved"));
        onSaved();
      }}
    >
      <dl aria-label={t("policy.changes")}>
        {edited(before, draft).map((field) => (
          <div key={field} className={css.setting}>
            <dt>{t(`policy.fields.${field}`)}</dt>
            <dd>
              <del>{word(field, before[field])}</del> → <ins>{word(field, draft[field])}</ins>
            </dd>
          </div>
        ))}
      </dl>
    </OrderFrame>
  );
}
