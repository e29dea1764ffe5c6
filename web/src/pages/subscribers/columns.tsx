// The columns of the subscribers' table.
import type { TFunction } from "i18next";
import type { Subscriber } from "../../api/types";
import type { Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { Delay, Nacks, Revision, Standing, ToldOf } from "./cells";
import css from "./Subscribers.module.css";

export function subscriberColumns(t: TFunction<"subscribers">): Column<Subscriber>[] {
  return [
    {
      id: "id",
      header: t("column.id"),
      accessorKey: "id",
      cell: ({ row: { original: one } }) => (
        <>
          <strong className={css.id}>{one.id}</strong>
          <div className={css.faint}>{one.address}</div>
        </>
      ),
    },
    {
      id: "standing",
      header: t("column.standing"),
      accessorFn: (one) => (one.behind ? 0 : one.sent === null ? 1 : 2),
      cell: ({ row: { original: one } }) => <Standing subscriber={one} />,
    },
    {
      id: "kind",
      header: t("column.kind"),
      accessorKey: "kind",
      cell: ({ row: { original: one } }) => t(`kind.${one.kind}`),
    },
    { id: "version", header: t("column.version"), accessorKey: "version" },
    {
      id: "told",
      header: t("column.told"),
      enableSorting: false,
      meta: { wrap: true },
      cell: ({ row: { original: one } }) => <ToldOf subscriber={one} />,
    },
    {
      id: "sent",
      header: t("column.sent"),
      enableSorting: false,
      meta: { align: "end" },
      cell: ({ row: { original: one } }) => <Revision value={one.sent} />,
    },
    {
      id: "acked",
      header: t("column.acked"),
      enableSorting: false,
      meta: { align: "end" },
      cell: ({ row: { original: one } }) => <Revision value={one.acked} />,
    },
    {
      id: "delay",
      header: t("column.delay"),
      accessorFn: (one) => one.ack_delay_us ?? -1,
      sortDescFirst: true,
      meta: { align: "end" },
      cell: ({ row: { original: one } }) => <Delay subscriber={one} />,
    },
    {
      id: "nacks",
      header: t("column.nacks"),
      accessorKey: "nacks",
      sortDescFirst: true,
      meta: { fill: true, wrap: true },
      cell: ({ row: { original: one } }) => <Nacks subscriber={one} />,
    },
    {
      id: "connected",
      header: t("column.connected"),
      accessorFn: (one) => one.connected_at ?? "",
      cell: ({ row: { original: one } }) => <Time at={one.connected_at} />,
    },
  ];
}
