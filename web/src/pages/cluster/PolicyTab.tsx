// The policy: as it is, or being edited.
import { Pencil } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Cluster } from "../../api/types";
import { Button } from "../../ui/Button";
import { useMay } from "../../ui/useMay";
import css from "./cluster.module.css";
import { PolicyCards } from "./PolicyCards";
import { PolicyForm } from "./PolicyForm";

export function PolicyTab({ cluster }: { cluster: Cluster }) {
  const { t } = useTranslation("cluster");
  const { why } = useMay("administer", cluster.name);
  const [editing, setEditing] = useState(false);
  if (editing) return <PolicyForm cluster={cluster} onClose={() => setEditing(false)} />;
  return (
    <div className={css.stack}>
      <div className={css.actions}>
        <Button icon={Pencil} refused={why} onClick={() => setEditing(true)}>
          {t("policy.edit")}
        </Button>
      </div>
      <PolicyCards policy={cluster.policy} />
    </div>
  );
}
