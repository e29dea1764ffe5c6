// How a node and its replication stand, as one word and a tone for each. What the server did not say
// is `unknown`, and unknown is never good.
import type { Node } from "../../../api/types";
import type { Tone } from "../../../ui/Badge";

export type Health = "passing" | "warning" | "critical" | "unknown" | "quarantined" | "maintenance";

/** From the best to the worst. */
const CHECKS = ["passing", "unknown", "warning", "critical"] as const;
type CheckHealth = (typeof CHECKS)[number];

/** A word of a newer server is as good as none. */
export function checkHealth(status: string): CheckHealth {
  return CHECKS.find((known) => known === status) ?? "unknown";
}

/** The worst of its checks; quarantine and maintenance go first. */
export function health(node: Node): Health {
  if (node.quarantine) return "quarantined";
  if (node.maintenance) return "maintenance";
  const found = node.checks.map((check) => checkHealth(check.status));
  if (found.length === 0) return "unknown";
  return CHECKS.findLast((one) => found.includes(one)) ?? "unknown";
}

export function healthTone(state: Health): Tone {
  switch (state) {
    case "passing":
      return "ok";
    case "warning":
      return "warning";
    case "critical":
    case "quarantined":
      return "critical";
    case "maintenance":
      return "neutral";
    case "unknown":
      return "unknown";
  }
}

/** Whether what is shown of it is what it said when it last answered. */
export function isSilent(node: Node): boolean {
  return node.latency_us === null;
}

/** The tone of whether it takes writes: only the primary should. */
export function writesTone(node: Node): Tone {
  if (isSilent(node) || node.writability === "unknown") return "unknown";
  if (node.role === "primary") return node.writability === "writable" ? "ok" : "critical";
  return node.writability === "writable" ? "critical" : "ok";
}

export type Flow = "flowing" | "connecting" | "receiver_stopped" | "applier_stopped" | "unknown";

/** How a replica's replication goes. */
export function flow(node: Node): Flow {
  if (isSilent(node)) return "unknown";
  if (node.receiver === "connecting") return "connecting";
  if (node.receiver === "stopped") return "receiver_stopped";
  if (node.applier_running === false) return "applier_stopped";
  return node.receiver === "running" && node.applier_running ? "flowing" : "unknown";
}

/** The tone of its line: of its lag while data flow, by the server's own check. */
export function flowTone(node: Node): Tone {
  switch (flow(node)) {
    case "flowing":
      return lagTone(node);
    case "connecting":
      return "warning";
    case "receiver_stopped":
    case "applier_stopped":
      return "critical";
    case "unknown":
      return "unknown";
  }
}

function lagTone(node: Node): Tone {
  const check = node.checks.find((one) => one.kind === "lag");
  if (node.lag_us === null || !check) return "unknown";
  return healthTone(checkHealth(check.status));
}

/** Whether it acknowledges its source's commits: both sides must have semi-sync on. */
export function acknowledges(node: Node, source: Node): boolean | null {
  const { replica } = node.semi_sync;
  const asked = source.semi_sync.source;
  if (replica === false || asked === false) return false;
  return replica === null || asked === null ? null : true;
}

export type GuardState = "bound" | "free" | "unheard";

export function guardState(node: Node): GuardState | null {
  if (!node.guard) return null;
  if (node.guard.lease_ends) return "bound";
  return node.guard.last_heard ? "free" : "unheard";
}

/** Whether its rebuild runs. */
export function isRebuilding(node: Node): boolean {
  return node.rebuild !== null && node.rebuild.state !== "done" && node.rebuild.state !== "failed";
}
