// One entry of the audit log, as a row and as a card.
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { AuditRecord } from "../../api/types";
import { UNKNOWN } from "../../format";
import { Status, type Tone } from "../../ui/Badge";
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
      id: "token",
      header: t("column.token"),
      cell: ({ row: { original: one } }) => (
        <>
          {one.token ?? UNKNOWN}
          {one.from !== null && (
            <div className={css.below}>{t("fromWhere", { from: one.from })}</div>
          )}
        </>
      ),
    },
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
      id: "outcome",
      header: t("column.outcome"),
      cell: ({ row: { original: one } }) => <Outcome of={one} />,
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

const TONES: Record<AuditRecord["outcome"], Tone> = {
  done: "ok",
  refused: "warning",
  denied: "critical",
};

function Outcome({ of: { outcome } }: { of: AuditRecord }) {
  const { t } = useTranslation("audit");
  return <Status tone={TONES[outcome]}>{t(`outcome.${outcome}`)}</Status>;
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
        <Outcome of={record} /> <Sentence>{record.result}</Sentence>
      </p>
      <p className={css.faint}>
        <Time at={record.at} full />
        {record.token !== null && ` · ${t("withToken", { token: record.token })}`}
        {record.from !== null && ` · ${t("fromWhere", { from: record.from })}`}
      </p>
    </article>
  );
}
