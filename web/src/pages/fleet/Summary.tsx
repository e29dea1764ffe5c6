// The fleet in one line. Each number is a filter.
import { useTranslation } from "react-i18next";
import type { ClusterSummary } from "../../api/types";
import { count } from "../../format";
import { Status } from "../../ui/Badge";
import { classes } from "../../ui/class";
import css from "./Fleet.module.css";
import { healths, totals, type Filter } from "./view";

export function Summary({
  all,
  filter,
  onFilter,
}: {
  all: ClusterSummary[];
  filter: Filter;
  onFilter: (part: Partial<Filter>) => void;
}) {
  const { t, i18n } = useTranslation("fleet");
  const sum = totals(all);
  const number = (value: number) => count(value, i18n.language);
  return (
    <section aria-label={t("summary.label")} className={css.summary}>
      {healths.map((health) => (
        <button
          key={health}
          type="button"
          aria-pressed={filter.health === health}
          onClick={() => onFilter({ health: filter.health === health ? null : health })}
          className={classes(css.tile, sum.health[health] === 0 && css.zero)}
        >
          <Status tone={health}>{t(`summary.${health}`)}</Status>
          <strong>{number(sum.health[health])}</strong>
        </button>
      ))}
      <dl className={css.facts}>
        <Fact label={t("summary.noWrites")} value={number(sum.noWrites)} loud={sum.noWrites > 0} />
        <Fact label={t("summary.recovering")} value={number(sum.recovering)} />
        <Fact label={t("summary.paused")} value={number(sum.paused)} />
      </dl>
    </section>
  );
}

function Fact({ label, value, loud = false }: { label: string; value: string; loud?: boolean }) {
  return (
    <div className={classes(css.fact, loud && css.loud)}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}
