// An edit, and why one cannot be made, as sentences.
import { useTranslation } from "react-i18next";
import type { Edit } from "./edits";
import { refusalText, type T } from "./itemText";
import type { Refusal } from "./refusal";

export function EditText({ edit }: { edit: Edit }) {
  const { t } = useTranslation("routing");
  return editText(edit, t);
}

function editText(edit: Edit, t: T): string {
  switch (edit.kind) {
    case "split":
      return t("edited.split", { ...edit });
    case "merge":
      return t("edited.merge", { ...edit });
    case "move":
      return t("edited.move", { ...edit });
    case "writes":
      return t(edit.writes === "held" ? "edited.hold" : "edited.release", { ...edit });
    case "keyspace":
      return t(edit.to === null ? "edited.keyspaceGone" : "edited.keyspaceNew", {
        name: edit.name,
      });
    case "hostgroup":
      return t(changeKey("hostgroup", edit), { id: edit.to?.id ?? edit.id });
    case "rule":
      return t(changeKey("rule", edit), { id: edit.to?.rule_id ?? edit.id });
    case "order":
      return t("edited.order", { rules: edit.order.join(", ") });
  }
}

function changeKey<K extends "hostgroup" | "rule">(
  kind: K,
  { was, to }: { was: unknown; to: unknown },
) {
  if (to === null) return `edited.${kind}Gone` as const;
  return was === null ? (`edited.${kind}New` as const) : (`edited.${kind}Changed` as const);
}

export function RefusalText({ refusal }: { refusal: Refusal }) {
  const { t } = useTranslation("routing");
  return refusalText(refusal, t);
}
