// What can be ordered of a cluster.
import { ArrowLeftRight, Pause, Play, Siren } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Cluster } from "../../../api/types";
import { Button } from "../../../ui/Button";
import { useMay } from "../../../ui/useMay";
import type { Order } from "./order";

export function ClusterActions({
  cluster,
  onOrder,
}: {
  cluster: Cluster;
  onOrder: (order: Order) => void;
}) {
  const { t } = useTranslation("cluster");
  const { why } = useMay("operate", cluster.name);
  return (
    <>
      <Button
        icon={ArrowLeftRight}
        refused={why}
        onClick={() => onOrder({ kind: "switchover", to: null })}
      >
        {t("actions.switchover")}
      </Button>
      <Button icon={Siren} refused={why} onClick={() => onOrder({ kind: "failover", to: null })}>
        {t("actions.failover")}
      </Button>
      {cluster.pause ? (
        <Button icon={Play} refused={why} onClick={() => onOrder({ kind: "resume" })}>
          {t("actions.resume")}
        </Button>
      ) : (
        <Button icon={Pause} refused={why} onClick={() => onOrder({ kind: "pause" })}>
          {t("actions.pause")}
        </Button>
      )}
    </>
  );
}
