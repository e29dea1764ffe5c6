// The dialog of whatever order is being prepared.
import type { Cluster } from "../../../api/types";
import { FailoverDialog } from "./Failover";
import type { Order } from "./order";
import { RepointDialog } from "./Repoint";
import { RebuildDialog, RejoinDialog } from "./Return";
import { SwitchoverDialog } from "./Switchover";
import {
  EndMaintenanceDialog,
  MaintenanceDialog,
  PauseDialog,
  PlacementDialog,
  ResumeDialog,
} from "./Upkeep";

export interface OrderDialogProps {
  order: Order;
  cluster: Cluster;
  onClose: () => void;
  /** A recovery began: its id. */
  onBegun: (operation: string) => void;
}

const OF_NODE = {
  maintenance: MaintenanceDialog,
  end_maintenance: EndMaintenanceDialog,
  rejoin: RejoinDialog,
  rebuild: RebuildDialog,
  placement: PlacementDialog,
};

export function OrderDialog({ order, cluster, onClose, onBegun }: OrderDialogProps) {
  const common = { cluster, onClose };
  switch (order.kind) {
    case "switchover":
      return <SwitchoverDialog {...common} to={order.to} onBegun={onBegun} />;
    case "failover":
      return <FailoverDialog {...common} to={order.to} onBegun={onBegun} />;
    case "repoint":
      return <RepointDialog {...common} node={order.node} source={order.source} />;
    case "pause":
      return <PauseDialog {...common} />;
    case "resume":
      return <ResumeDialog {...common} />;
    case "maintenance":
    case "end_maintenance":
    case "rejoin":
    case "rebuild":
    case "placement": {
      const node = cluster.nodes.find((one) => one.name === order.node);
      const Dialog = OF_NODE[order.kind];
      return node ? <Dialog {...common} node={node} /> : null;
    }
  }
}
