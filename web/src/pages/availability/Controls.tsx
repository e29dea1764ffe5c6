// Which time, and which cluster.
import { useTranslation } from "react-i18next";
import type { Span } from "../../api/queries/availability";
import { useClusters } from "../../api/queries/clusters";
import type { Availability } from "../../api/types";
import { Button } from "../../ui/Button";
import { Choice, Filters, SearchBox, TimeChoice } from "../../ui/Filters";
import { useAddress } from "../../ui/useAddress";
import css from "./Availability.module.css";
import { PERIODS } from "./period";

export function Controls({
  span,
  cluster,
  report,
}: {
  span: Span;
  cluster: string | null;
  report: Availability | undefined;
}) {
  const { t } = useTranslation("availability");
  const { t: common } = useTranslation();
  const [params, change] = useAddress();
  const clusters = useClusters().data?.map((one) => one.name) ?? [];
  const chosen = "period" in span ? span.period : null;
  // One end is typed; the other is what the report is about.
  const bounds = "period" in span ? report : span;
  const between = (ends: { from?: string | null; to?: string | null }) => {
    if (bounds && ends.from !== null && ends.to !== null)
      change({ from: bounds.from, to: bounds.to, ...ends, period: null });
  };
  return (
    <Filters>
      <div role="group" aria-label={t("period.label")} className={css.periods}>
        {PERIODS.map((period) => (
          <Button
            key={period}
            aria-pressed={chosen === period}
            onClick={() => change({ period, from: null, to: null })}
          >
            {t(`period.${period}`)}
          </Button>
        ))}
      </div>
      <TimeChoice
        label={common("from")}
        value={bounds?.from}
        onChange={(from) => between({ from })}
      />
      <TimeChoice label={common("to")} value={bounds?.to} onChange={(to) => between({ to })} />
      <Choice
        label={t("cluster")}
        value={cluster ?? undefined}
        choices={clusters.sort().map((value) => ({ value, label: value }))}
        onChange={(next) => change({ cluster: next, q: null })}
      />
      {cluster === null && (
        <SearchBox label={t("search")} q={params.get("q") ?? ""} onSearch={(q) => change({ q })} />
      )}
    </Filters>
  );
}
