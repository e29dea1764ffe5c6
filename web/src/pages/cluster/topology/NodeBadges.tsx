// What is special about a node, each in a word or two.
import { useTranslation } from "react-i18next";
import type { Cluster } from "../../../api/types";
import { Badge } from "../../../ui/Badge";
import { severityTone } from "../../../ui/status";
import { problemsOf } from "../model/problems";
import { acknowledges, guardState, isRebuilding } from "../model/standing";
import type { Branch } from "../model/tree";

interface Of {
  branch: Branch;
  cluster: Cluster;
}

export function NodeBadges({ branch, cluster }: Of) {
  const { t } = useTranslation("node");
  const { t: ofCluster } = useTranslation("cluster");
  const { node, parent } = branch;
  const guard = guardState(node);
  return (
    <>
      <ProblemBadge branch={branch} cluster={cluster} />
      <SourceBadge branch={branch} cluster={cluster} />
      {isRebuilding(node) && <RebuildBadge branch={branch} />}
      {parent && acknowledges(node, parent.node) === true && (
        <Badge tone="accent">{ofCluster("tree.ack")}</Badge>
      )}
      {node.promotion !== "neutral" && <Badge>{t(`promotion.${node.promotion}`)}</Badge>}
      {guard && (
        <Badge tone={guard === "bound" ? "accent" : "neutral"}>{t(`guard.${guard}`)}</Badge>
      )}
    </>
  );
}

function ProblemBadge({ branch, cluster }: Of) {
  const { t } = useTranslation("cluster");
  const problems = problemsOf(cluster, branch.node.name);
  const [worst] = problems;
  if (!worst) return null;
  return (
    <span title={problems.map(({ sentence }) => sentence).join("\n")}>
      <Badge tone={severityTone(worst.severity)}>
        {t("tree.problems", { count: problems.length })}
      </Badge>
    </span>
  );
}

/** Only where it does not follow whom one would expect. */
function SourceBadge({ branch, cluster }: Of) {
  const { t } = useTranslation("cluster");
  const { node, parent } = branch;
  if (node.name === cluster.primary) return null;
  const wanted = node.follows ?? cluster.primary;
  if (!parent) {
    const text = node.source
      ? t("tree.followsStranger", { source: node.source })
      : t("tree.followsNobody");
    return <Badge tone="warning">{text}</Badge>;
  }
  if (parent.node.name === wanted) return null;
  return <Badge tone="warning">{t("tree.strayed", { source: wanted })}</Badge>;
}

function RebuildBadge({ branch }: { branch: Branch }) {
  const { t } = useTranslation("cluster");
  const { rebuild } = branch.node;
  if (!rebuild) return null;
  const { copied_bytes: copied, estimated_bytes: estimated, state } = rebuild;
  const text =
    state === "copying" && estimated > 0
      ? t("tree.rebuilding", { percent: Math.floor((100 * copied) / estimated) })
      : t(`tree.rebuildState.${state}`);
  return <Badge tone="info">{text}</Badge>;
}
