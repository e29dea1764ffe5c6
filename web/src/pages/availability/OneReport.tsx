// The report on one cluster: its figures, its time and its outages.
import { CircleCheck } from "lucide-react";
import type { ReactNode } from "react";
import { Trans, useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Availability, ClusterAvailability } from "../../api/types";
import { UNKNOWN } from "../../format";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { Note } from "../../ui/Note";
import { Sentence } from "../../ui/Sentence";
import css from "./Availability.module.css";
import {
  allowedSecs,
  down,
  newestOutages,
  observedShare,
  secs,
  verdicts,
  wholePercent,
} from "./figures";
import { Held } from "./Held";
import { Outages } from "./Outages";
import { TimeBar } from "./TimeBar";
import { spanOf } from "./timebar";

/** The API tells so many outages of a cluster at most; the figures count all. */
const MOST_TOLD = 500;

export function OneReport({ of, report }: { of: ClusterAvailability; report: Availability }) {
  const { t } = useTranslation("availability");
  const outages = newestOutages([of]);
  const observed = wholePercent(observedShare(of, report.from, report.to));
  return (
    <>
      {observed < 100 && (
        <Note>
          <p>{t("partly", { share: observed, time: secs(of.observed_secs) })}</p>
        </Note>
      )}
      <Figures of={of} />
      <Card
        title={t("bar.title")}
        actions={
          <Link to={`/clusters/${encodeURIComponent(of.cluster)}`} className={css.unprinted}>
            {t("toCluster")}
          </Link>
        }
      >
        <TimeBar outages={of.outages} span={spanOf(report.from, report.to)} />
      </Card>
      <Card title={t("outages.title")} flush>
        {outages.length === 0 ? (
          <Empty
            icon={of.observed_secs > 0 ? CircleCheck : undefined}
            title={t(of.observed_secs > 0 ? "outages.none" : "notObserved")}
          />
        ) : (
          <Outages outages={outages} />
        )}
        {outages.length === MOST_TOLD && (
          <p className={css.note}>{t("outages.most", { count: MOST_TOLD })}</p>
        )}
      </Card>
    </>
  );
}

function Figures({ of }: { of: ClusterAvailability }) {
  const { t } = useTranslation("availability");
  const allowed = allowedSecs(of);
  const untested = Object.values(verdicts(of)).includes("untested");
  return (
    <section aria-label={t("summary")} className={css.figures}>
      <Figure label={t("title")}>
        <Held figure="availability" of={of} />
      </Figure>
      <Figure label={t("down")}>
        <span className={css.held}>
          {down(of)}
          {allowed !== null && of.observed_secs > 0 && (
            <small className={css.faint}>{t("allowed", { time: secs(allowed) })}</small>
          )}
        </span>
      </Figure>
      <Figure label={t("failures")}>{of.observed_secs === 0 ? UNKNOWN : of.failures}</Figure>
      <Figure label={t("mtbf")} title={t("mtbfIs")}>
        {secs(of.mtbf_secs)}
      </Figure>
      <Figure label={t("mttr")} title={t("mttrIs")}>
        {secs(of.mttr_secs)}
      </Figure>
      <Figure label={t("rto")} title={t("rtoIs")}>
        <Held figure="rto" of={of} />
      </Figure>
      <Figure label={t("rpo")} title={t("rpoIs")}>
        <Held figure="rpo" of={of} />
      </Figure>
      <div className={css.remarks}>
        {of.rpo_sentence && (
          <p>
            <Trans
              t={t}
              i18nKey="rpoSays"
              components={{ said: <Sentence>{of.rpo_sentence}</Sentence> }}
            />
          </p>
        )}
        {untested && <p>{t("untested")}</p>}
      </div>
    </section>
  );
}

function Figure({
  label,
  title,
  children,
}: {
  label: string;
  /** What it means. */
  title?: string;
  children: ReactNode;
}) {
  return (
    <div className={css.figure}>
      <h2>{label}</h2>
      {title && <p className={css.faint}>{title}</p>}
      <div className={css.value}>{children}</div>
    </div>
  );
}
