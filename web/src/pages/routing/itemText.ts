// What an item of the document is called, where it is shown, and why an edit cannot be made.
import type { useTranslation } from "react-i18next";
import type { Item } from "./faults";
import type { Refusal } from "./refusal";

export type T = ReturnType<typeof useTranslation<"routing">>["t"];

export function itemText(item: Item, t: T): string {
  switch (item.kind) {
    case "keyspace":
      return item.shard === null
        ? t("item.keyspace", { name: item.name })
        : t("item.shard", { name: item.name, shard: item.shard });
    case "hostgroup":
      return t("item.hostgroup", { id: item.id });
    case "rule":
      return t("item.rule", { id: item.id });
    case "document":
      return t("item.document");
  }
}

/** Where it is shown: the tab, and the keyspace and shard in it. */
export function itemSearch(item: Item): string {
  switch (item.kind) {
    case "keyspace": {
      const search = new URLSearchParams({ keyspace: item.name });
      if (item.shard !== null) search.set("shard", item.shard);
      return `?${search.toString()}`;
    }
    case "hostgroup":
      return "?tab=hostgroups";
    case "rule":
      return "?tab=rules";
    case "document":
      return "";
  }
}

export function refusalText({ code, named }: Refusal, t: T): string {
  const options: Record<string, unknown> = named;
  return t(`refusal.${code}`, options);
}
