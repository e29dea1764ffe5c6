// Outages: when, how long, why, and the recovery that ended each.
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Span } from "../../api/queries/availability";
import { exact } from "../../format";
import { Badge } from "../../ui/Badge";
import { Sentence } from "../../ui/Sentence";
import { SmallTable, type SmallColumn } from "../../ui/SmallTable";
import css from "./Availability.module.css";
import { secs, type Outage } from "./figures";
import { writeChoice } from "./period";

export function Outages({
  outages,
  span,
}: {
  outages: Outage[];
  /** Given where they are of several clusters: each links to its report on this time. */
  span?: Span;
}) {
  const { t } = useTranslation("availability");
  const whose: SmallColumn<Outage> = {
    header: t("cluster"),
    cell: ({ cluster }) =>
      span && <Link to={`/availability?${writeChoice(span, cluster).toString()}`}>{cluster}</Link>,
  };
  const columns: SmallColumn<Outage>[] = [
    { header: t("outages.began"), cell: (outage) => exact(outage.began_at) },
    ...(span ? [whose] : []),
    {
      header: t("outages.lasted"),
      cell: (outage) => (
        <>
          {secs(outage.secs)}
          {outage.ended_at === null && <> · {t("outages.goesOn")}</>}
        </>
      ),
      end: true,
    },
    {
      header: t("outages.kind"),
      cell: (outage) =>
        outage.planned ? (
          <Badge tone="accent">{t("outages.planned")}</Badge>
        ) : (
          <Badge tone="critical">{t("outages.failure")}</Badge>
        ),
    },
    {
      header: t("outages.cause"),
      cell: (outage) => <Sentence>{outage.cause}</Sentence>,
      fill: true,
    },
    {
      header: t("outages.recovery"),
      cell: ({ recovery }) =>
        recovery === null ? (
          <span className={css.faint}>{t("outages.noRecovery")}</span>
        ) : (
          <Link to={`/recoveries/${encodeURIComponent(recovery)}`}>{t("outages.recovery")}</Link>
        ),
    },
  ];
  return (
    <SmallTable
      label={t("outages.title")}
      columns={columns}
      rows={outages}
      rowKey={(outage) => `${outage.cluster} ${outage.began_at}`}
    />
  );
}
