// Ctrl-K: jump to any page, cluster or node by a part of its name.
import { Command } from "cmdk";
import { Boxes, Database } from "lucide-react";
import { useMemo, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useClusters } from "../api/queries/clusters";
import { useNodes } from "../api/queries/nodes";
import { useModal } from "../ui/useModal";
import { usePages } from "./pages";
import css from "./Palette.module.css";
import { best } from "./search";

const SHOWN = 8;

export function Palette({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("shell");
  const navigate = useNavigate();
  const [, setElement] = useModal();
  const [typed, setTyped] = useState("");
  const pages = usePages();
  const clusters = useClusters().data;
  const nodes = useNodes().data;

  const places = useMemo(
    () => pages.map((page) => ({ ...page, name: t(`nav.${page.key}`) })),
    [t, pages],
  );
  const foundPages = best(places, typed, SHOWN);
  const foundClusters = best(clusters ?? [], typed, SHOWN);
  const foundNodes = typed ? best(nodes ?? [], typed, SHOWN) : [];
  const go = (to: string) => {
    onClose();
    void navigate(to);
  };

  return (
    <dialog
      ref={setElement}
      className={css.palette}
      aria-label={t("jump")}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <Command shouldFilter={false} label={t("jump")} loop>
        <Command.Input
          value={typed}
          onValueChange={setTyped}
          placeholder={t("jumpHint")}
          className={css.input}
        />
        <Command.List className={css.list}>
          <Command.Empty className={css.empty}>{t("jumpNone")}</Command.Empty>
          <Group
            heading={t("groups.clusters")}
            items={foundClusters}
            icon={<Boxes aria-hidden size={14} />}
            onSelect={(name) => go(`/clusters/${encodeURIComponent(name)}`)}
          />
          <Group
            heading={t("groups.nodes")}
            items={foundNodes}
            icon={<Database aria-hidden size={14} />}
            onSelect={(name) => go(`/nodes/${encodeURIComponent(name)}`)}
          />
          {foundPages.length > 0 && (
            <Command.Group heading={t("groups.pages")} className={css.group}>
              {foundPages.map(({ to, name, icon: Icon }) => (
                <Command.Item
                  key={to}
                  value={`page ${to}`}
                  onSelect={() => go(to)}
                  className={css.item}
                >
                  <Icon aria-hidden size={14} />
                  {name}
                </Command.Item>
              ))}
            </Command.Group>
          )}
        </Command.List>
      </Command>
    </dialog>
  );
}

function Group({
  heading,
  items,
  icon,
  onSelect,
}: {
  heading: string;
  items: { name: string }[];
  icon: ReactNode;
  onSelect: (name: string) => void;
}) {
  if (items.length === 0) return null;
  return (
    <Command.Group heading={heading} className={css.group}>
      {items.map(({ name }) => (
        <Command.Item
          key={name}
          value={`${heading} ${name}`}
          onSelect={() => onSelect(name)}
          className={css.item}
        >
          {icon}
          {name}
        </Command.Item>
      ))}
    </Command.Group>
  );
}
