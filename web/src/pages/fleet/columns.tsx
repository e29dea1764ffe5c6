// The columns of the fleet's table.
import type { TFunction } from "i18next";
import { Link } from "react-router";
import type { ClusterAvailability, ClusterSummary } from "../../api/types";
import type { Column } from "../../ui/Table";
import { Availability, Health, Lag, Mode, Nodes, Problems, State } from "./cells";
import css from "./Fleet.module.css";
import { byEpoch, byHealth, byLag, byName } from "./view";

type Known = ReadonlyMap<string, ClusterAvailability>;

export function fleetColumns(t: TFunction<"fleet">, known: Known): Column<ClusterSummary>[] {
  const reached = (name: string) => known.get(name)?.availability_percent ?? -1;
  return [
    {
      id: "name",
      header: t("column.name"),
      accessorKey: "name",
      sortingFn: (a, b) => byName(a.original, b.original),
      meta: { width: "10rem" },
      cell: ({ row: { original: cluster } }) => (
        <Link to={`/clusters/${encodeURIComponent(cluster.name)}`} className={css.name}>
          {cluster.name}
        </Link>
      ),
    },
    {
      id: "health",
      header: t("column.health"),
      accessorKey: "severity",
      sortingFn: (a, b) => byHealth(a.original, b.original),
      meta: { width: "7rem" },
      cell: ({ row: { original: cluster } }) => <Health cluster={cluster} />,
    },
    {
      id: "state",
      header: t("column.state"),
      accessorKey: "state",
      meta: { width: "8.5rem" },
      cell: ({ row: { original: cluster } }) => <State cluster={cluster} />,
    },
    {
      id: "primary",
      header: t("column.primary"),
      accessorKey: "primary",
      meta: { width: "10rem" },
      cell: ({ row: { original: cluster } }) => (
        <Link to={`/nodes/${encodeURIComponent(cluster.primary)}`} className={css.plain}>
          {cluster.primary}
        </Link>
      ),
    },
    {
      id: "mode",
      header: t("column.mode"),
      accessorKey: "mode",
      meta: { width: "8.5rem" },
      cell: ({ row: { original: cluster } }) => <Mode cluster={cluster} />,
    },
    {
      id: "epoch",
      header: t("column.epoch"),
      accessorKey: "epoch",
      sortingFn: (a, b) => byEpoch(a.original, b.original),
      meta: { align: "end", width: "4.5rem" },
    },
    {
      id: "nodes",
      header: t("column.nodes"),
      accessorFn: ({ nodes }) => nodes.passing / Math.max(nodes.total, 1),
      meta: { align: "end", width: "4.5rem" },
      cell: ({ row: { original: cluster } }) => <Nodes cluster={cluster} />,
    },
    {
      id: "lag",
      header: t("column.lag"),
      accessorKey: "max_lag_us",
      sortingFn: (a, b) => byLag(a.original, b.original),
      sortDescFirst: true,
      meta: { align: "end", width: "7.5rem" },
      cell: ({ row: { original: cluster } }) => <Lag cluster={cluster} />,
    },
    {
      id: "problems",
      header: t("column.problems"),
      accessorFn: ({ problems }) =>
        problems.critical * 1e6 + problems.warning * 1e3 + problems.info,
      sortDescFirst: true,
      meta: { fill: true },
      cell: ({ row: { original: cluster } }) => <Problems cluster={cluster} />,
    },
    {
      id: "availability",
      header: t("column.availability"),
      accessorFn: ({ name }) => reached(name),
      meta: { align: "end", width: "6.5rem" },
      cell: ({ row: { original: cluster } }) => <Availability of={known.get(cluster.name)} />,
    },
  ];
}
