// Outages drawn to scale on the time of the report. The table below it says the same in words.
import { useTranslation } from "react-i18next";
import type { ClusterAvailability } from "../../api/types";
import { exact } from "../../format";
import { classes } from "../../ui/class";
import css from "./Availability.module.css";
import { secs } from "./figures";
import { bars, ticks, type Span, type TickUnit } from "./timebar";

export function TimeBar({
  outages,
  span,
}: {
  outages: ClusterAvailability["outages"];
  span: Span;
}) {
  const { t, i18n } = useTranslation("availability");
  const { unit, at } = ticks(span);
  const label = new Intl.DateTimeFormat(i18n.language, FORMATS[unit]);
  return (
    <figure className={css.bar}>
      <div role="img" aria-label={t("bar.says", { count: outages.length })} className={css.track}>
        {bars(outages, span).map(({ left, width, outage }) => (
          <span
            key={outage.began_at}
            className={classes(css.outage, outage.planned && css.planned)}
            style={{ left: share(left), width: share(width) }}
            title={`${exact(outage.began_at)} · ${secs(outage.secs)} · ${outage.cause}`}
          />
        ))}
      </div>
      <div aria-hidden className={css.ticks}>
        {at.map(({ left, time }) => (
          <span key={time} style={{ left: share(left) }}>
            {label.format(time)}
          </span>
        ))}
      </div>
      <figcaption className={css.key}>
        <span className={css.keyFailure}>{t("outages.failure")}</span>
        <span className={css.keyPlanned}>{t("outages.planned")}</span>
      </figcaption>
    </figure>
  );
}

const FORMATS: Record<TickUnit, Intl.DateTimeFormatOptions> = {
  hour: { hour: "2-digit", minute: "2-digit", hour12: false },
  day: { month: "short", day: "numeric" },
  month: { month: "short", year: "2-digit" },
};

function share(of: number): string {
  return `${of * 100}%`;
}
