// Which tone a domain value has. Unknown is never healthy.
import type {
  Check,
  ClusterSummary,
  Operation,
  RecoverySummary,
  RouteState,
  Severity,
} from "../api/types";
import type { Tone } from "./Badge";

export function severityTone(severity: Severity | null): Tone {
  return severity ?? "ok";
}

export function stateTone(state: RouteState | "unknown"): Tone {
  switch (state) {
    case "serving":
      return "ok";
    case "held":
      return "warning";
    case "no_primary":
      return "critical";
    case "unknown":
      return "unknown";
  }
}

export function checkTone(status: Check["status"]): Tone {
  return status === "passing" ? "ok" : status;
}

export function runTone(state: Operation["state"] | RecoverySummary["state"]): Tone {
  switch (state) {
    case "running":
      return "info";
    case "done":
      return "ok";
    case "failed":
    case "aborted":
      return "critical";
  }
}

/** A cluster's health in one word: its worst problem, or that nobody knows. */
export function clusterTone(cluster: Pick<ClusterSummary, "severity" | "state">): Tone {
  if (cluster.severity) return cluster.severity;
  return cluster.state === "serving" ? "ok" : stateTone(cluster.state);
}
