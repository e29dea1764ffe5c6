// How a cluster stands, in the head of its page.
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Cluster, Maintenance } from "../../api/types";
import { exact } from "../../format";
import { Badge, Status } from "../../ui/Badge";
import { Note } from "../../ui/Note";
import { stateTone } from "../../ui/status";
import { Tooltip } from "../../ui/Tooltip";
import css from "./cluster.module.css";
import { nodePath } from "./model/address";

export function StateOf({ cluster }: { cluster: Cluster }) {
  const { t } = useTranslation("cluster");
  const { t: common } = useTranslation();
  return (
    <>
      <Status tone={stateTone(cluster.state)}>{common(`state.${cluster.state}`)}</Status>
      {cluster.pause && <Badge tone="warning">{t("paused.title")}</Badge>}
    </>
  );
}

export function Facts({ cluster }: { cluster: Cluster }) {
  const { t } = useTranslation("cluster");
  const { t: common } = useTranslation();
  const { policy } = cluster;
  return (
    <dl className={css.facts}>
      <Fact label={t("primary")}>
        {cluster.primary ? (
          <Link to={nodePath(cluster.primary)}>{cluster.primary}</Link>
        ) : (
          common("none")
        )}
      </Fact>
      <Fact label={t("epoch")}>{cluster.epoch}</Fact>
      <Fact label={t("mode")}>
        <Tooltip text={t(`modeSays.${policy.mode}`)}>
          <span>{common(`mode.${policy.mode}`)}</span>
        </Tooltip>
      </Fact>
      <Fact label={t("durability")}>{policy.durability}</Fact>
      <Fact label={t("nodes")}>{cluster.nodes.length}</Fact>
    </dl>
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

export function PauseNote({ pause }: { pause: Maintenance }) {
  const { t } = useTranslation("cluster");
  const until = pause.until ? t("paused.until", { at: exact(pause.until) }) : t("paused.open");
  return (
    <Note tone="warning">
      <p>{t("paused.text", { owner: pause.owner, reason: pause.reason, until })}</p>
    </Note>
  );
}
