// How available clusters were: every cluster over a time, or one with its outages. Prints well.
import { Download, Printer } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useAvailability, type Span } from "../../api/queries/availability";
import type { Availability } from "../../api/types";
import { exact } from "../../format";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { LinkButton } from "../../ui/LinkButton";
import { Loaded } from "../../ui/Loaded";
import { PageHeader } from "../../ui/PageHeader";
import { Sentence } from "../../ui/Sentence";
import css from "./Availability.module.css";
import { Controls } from "./Controls";
import { FleetReport } from "./FleetReport";
import { OneReport } from "./OneReport";
import { readChoice, writeChoice } from "./period";

export function Component() {
  const { t } = useTranslation("availability");
  const { t: common } = useTranslation();
  const [params] = useSearchParams();
  const span = readChoice(params);
  const cluster = params.get("cluster");
  const query = useAvailability(span, cluster ?? undefined);
  return (
    <div className={css.report}>
      <PageHeader
        title={cluster === null ? t("title") : t("of", { cluster })}
        crumbs={
          cluster === null
            ? []
            : [{ label: t("title"), to: `/availability?${writeChoice(span, null).toString()}` }]
        }
        actions={
          <span className={css.actions}>
            <LinkButton
              icon={Download}
              href={`/v1/availability.csv?${writeChoice(span, cluster).toString()}`}
              download
            >
              {common("csv")}
            </LinkButton>
            <Button icon={Printer} onClick={() => window.print()}>
              {t("print")}
            </Button>
          </span>
        }
      >
        {query.data && <Reach span={span} report={query.data} />}
      </PageHeader>
      <Controls span={span} cluster={cluster} report={query.data} />
      <Loaded query={query}>
        {(report) => <Report report={report} span={span} cluster={cluster} />}
      </Loaded>
    </div>
  );
}

/** Which time it is about, exactly. */
function Reach({ span, report }: { span: Span; report: Availability }) {
  const { t } = useTranslation("availability");
  const ends = { from: exact(report.from), to: exact(report.to) };
  return (
    <p className={css.faint}>
      {"period" in span
        ? t("reachOf", { period: t(`period.${span.period}`), ...ends })
        : t("reach", ends)}
    </p>
  );
}

function Report({
  report,
  span,
  cluster,
}: {
  report: Availability;
  span: Span;
  cluster: string | null;
}) {
  const { t } = useTranslation("availability");
  const one = cluster === null ? undefined : report.clusters.find((it) => it.cluster === cluster);
  return (
    <div className={css.parts}>
      {one ? <OneReport of={one} report={report} /> : <FleetReport report={report} span={span} />}
      <Card title={t("formula")}>
        <ul className={css.formula}>
          {report.formula.map((sentence) => (
            <li key={sentence}>
              <Sentence>{sentence}</Sentence>
            </li>
          ))}
        </ul>
      </Card>
    </div>
  );
}
