// What is wrong with the cluster: each problem's sentence, its evidence and what is done about it.
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Cluster, Problem } from "../../api/types";
import { Badge, Status } from "../../ui/Badge";
import { Card } from "../../ui/Card";
import { Sentence } from "../../ui/Sentence";
import { severityTone } from "../../ui/status";
import css from "./cluster.module.css";
import { nodePath } from "./model/address";
import { gravestFirst } from "./model/problems";

export function Problems({ cluster }: { cluster: Cluster }) {
  const { t } = useTranslation("cluster");
  const problems = gravestFirst(cluster.problems);
  if (problems.length === 0) return null;
  return (
    <Card title={t("problems.title")} flush>
      <ProblemList problems={problems} />
    </Card>
  );
}

export function ProblemList({ problems }: { problems: Problem[] }) {
  const { t } = useTranslation();
  return (
    <ul className={css.problems}>
      {problems.map((problem) => (
        <li key={`${problem.code} ${problem.node ?? ""}`} className={css.problem}>
          <div className={css.sentence}>
            <Status tone={severityTone(problem.severity)}>
              {t(`severity.${problem.severity}`)}
            </Status>
            <p>
              <Sentence>{problem.sentence}</Sentence>
            </p>
            {problem.node && <Link to={nodePath(problem.node)}>{problem.node}</Link>}
            <Badge>{problem.code}</Badge>
          </div>
          <More problem={problem} />
        </li>
      ))}
    </ul>
  );
}

function More({ problem }: { problem: Problem }) {
  const { t } = useTranslation("cluster");
  return (
    <div className={css.more}>
      {problem.response && (
        <p>
          <Sentence>{problem.response}</Sentence>
        </p>
      )}
      {problem.evidence.length > 0 && (
        <details open={problem.severity === "critical"}>
          <summary>{t("problems.evidence")}</summary>
          <ul className={css.evidence}>
            {problem.evidence.map((sentence) => (
              <li key={sentence}>
                <Sentence>{sentence}</Sentence>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
