// What the fleet page shows of the clusters: health, filter, order, sums. Pure.
import type { SortingState } from "@tanstack/react-table";
import type { ClusterSummary, Mode, RouteState } from "../../api/types";

export type Health = "critical" | "warning" | "unknown" | "info" | "ok";

/** The worst first. */
export const healths: Health[] = ["critical", "warning", "unknown", "info", "ok"];
export const modes: Mode[] = ["auto", "manual", "observe"];
export const states: (RouteState | "unknown")[] = ["serving", "held", "no_primary", "unknown"];

/** A cluster's health in one word. What nobody knows is unknown, never healthy. */
export function healthOf({ severity, state, nodes }: ClusterSummary): Health {
  if (severity === "critical" || state === "no_primary") return "critical";
  if (severity === "warning" || state === "held") return "warning";
  if (state === "unknown" || nodes.unknown > 0 || nodes.total === 0) return "unknown";
  return severity ?? "ok";
}

export interface Filter {
  /** Part of the name of the cluster or its primary. */
  q: string;
  health: Health | null;
  mode: Mode | null;
  state: RouteState | "unknown" | null;
}

/** The filter in an address; what it does not know is no filter. */
export function filterOf(params: URLSearchParams): Filter {
  return {
    q: params.get("q") ?? "",
    health: oneOf(healths, params.get("health")),
    mode: oneOf(modes, params.get("mode")),
    state: oneOf(states, params.get("state")),
  };
}

function oneOf<T extends string>(all: readonly T[], value: string | null): T | null {
  return all.find((one) => one === value) ?? null;
}

export function isFiltered({ q, health, mode, state }: Filter): boolean {
  return q.trim() !== "" || health !== null || mode !== null || state !== null;
}

export function fits(cluster: ClusterSummary, filter: Filter): boolean {
  const wanted = filter.q.trim().toLowerCase();
  return (
    (filter.health === null || healthOf(cluster) === filter.health) &&
    (filter.mode === null || cluster.mode === filter.mode) &&
    (filter.state === null || cluster.state === filter.state) &&
    (cluster.name.toLowerCase().includes(wanted) || cluster.primary.toLowerCase().includes(wanted))
  );
}

/** The worst before the better, then by name. */
export function byHealth(a: ClusterSummary, b: ClusterSummary): number {
  return healths.indexOf(healthOf(a)) - healths.indexOf(healthOf(b)) || byName(a, b);
}

export function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** "1.10" after "1.9". */
export function byEpoch(a: ClusterSummary, b: ClusterSummary): number {
  const [one, two] = [a, b].map(({ epoch }) => epoch.split(".").map(Number));
  return (one?.[0] ?? 0) - (two?.[0] ?? 0) || (one?.[1] ?? 0) - (two?.[1] ?? 0);
}

/** What is unknown sorts as the largest: it is looked at first. */
export function byLag(a: ClusterSummary, b: ClusterSummary): number {
  const lag = (one: ClusterSummary) => (one.lag_unknown > 0 ? Infinity : (one.max_lag_us ?? -1));
  const [one, two] = [lag(a), lag(b)];
  return one === two ? 0 : one - two;
}

export interface Totals {
  all: number;
  health: Record<Health, number>;
  noWrites: number;
  recovering: number;
  paused: number;
}

export function totals(clusters: readonly ClusterSummary[]): Totals {
  const sum: Totals = {
    all: clusters.length,
    health: { critical: 0, warning: 0, unknown: 0, info: 0, ok: 0 },
    noWrites: 0,
    recovering: 0,
    paused: 0,
  };
  for (const cluster of clusters) {
    sum.health[healthOf(cluster)] += 1;
    if (cluster.state !== "serving" && cluster.state !== "unknown") sum.noWrites += 1;
    if (cluster.recovery !== null) sum.recovering += 1;
    if (cluster.paused) sum.paused += 1;
  }
  return sum;
}

const usual: SortingState = [{ id: "health", desc: false }];

/** ?sort=lag, ?sort=-lag (largest first); by health where there is none. */
export function sortOf(params: URLSearchParams): SortingState {
  const text = params.get("sort");
  if (!text) return usual;
  return [{ id: text.replace(/^-/, ""), desc: text.startsWith("-") }];
}

/** What stands in the address; null for the usual order. */
export function sortText(sorting: SortingState): string | null {
  const [first] = sorting;
  if (!first || (first.id === "health" && !first.desc)) return null;
  return `${first.desc ? "-" : ""}${first.id}`;
}
