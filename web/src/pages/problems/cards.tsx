// A problem and a happening on a narrow screen.
import { useTranslation } from "react-i18next";
import type { ClusterProblem, Happening } from "../../api/types";
import { Status } from "../../ui/Badge";
import { severityTone } from "../../ui/status";
import { Time } from "../../ui/Time";
import { HappeningTold, Kind, ProblemTold } from "./columns";
import { ClusterLink, NodeLink } from "./links";
import css from "./Problems.module.css";

export function ProblemCard({ problem }: { problem: ClusterProblem }) {
  const { t } = useTranslation();
  return (
    <article className={css.card}>
      <p className={css.cardHead}>
        <ClusterLink name={problem.cluster} />
        <Status tone={severityTone(problem.severity)}>{t(`severity.${problem.severity}`)}</Status>
      </p>
      <ProblemTold problem={problem} />
      <p className={css.faint}>
        <code>{problem.code}</code>
        {problem.node !== null && (
          <>
            {" · "}
            <NodeLink name={problem.node} />
          </>
        )}
        {" · "}
        <Time at={problem.since} />
      </p>
    </article>
  );
}

export function HappeningCard({ happening }: { happening: Happening }) {
  const { t } = useTranslation("problems");
  const { t: common } = useTranslation();
  return (
    <article className={css.card}>
      <p className={css.cardHead}>
        <ClusterLink name={happening.cluster} />
        <Status tone={severityTone(happening.severity)}>
          {common(`severity.${happening.severity}`)}
        </Status>
      </p>
      <HappeningTold happening={happening} t={t} />
      <p className={css.faint}>
        <Kind of={happening} t={t} /> · <code>{happening.code}</code>
        {happening.node !== null && (
          <>
            {" · "}
            <NodeLink name={happening.node} />
          </>
        )}
      </p>
      <p className={css.faint}>
        <Time at={happening.at} full />
      </p>
    </article>
  );
}
