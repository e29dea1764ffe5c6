// What can be ordered of a cluster.
import { ArrowLeftRight, Pause, Play, Siren } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Cluster } from "../../../api/types";
import { Button } from "../../../ui/Button";
import type { Order } from "./order";

export function ClusterActions({
  cluster,
  onOrder,
}: {
  cluster: Cluster;
  onOrder: (order: Order) => void;
}) {
  const { t } = useTranslation("cluster");
  return (
    <>
      <Button icon={ArrowLeftRight} onClick={() => onOrder({ kind: "switchover", to: null })}>
        {t("actions.switchover")}
      </Button>
      <Button icon={Siren} onClick={() => onOrder({ kind: "failover", to: null })}>
        {t("actions.failover")}
      </Button>
      {cluster.pause ? (
        <Button icon={Play} onClick={() => onOrder({ kind: "resume" })}>
          {t("actions.resume")}
        </Button>
      ) : (
        <Button icon={Pause} onClick={() => onOrder({ kind: "pause" })}>
          {t("actions.pause")}
        </Button>
      )}
    </>
  );
}
