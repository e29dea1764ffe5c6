// How the connections of each node are divided among the pools of subscribers.
import { Cable } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useConnections } from "../../api/queries/clusters";
import type { NodeConnections } from "../../api/types";
import { UNKNOWN } from "../../format";
import { Empty } from "../../ui/Empty";
import { Loaded } from "../../ui/Loaded";
import { Table, type Column } from "../../ui/Table";
import css from "./cluster.module.css";
import { nodePath } from "./model/address";

export function Connections({ cluster }: { cluster: string }) {
  const { t } = useTranslation("cluster");
  const query = useConnections(cluster);
  const columns = useMemo(() => columnsOf(t), [t]);
  return (
    <div className={css.stack}>
      <p className={css.faint}>{t("connections.text")}</p>
      <Loaded query={query}>
        {(rows) => (
          <Table
            label={t("tabs.connections")}
            rows={rows}
            columns={columns}
            rowKey={(row) => row.node}
            card={(row) => <Card row={row} />}
            empty={<Empty icon={Cable} title={t("connections.none")} />}
          />
        )}
      </Loaded>
    </div>
  );
}

type T = ReturnType<typeof useTranslation<"cluster">>["t"];

const shown = (value: number | null) => value ?? UNKNOWN;

function columnsOf(t: T): Column<NodeConnections>[] {
  const number = (
    id: "max_connections" | "reserve" | "pools" | "share" | "handed_out",
  ): Column<NodeConnections> => ({
    id,
    accessorKey: id,
    header: t(`connections.${id}`),
    meta: { align: "end" },
    cell: ({ row }) => shown(row.original[id]),
  });
  return [
    {
      id: "node",
      accessorKey: "node",
      header: t("connections.node"),
      meta: { fill: true },
      cell: ({ row }) => <Link to={nodePath(row.original.node)}>{row.original.node}</Link>,
    },
    number("max_connections"),
    number("reserve"),
    number("pools"),
    number("share"),
    number("handed_out"),
  ];
}

function Card({ row }: { row: NodeConnections }) {
  const { t } = useTranslation("cluster");
  return (
    <article className={css.item}>
      <p className={css.itemHead}>
        <Link to={nodePath(row.node)}>{row.node}</Link>
        <span>
          {t("connections.handed_out")} {row.handed_out}
        </span>
      </p>
      <p className={css.faint}>
        {t("connections.max_connections")} {shown(row.max_connections)} · {t("connections.reserve")}{" "}
        {row.reserve} · {t("connections.pools")} {row.pools} · {t("connections.share")}{" "}
        {shown(row.share)}
      </p>
    </article>
  );
}
