// The policy of a cluster: every setting with what it means.
import { useTranslation } from "react-i18next";
import type { Policy } from "../../api/types";
import { Card } from "../../ui/Card";
import css from "./cluster.module.css";
import { draftOf, GROUPS, type Draft } from "./model/policy";
import { usePolicyWords } from "./usePolicyWords";

export function PolicyCards({ policy }: { policy: Policy }) {
  const { t } = useTranslation("cluster");
  const draft = draftOf(policy);
  return (
    <div className={css.columns}>
      {GROUPS.map(({ id, fields }) => (
        <Card key={id} title={t(`policy.${id}`)}>
          <dl>
            {fields.map((field) => (
              <Setting key={field} field={field} draft={draft} />
            ))}
          </dl>
        </Card>
      ))}
    </div>
  );
}

function Setting({ field, draft }: { field: keyof Draft; draft: Draft }) {
  const { t } = useTranslation("cluster");
  const word = usePolicyWords();
  // Loosened to what, and when, is said only where it is loosened at all.
  if ((field === "min_acks" || field === "after_secs") && !draft.loosens) return null;
  return (
    <div className={css.setting}>
      <dt>{t(`policy.fields.${field}`)}</dt>
      <dd>{word(field, draft[field])}</dd>
      <dd className={css.says}>{t(`policy.says.${field}`)}</dd>
    </div>
  );
}
