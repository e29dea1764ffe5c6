// What a node is and where it stands.
import { useTranslation } from "react-i18next";
import type { Node } from "../../api/types";
import { duration, exact } from "../../format";
import { Card } from "../../ui/Card";
import { Copy } from "../../ui/Copy";
import { Time } from "../../ui/Time";
import { guardState } from "../cluster/model/standing";
import { WritesOf } from "../cluster/Standing";
import { Item, List } from "./List";

export function Facts({ node }: { node: Node }) {
  const { t } = useTranslation("node");
  const rule = t(`promotion.${node.promotion}`);
  return (
    <Card title={t("sections.facts")}>
      <List>
        <Item label={t("facts.writability")}>
          <WritesOf node={node} />
        </Item>
        <Item label={t("facts.address")}>
          <Copy text={node.address} />
        </Item>
        <Item label={t("facts.uuid")}>
          <Copy text={node.server_uuid} />
        </Item>
        <Item label={t("facts.version")}>{node.version}</Item>
        <Item label={t("facts.zone")}>{node.zone ?? t("facts.noZone")}</Item>
        <Item label={t("facts.promotion")}>
          {node.promotion_until === null
            ? rule
            : t("facts.neutralAt", { rule, at: exact(node.promotion_until) })}
        </Item>
        <Item label={t("facts.latency")}>{duration(node.latency_us)}</Item>
        <Item label={t("facts.lastSeen")}>
          <Time at={node.last_seen} />
        </Item>
        <Item label={t("facts.guard")}>
          <Guard node={node} />
        </Item>
      </List>
    </Card>
  );
}

function Guard({ node }: { node: Node }) {
  const { t } = useTranslation("node");
  const state = guardState(node);
  if (state === null) return t("guardLong.none");
  const at = node.guard?.lease_ends;
  return t(`guardLong.${state}`, { at: at ? exact(at) : "" });
}
