// How a node stands, in words with a mark: its health, its writes, its replication.
import { useTranslation } from "react-i18next";
import type { Node } from "../../api/types";
import { duration } from "../../format";
import { Status } from "../../ui/Badge";
import { flow, flowTone, health, healthTone, isSilent, writesTone } from "./model/standing";

interface Of {
  node: Node;
}

export function HealthOf({ node }: Of) {
  const { t } = useTranslation("node");
  const word = health(node);
  return <Status tone={healthTone(word)}>{t(`health.${word}`)}</Status>;
}

export function WritesOf({ node }: Of) {
  const { t } = useTranslation("node");
  return <Status tone={writesTone(node)}>{t(`writability.${node.writability}`)}</Status>;
}

/** How far behind it is while data flow; otherwise where they stand still. */
export function FlowOf({ node }: Of) {
  const { t } = useTranslation("node");
  const how = flow(node);
  const behind =
    node.lag_us === null ? t("behindUnknown") : t("behind", { time: duration(node.lag_us) });
  return <Status tone={flowTone(node)}>{how === "flowing" ? behind : t(`flow.${how}`)}</Status>;
}

/** What matters most of a node in few words: whether it answers, then what its role asks of it. */
export function TaskOf({ node }: Of) {
  const { t } = useTranslation("node");
  if (isSilent(node)) return <Status tone="unknown">{t("silentShort")}</Status>;
  return node.role === "primary" ? <WritesOf node={node} /> : <FlowOf node={node} />;
}
