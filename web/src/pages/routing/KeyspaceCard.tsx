// One keyspace: its bar, which colour is which cluster, and its shards with what can be done.
import { EllipsisVertical, Lock, LockOpen, Merge, MoveRight, Split, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { percent } from "../../format";
import { Badge } from "../../ui/Badge";
import { Button, IconButton } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { classes } from "../../ui/class";
import { Menu, type MenuItem } from "../../ui/Menu";
import { notify } from "../../ui/notices";
import { same, type KeyspaceEntry } from "./document";
import type { Edit } from "./edits";
import { isAbout } from "./faults";
import { share, type KeyspaceShape, type ShardShape } from "./geometry";
import { KeyspaceBar, ownsText } from "./KeyspaceBar";
import { refusalText } from "./itemText";
import type { Refusal } from "./refusal";
import css from "./routing.module.css";
import { ShardDialog, type ShardAction } from "./ShardDialog";
import { useWork } from "./store";
import { useMay } from "../../ui/useMay";
import { useEditing } from "./editing";

interface Props {
  keyspace: KeyspaceShape;
  /** As it is in force; null when it is new in the draft. */
  before: KeyspaceShape | null;
  writers: ReadonlyMap<string, string | null>;
  paint: (cluster: string) => string;
  found: string | null;
  /** The only keyspace: its shards are listed at once. */
  alone: boolean;
}

export function KeyspaceCard({ keyspace, before, writers, paint, found, alone }: Props) {
  const { t } = useTranslation("routing");
  const [search, setSearch] = useSearchParams();
  const { name } = keyspace;
  const here = search.get("keyspace") === name;
  const open = here || alone;
  const chosen = here ? search.get("shard") : null;
  const show = (shard: string | null) =>
    setSearch(
      (now) => {
        const next = new URLSearchParams(now);
        if (next.get("keyspace") !== name) next.delete("key");
        next.set("keyspace", name);
        if (shard === null) next.delete("shard");
        else next.set("shard", shard);
        return next;
      },
      { replace: true },
    );
  return (
    <Card
      title={
        <>
          {name}{" "}
          <span className={css.kind}>
            {t(`function.${keyspace.function}`, { modulo: keyspace.modulo ?? 0 })}
          </span>{" "}
          {before === null && <Badge tone="ok">{t("map.new")}</Badge>}
        </>
      }
      actions={<Actions keyspace={keyspace} />}
    >
      <div className={css.stack}>
        <KeyspaceBar
          keyspace={keyspace}
          paint={paint}
          chosen={chosen}
          found={found}
          onChoose={show}
        />
        <Legend keyspace={keyspace} paint={paint} />
        {open ? (
          <Shards
            keyspace={keyspace}
            before={before}
            writers={writers}
            paint={paint}
            chosen={chosen ?? found}
          />
        ) : (
          <div>
            <Button size="sm" variant="ghost" onClick={() => show(null)}>
              {t("map.shards", { count: keyspace.shards.length })}
            </Button>
          </div>
        )}
      </div>
    </Card>
  );
}

function Actions({ keyspace }: { keyspace: KeyspaceShape }) {
  const { t } = useTranslation("routing");
  const { why } = useMay("administer");
  const { document, edit } = useEditing();
  const entry = document?.keyspaces[keyspace.name];
  const change = useEdit(edit);
  const remove = () => {
    if (entry) change({ kind: "keyspace", name: keyspace.name, was: entry, to: null });
  };
  return (
    <Menu
      refused={why}
      items={[
        {
          label: t("keyspace.remove"),
          icon: Trash2,
          danger: true,
          disabled: !entry,
          onSelect: remove,
        },
      ]}
    >
      <IconButton
        icon={EllipsisVertical}
        label={t("keyspace.actions", { name: keyspace.name })}
        refused={why}
      />
    </Menu>
  );
}

/** Makes an edit; what stands in its way is said in a notice. */
function useEdit(edit: (edit: Edit) => Refusal | null) {
  const { t } = useTranslation("routing");
  return (wanted: Edit) => {
    const refusal = edit(wanted);
    if (refusal) notify(refusalText(refusal, t), "critical");
  };
}

function Legend({
  keyspace,
  paint,
}: {
  keyspace: KeyspaceShape;
  paint: (cluster: string) => string;
}) {
  const { t } = useTranslation("routing");
  const clusters = [...new Set(keyspace.shards.map((shard) => shard.cluster))].sort();
  return (
    <ul className={css.legend} aria-label={t("map.legend")}>
      {clusters.map((cluster) => (
        <li key={cluster}>
          <span className={classes(css.swatch, paint(cluster))} aria-hidden />
          <Link to={`/clusters/${cluster}`}>{cluster}</Link>
        </li>
      ))}
    </ul>
  );
}

/** So many shards are listed at first; a keyspace may have thousands. */
const ROWS = 100;

type ShardsProps = Pick<Props, "keyspace" | "before" | "writers" | "paint"> & {
  chosen: string | null;
};

function Shards({ keyspace, before, writers, paint, chosen }: ShardsProps) {
  const { t } = useTranslation("routing");
  const { t: common } = useTranslation();
  const { document } = useEditing();
  const [action, setAction] = useState<ShardAction | null>(null);
  const [limit, setLimit] = useState(ROWS);
  const entry = document?.keyspaces[keyspace.name] ?? null;
  const rows = keyspace.shards.filter((shard, at) => at < limit || shard.name === chosen);
  return (
    <div className={css.scroll}>
      <table className={css.table} aria-label={t("map.shardsOf", { name: keyspace.name })}>
        <thead>
          <tr>
            <th scope="col">{t("column.shard")}</th>
            <th scope="col">{t("column.owns")}</th>
            <th scope="col" className={css.number}>
              {t("column.share")}
            </th>
            <th scope="col">{t("column.cluster")}</th>
            <th scope="col">{t("column.writes")}</th>
            <th scope="col">{t("column.writer")}</th>
            <th scope="col" className={css.act}>
              <span className="visually-hidden">{t("column.actions")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((shard) => (
            <ShardRow
              key={shard.name}
              keyspace={keyspace}
              shard={shard}
              entry={entry}
              before={before?.shards.find((one) => one.name === shard.name) ?? null}
              writer={writers.get(shard.name) ?? null}
              paint={paint}
              chosen={chosen === shard.name}
              onAction={setAction}
            />
          ))}
        </tbody>
      </table>
      {rows.length < keyspace.shards.length && (
        <div className={css.filling}>
          <Button size="sm" onClick={() => setLimit(limit + ROWS)}>
            {common("more")}
          </Button>
        </div>
      )}
      {action && entry && (
        <ShardDialog
          keyspace={keyspace}
          entry={entry}
          action={action}
          onClose={() => setAction(null)}
        />
      )}
    </div>
  );
}

interface RowProps {
  keyspace: KeyspaceShape;
  shard: ShardShape;
  entry: KeyspaceEntry | null;
  before: ShardShape | null;
  writer: string | null;
  paint: (cluster: string) => string;
  chosen: boolean;
  onAction: (action: ShardAction) => void;
}

function ShardRow({ keyspace, shard, entry, before, writer, paint, chosen, onAction }: RowProps) {
  const { t } = useTranslation("routing");
  const part = share(keyspace, shard);
  const { faults } = useWork();
  const wrong = faults.some((fault) =>
    isAbout(fault, { kind: "keyspace", name: keyspace.name, shard: shard.name }),
  );
  return (
    <tr
      aria-current={chosen || undefined}
      className={classes(chosen && css.chosen, wrong && css.wrong)}
    >
      <th scope="row">
        <span className={classes(css.swatch, paint(shard.cluster))} aria-hidden /> {shard.name}{" "}
        {before === null && <Badge tone="ok">{t("map.new")}</Badge>}
        {before !== null && !same(before, shard) && <Badge tone="info">{t("map.changed")}</Badge>}
      </th>
      <td className={css.wrap}>
        <code>{ownsText(keyspace, shard, t)}</code>
      </td>
      <td className={css.number}>{part === null ? "–" : percent(part * 100, 2)}</td>
      <td>
        <Link to={`/clusters/${shard.cluster}`}>{shard.cluster}</Link>
      </td>
      <td>
        <Badge tone={shard.writes === "held" ? "warning" : "neutral"}>
          {t(`writes.${shard.writes}`)}
        </Badge>
      </td>
      <td>{writer ?? "–"}</td>
      <td className={css.act}>
        <ShardMenu keyspace={keyspace} shard={shard} entry={entry} onAction={onAction} />
      </td>
    </tr>
  );
}

function ShardMenu({
  keyspace,
  shard,
  entry,
  onAction,
}: Pick<RowProps, "keyspace" | "shard" | "entry" | "onAction">) {
  const { t } = useTranslation("routing");
  const { why } = useMay("administer");
  const { document, edit } = useEditing();
  const change = useEdit(edit);
  const off = entry === null;
  const at = { shard: shard.name };
  const held = shard.writes === "held";
  const writes = () =>
    change({
      kind: "writes",
      keyspace: keyspace.name,
      shard: shard.name,
      writes: held ? "serving" : "held",
    });
  const items: (MenuItem | "line")[] = [
    {
      label: t("action.split"),
      icon: Split,
      disabled: off,
      onSelect: () => onAction({ kind: "split", ...at }),
    },
    {
      label: t("action.merge"),
      icon: Merge,
      disabled: off || entry.shards.length < 2,
      onSelect: () => onAction({ kind: "merge", ...at }),
    },
    {
      label: t("action.move"),
      icon: MoveRight,
      disabled: off || Object.keys(document?.clusters ?? {}).length < 2,
      onSelect: () => onAction({ kind: "move", ...at }),
    },
    "line",
    {
      label: t(held ? "action.release" : "action.hold"),
      icon: held ? LockOpen : Lock,
      disabled: off,
      onSelect: writes,
    },
  ];
  return (
    <Menu items={items} refused={why}>
      <IconButton size="sm" icon={EllipsisVertical} label={t("action.of", at)} refused={why} />
    </Menu>
  );
}
