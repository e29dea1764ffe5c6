// The values of a policy's fields in words.
import { useTranslation } from "react-i18next";
import type { Draft } from "./model/policy";

const CHOICES = ["mode", "profile", "rebuild", "no_readers", "better_placed"] as const;

/** How a field's value is written; a word that this page does not know stands as it is. */
export function usePolicyWords() {
  const { t } = useTranslation("cluster");
  return (field: keyof Draft, value: string | boolean): string => {
    if (field === "loosens") return t(`policy.values.loosens.${value ? "loosen" : "wait"}`);
    if (field === "accept_unfenced")
      return t(`policy.values.accept_unfenced.${value ? "on" : "off"}`);
    if (value === "") return t("policy.values.unset");
    if (field === "acks" && value === "0") return t("policy.values.async");
    const choice = CHOICES.find((one) => one === field);
    if (choice === undefined) return String(value);
    // Any word may come; one that has no text is the text.
    const key = `policy.values.${choice}.${String(value)}` as "policy.values.mode.auto";
    return t(key, { defaultValue: String(value) });
  };
}
