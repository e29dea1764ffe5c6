// From whom a node gets its data and how, who gets them from it, and what it holds.
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Cluster, Node } from "../../api/types";
import { Card } from "../../ui/Card";
import { Status, type Tone } from "../../ui/Badge";
import { nodePath } from "../cluster/model/address";
import { isSilent } from "../cluster/model/standing";
import { nodeAt } from "../cluster/model/tree";
import { FlowOf } from "../cluster/Standing";
import { GtidSet } from "./GtidSet";
import { Item, List } from "./List";

export function Replication({ node, cluster }: { node: Node; cluster: Cluster | undefined }) {
  const { t } = useTranslation("node");
  const nodes = cluster?.nodes ?? [];
  const below = nodes.filter((one) => one.source === node.address && one.name !== node.name);
  const isReplica = node.source !== null || node.role !== "primary";
  return (
    <Card title={t("sections.replication")}>
      <List>
        {isReplica && <Followed node={node} nodes={nodes} />}
        <Item label={t("semiSyncSource")}>
          <OnOff value={node.semi_sync.source} />
        </Item>
        <Item label={t("semiSyncReplica")}>
          <OnOff value={node.semi_sync.replica} />
        </Item>
        <Item label={t("followers")}>
          {below.length === 0
            ? t("noFollower")
            : below.map(({ name }, at) => (
                <span key={name}>
                  {at > 0 && ", "}
                  <Link to={nodePath(name)}>{name}</Link>
                </span>
              ))}
        </Item>
        <Item label={t("gtid.title")}>
          <GtidSet set={node.gtid_executed} nodes={nodes} />
        </Item>
      </List>
    </Card>
  );
}

function Followed({ node, nodes }: { node: Node; nodes: readonly Node[] }) {
  const { t } = useTranslation("node");
  const source = nodeAt(nodes, node.source);
  const silent = isSilent(node);
  const applier = node.applier_running;
  return (
    <>
      <Item label={t("source")}>
        {source ? <Link to={nodePath(source.name)}>{source.name}</Link> : t("sourceNone")}
        {node.source && ` (${node.source})`}
      </Item>
      <Item label={t("toFollow")}>
        {node.follows ? (
          <Link to={nodePath(node.follows)}>{node.follows}</Link>
        ) : (
          t("toFollowPrimary")
        )}
      </Item>
      <Item label={t("receiver")}>
        <Status tone={silent ? "unknown" : receiverTone(node.receiver)}>
          {t(`receivers.${node.receiver ?? "unknown"}`)}
        </Status>
      </Item>
      <Item label={t("applier")}>
        <Status tone={silent || applier === null ? "unknown" : applier ? "ok" : "critical"}>
          {t(`appliers.${applier === null ? "unknown" : applier ? "running" : "stopped"}`)}
        </Status>
      </Item>
      <Item label={t("lag")}>
        <FlowOf node={node} />
      </Item>
    </>
  );
}

function receiverTone(receiver: Node["receiver"]): Tone {
  switch (receiver) {
    case "running":
      return "ok";
    case "connecting":
      return "warning";
    case "stopped":
      return "critical";
    case "unknown":
    case null:
      return "unknown";
  }
}

function OnOff({ value }: { value: boolean | null }) {
  const { t } = useTranslation("node");
  return t(`onOff.${value === null ? "unknown" : value ? "on" : "off"}`);
}
