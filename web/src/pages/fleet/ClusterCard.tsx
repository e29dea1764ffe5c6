// A cluster on a narrow screen.
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { ClusterAvailability, ClusterSummary } from "../../api/types";
import { Availability, Health, Lag, Mode, Nodes, Problems, State } from "./cells";
import css from "./Fleet.module.css";

export function ClusterCard({
  cluster,
  availability,
}: {
  cluster: ClusterSummary;
  availability: ClusterAvailability | undefined;
}) {
  const { t } = useTranslation("fleet");
  return (
    <article className={css.card}>
      <div className={css.cardHead}>
        <Link to={`/clusters/${encodeURIComponent(cluster.name)}`} className={css.name}>
          {cluster.name}
        </Link>
        <Health cluster={cluster} />
      </div>
      <dl className={css.cardFacts}>
        <Fact label={t("column.primary")}>{cluster.primary}</Fact>
        <Fact label={t("column.state")}>
          <State cluster={cluster} />
        </Fact>
        <Fact label={t("column.lag")}>
          <Lag cluster={cluster} />
        </Fact>
        <Fact label={t("column.nodes")}>
          <Nodes cluster={cluster} />
        </Fact>
        <Fact label={t("column.mode")}>
          <Mode cluster={cluster} />
        </Fact>
        <Fact label={t("column.epoch")}>{cluster.epoch}</Fact>
        <Fact label={t("column.availability")}>
          <Availability of={availability} />
        </Fact>
      </dl>
      {cluster.worst !== null && <Problems cluster={cluster} />}
    </article>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
