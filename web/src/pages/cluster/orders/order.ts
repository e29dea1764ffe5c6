// Which order is being prepared: what a menu or a drop asks for, and a dialog carries out.

/** An order about one node. */
export type NodeOrder =
  | { kind: "switchover"; to: string }
  | { kind: "failover"; to: string }
  | { kind: "repoint"; node: string; source: string | null }
  | { kind: "maintenance"; node: string }
  | { kind: "end_maintenance"; node: string }
  | { kind: "rejoin"; node: string }
  | { kind: "rebuild"; node: string }
  | { kind: "placement"; node: string };

/** An order about a whole cluster. */
export type ClusterOrder =
  | { kind: "switchover"; to: null }
  | { kind: "failover"; to: null }
  | { kind: "pause" }
  | { kind: "resume" };

export type Order = NodeOrder | ClusterOrder;
