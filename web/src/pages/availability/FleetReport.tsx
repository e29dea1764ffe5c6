// The report on every cluster: the worst first.
import { CircleCheck, History } from "lucide-react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import type { Span } from "../../api/queries/availability";
import type { Availability, ClusterAvailability } from "../../api/types";
import { UNKNOWN } from "../../format";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { Fact, Facts } from "../../ui/Facts";
import { SmallTable, type SmallColumn } from "../../ui/SmallTable";
import css from "./Availability.module.css";
import {
  down,
  newestOutages,
  observedShare,
  secs,
  summarise,
  wholePercent,
  worstFirst,
} from "./figures";
import { Held } from "./Held";
import { Outages } from "./Outages";
import { writeChoice } from "./period";

/** Newer outages than this many are shown; the report on one cluster has all of its own. */
const MOST_OUTAGES = 100;

export function FleetReport({ report, span }: { report: Availability; span: Span }) {
  const { t } = useTranslation("availability");
  const [params] = useSearchParams();
  const q = params.get("q")?.toLowerCase() ?? "";
  const found = worstFirst(report.clusters.filter((it) => it.cluster.toLowerCase().includes(q)));
  if (report.clusters.length === 0) return <Empty icon={History} title={t("none")} />;
  const sum = summarise(found);
  const outages = newestOutages(found);
  return (
    <>
      <Facts label={t("summary")}>
        <Fact label={t("clusters")} value={sum.clusters} />
        <Fact label={t("missed")} value={sum.missed} tone={sum.missed > 0 ? "critical" : "ok"} />
        <Fact
          label={t("notObserved")}
          value={sum.unknown}
          tone={sum.unknown > 0 ? "unknown" : "ok"}
        />
        <Fact label={t("failures")} value={sum.failures} />
      </Facts>
      <Card title={t("clusters")} flush>
        {found.length === 0 ? (
          <Empty title={t("noneFit")} />
        ) : (
          <SmallTable
            label={t("clusters")}
            columns={columnsOf(t, report, span)}
            rows={found}
            rowKey={(it) => it.cluster}
          />
        )}
      </Card>
      <Card title={t("outages.title")} flush>
        {outages.length === 0 ? (
          <Empty icon={CircleCheck} title={t("outages.none")} />
        ) : (
          <Outages outages={outages.slice(0, MOST_OUTAGES)} span={span} />
        )}
        {outages.length > MOST_OUTAGES && (
          <p className={css.note}>
            {t("outages.newest", { shown: MOST_OUTAGES, all: outages.length })}
          </p>
        )}
      </Card>
    </>
  );
}

function columnsOf(
  t: TFunction<"availability">,
  { from, to }: Availability,
  span: Span,
): SmallColumn<ClusterAvailability>[] {
  return [
    {
      header: t("cluster"),
      cell: (it) => (
        <Link to={`/availability?${writeChoice(span, it.cluster).toString()}`}>{it.cluster}</Link>
      ),
      fill: true,
    },
    { header: t("title"), cell: (it) => <Held figure="availability" of={it} />, end: true },
    { header: t("down"), cell: down, end: true },
    {
      header: t("failures"),
      cell: (it) => (it.observed_secs === 0 ? UNKNOWN : it.failures),
      end: true,
    },
    { header: t("mtbf"), cell: (it) => secs(it.mtbf_secs), end: true },
    { header: t("mttr"), cell: (it) => secs(it.mttr_secs), end: true },
    { header: t("rto"), cell: (it) => <Held figure="rto" of={it} />, end: true },
    { header: t("rpo"), cell: (it) => <Held figure="rpo" of={it} />, end: true },
    {
      header: t("observed"),
      cell: (it) => `${wholePercent(observedShare(it, from, to))} %`,
      end: true,
    },
  ];
}
