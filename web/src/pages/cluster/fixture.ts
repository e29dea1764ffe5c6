// Clusters for the tests: three nodes that are well, to be changed by each test.
import type { Cluster, Node, Policy } from "../../api/types";

export const policy: Policy = {
  mode: "auto",
  profile: "balanced",
  durability: "semi-sync:1",
  budget: { failovers: 3, window_secs: 600 },
  max_read_lag_secs: 5,
  rebuild: "manual",
  on_starved: "wait",
  no_readers: "none",
  keep_readers: "0",
  max_readers: "100%",
  accept_unfenced: false,
  better_placed: "switch",
  objectives: { availability_percent: null, rto_secs: null, rpo_secs: null },
};

/** `orders-N` at `127.0.10.N:3306`, a replica of orders-1 that is well. */
export function node(number: number, change: Partial<Node> = {}): Node {
  return {
    name: `orders-${number}`,
    cluster: "orders",
    address: `127.0.10.${number}:3306`,
    server_uuid: `00000000-0000-0000-0000-00000000000${number}`,
    version: "9.7.4",
    role: "replica",
    writability: "super_read_only",
    checks: [
      { kind: "connect", status: "passing", sentence: "It answers." },
      { kind: "latency", status: "passing", sentence: "A query takes 0.4 ms." },
      { kind: "lag", status: "passing", sentence: "It is 0 ms behind." },
    ],
    lag_us: 0,
    latency_us: 400,
    receiver: "running",
    applier_running: true,
    source: "127.0.10.1:3306",
    follows: null,
    gtid_executed: "00000000-0000-0000-0000-000000000001:1-5",
    quarantine: null,
    zone: null,
    promotion: "neutral",
    promotion_until: null,
    last_seen: "2026-11-23T09:00:00.000Z",
    maintenance: null,
    rebuild: null,
    guard: null,
    semi_sync: { source: false, replica: true },
    ...change,
  };
}

export function primary(change: Partial<Node> = {}): Node {
  return node(1, {
    role: "primary",
    writability: "writable",
    lag_us: null,
    receiver: null,
    applier_running: null,
    source: null,
    semi_sync: { source: true, replica: true },
    ...change,
  });
}

export function cluster(change: Partial<Cluster> = {}): Cluster {
  return {
    name: "orders",
    epoch: "1.1",
    primary: "orders-1",
    policy,
    pause: null,
    problems: [],
    nodes: [primary(), node(2), node(3)],
    state: "serving",
    recovery: null,
    ...change,
  };
}
