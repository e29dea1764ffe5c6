// What the fleet says of one cluster, in the table and on a card.
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { ClusterAvailability, ClusterSummary, Severity } from "../../api/types";
import { duration, percent, UNKNOWN } from "../../format";
import { Badge, Status } from "../../ui/Badge";
import { Sentence } from "../../ui/Sentence";
import { stateTone } from "../../ui/status";
import css from "./Fleet.module.css";
import { healthOf } from "./view";

interface Of {
  cluster: ClusterSummary;
}

export function Health({ cluster }: Of) {
  const { t } = useTranslation("fleet");
  const health = healthOf(cluster);
  return <Status tone={health}>{t(`health.${health}`)}</Status>;
}

export function State({ cluster }: Of) {
  const { t } = useTranslation("fleet");
  const { t: common } = useTranslation();
  const state = common(`state.${cluster.state}`);
  return (
    <span className={css.inline}>
      {cluster.state === "serving" ? (
        state
      ) : (
        <Status tone={stateTone(cluster.state)}>{state}</Status>
      )}
      {cluster.recovery !== null && (
        <Link to={`/recoveries/${encodeURIComponent(cluster.recovery)}`}>
          <Badge tone="accent">{t("recovering")}</Badge>
        </Link>
      )}
    </span>
  );
}

export function Mode({ cluster }: Of) {
  const { t } = useTranslation("fleet");
  const { t: common } = useTranslation();
  return (
    <span className={css.inline}>
      {common(`mode.${cluster.mode}`)}
      {cluster.paused && <Badge tone="warning">{t("paused")}</Badge>}
    </span>
  );
}

export function Nodes({ cluster: { nodes } }: Of) {
  const { t } = useTranslation("fleet");
  const said = [
    t("nodesPassing", { passing: nodes.passing, total: nodes.total }),
    nodes.unknown > 0 && t("nodesNone", { count: nodes.unknown }),
  ];
  const title = said.filter(Boolean).join("; ");
  return (
    <span title={title} className={nodes.passing < nodes.total ? css.less : undefined}>
      {nodes.passing}/{nodes.total}
    </span>
  );
}

export function Lag({ cluster: { max_lag_us, lag_unknown } }: Of) {
  const { t } = useTranslation("fleet");
  if (lag_unknown === 0) return duration(max_lag_us);
  return (
    <span title={t("lagUnknown", { count: lag_unknown })}>
      {max_lag_us !== null && `${duration(max_lag_us)} · `}
      <span className={css.less}>? ×{lag_unknown}</span>
    </span>
  );
}

const severities: Severity[] = ["critical", "warning", "info"];

export function Problems({ cluster: { problems, worst } }: Of) {
  const { t } = useTranslation("fleet");
  const { t: common } = useTranslation();
  const open = severities.filter((severity) => problems[severity] > 0);
  if (open.length === 0) return <span className={css.faint}>{UNKNOWN}</span>;
  return (
    <span className={css.problems} title={worst ?? undefined}>
      {open.map((severity) => (
        <Badge key={severity} tone={severity}>
          <span className="visually-hidden">{common(`severity.${severity}`)}: </span>
          {problems[severity]}
        </Badge>
      ))}
      <span className={css.worst}>
        <Sentence>{worst}</Sentence>
      </span>
      <span className="visually-hidden">{t("column.problems")}</span>
    </span>
  );
}

export function Availability({ of }: { of: ClusterAvailability | undefined }) {
  const { t } = useTranslation("fleet");
  const value = percent(of?.availability_percent);
  if (of?.availability_met !== false) return <span title={t("availabilityHint")}>{value}</span>;
  const objective = percent(of.objective_availability_percent);
  return (
    <span title={t("availabilityMissed", { value, objective })} className={css.missed}>
      <span aria-hidden>↓ </span>
      {value}
    </span>
  );
}
