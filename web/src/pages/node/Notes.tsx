// What one must know of a node before anything else: its problems, that it is silent, kept out, left
// alone or being rebuilt.
import { useTranslation } from "react-i18next";
import type { Cluster, Node } from "../../api/types";
import { exact } from "../../format";
import { Card } from "../../ui/Card";
import { Copy } from "../../ui/Copy";
import { Note } from "../../ui/Note";
import { Sentence } from "../../ui/Sentence";
import { Time } from "../../ui/Time";
import { problemsOf } from "../cluster/model/problems";
import { transactions } from "../cluster/model/gtid";
import { isSilent } from "../cluster/model/standing";
import { ProblemList } from "../cluster/Problems";
import { RebuildCard } from "../cluster/progress/Rebuilds";

export function Notes({ node, cluster }: { node: Node; cluster: Cluster | undefined }) {
  const { t } = useTranslation("node");
  const { t: ofCluster } = useTranslation("cluster");
  const problems = cluster ? problemsOf(cluster, node.name) : [];
  return (
    <>
      {isSilent(node) && (
        <Note tone="warning">
          <p>
            {node.last_seen === null ? t("neverSeen") : t("silent")}{" "}
            {node.last_seen !== null && <Time at={node.last_seen} />}
          </p>
        </Note>
      )}
      {node.quarantine && <Quarantined quarantine={node.quarantine} />}
      {node.maintenance && (
        <Note>
          <p>
            {t("maintained", {
              owner: node.maintenance.owner,
              reason: node.maintenance.reason,
              until: node.maintenance.until ? exact(node.maintenance.until) : t("openEnd"),
            })}
          </p>
        </Note>
      )}
      {node.rebuild && <RebuildCard node={node.name} rebuild={node.rebuild} />}
      {problems.length > 0 && (
        <Card title={ofCluster("problems.title")} flush>
          <ProblemList problems={problems} />
        </Card>
      )}
    </>
  );
}

function Quarantined({ quarantine }: { quarantine: NonNullable<Node["quarantine"]> }) {
  const { t, i18n } = useTranslation("node");
  const errant = transactions(quarantine.errant);
  return (
    <Note tone="error">
      <p>
        <strong>{t("quarantined.title")}</strong>{" "}
        {quarantine.reason && <Sentence>{quarantine.reason}</Sentence>}
      </p>
      {quarantine.incomplete && <p>{t("quarantined.incomplete")}</p>}
      {quarantine.errant && (
        <div>
          {errant !== null && (
            <p>
              {t("quarantined.errant", {
                count: Number(errant),
                shown: errant.toLocaleString(i18n.language),
              })}
            </p>
          )}
          <Copy text={quarantine.errant} />
        </div>
      )}
    </Note>
  );
}
