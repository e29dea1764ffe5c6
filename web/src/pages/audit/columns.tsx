// One entry of the audit log, as a row and as a card.
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { AuditRecord } from "../../api/types";
import { UNKNOWN } from "../../format";
import { Sentence } from "../../ui/Sentence";
import type { Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import css from "./Audit.module.css";

export function auditColumns(t: TFunction<"audit">): Column<AuditRecord>[] {
  const columns: Column<AuditRecord>[] = [
    {
      id: "at",
      header: t("column.at"),
      cell: ({ row: { original: one } }) => <Time at={one.at} full />,
    },
    { id: "actor", header: t("column.actor"), accessorKey: "actor" },
    {
      id: "action",
      header: t("column.action"),
      cell: ({ row: { original: one } }) => <code>{one.action}</code>,
    },
    { id: "target", header: t("column.target"), accessorKey: "target" },
    {
      id: "reason",
      header: t("column.reason"),
      meta: { wrap: true },
      cell: ({ row: { original: one } }) => (
        <span className={css.reason}>{one.reason ?? UNKNOWN}</span>
      ),
    },
    {
      id: "result",
      header: t("column.result"),
      meta: { fill: true, wrap: true },
      cell: ({ row: { original: one } }) => <Sentence>{one.result}</Sentence>,
    },
  ];
  // It is the server's order, page by page.
  return columns.map((column) => ({ ...column, enableSorting: false }));
}

export function RecordCard({ record }: { record: AuditRecord }) {
  const { t } = useTranslation("audit");
  return (
    <article className={css.card}>
      <p className={css.cardHead}>
        <span>
          <code>{record.action}</code> {record.target}
        </span>
        <strong>{record.actor}</strong>
      </p>
      {record.reason !== null && <p>{t("why", { reason: record.reason })}</p>}
      <p>
        <Sentence>{record.result}</Sentence>
      </p>
      <p className={css.faint}>
        <Time at={record.at} full />
      </p>
    </article>
  );
}
