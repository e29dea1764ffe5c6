// Tabs whose choice is in the address (?tab=…): a link leads to the tab, and back goes back.
import { Tabs as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router";
import css from "./Tabs.module.css";

export interface Tab {
  /** In the address; the first is the one without. */
  id: string;
  label: ReactNode;
  content: ReactNode;
}

export function Tabs({
  tabs,
  label,
  param = "tab",
}: {
  tabs: Tab[];
  label: string;
  param?: string;
}) {
  const [search, setSearch] = useSearchParams();
  const first = tabs[0]?.id ?? "";
  const asked = search.get(param);
  const chosen = tabs.find((tab) => tab.id === asked)?.id ?? first;
  const choose = (id: string) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (id === first) next.delete(param);
      else next.set(param, id);
      return next;
    });
  return (
    <Radix.Root value={chosen} onValueChange={choose} activationMode="manual">
      <Radix.List className={css.list} aria-label={label}>
        {tabs.map((tab) => (
          <Radix.Trigger key={tab.id} value={tab.id} className={css.tab}>
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.id} value={tab.id} className={css.content}>
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
