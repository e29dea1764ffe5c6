/**
 * What the figures of a cluster's availability are shown as.
 *
 * Invariant: nothing unknown gets a number, and nothing below 100 % is shown
 * as 100 %. Must not fetch, translate or draw.
 */
import type { ClusterAvailability } from "../../api/types";
import { durationSecs } from "../../format";

/** How a figure stands to its objective; `untested`: nothing failed, so nothing was reached. */
export type Verdict = "met" | "missed" | "unknown" | "untested" | "unset";

/** The figures that are held against an objective. */
export type Figure = "availability" | "rto" | "rpo";

const MOST_DIGITS = 5;
const LEAST_DIGITS = 2;

/** A percentage with 2 to 5 decimals, cut and never rounded up: 99.9999999 is not 100. */
export function percent(value: number): string {
  const cut = value >= 100 ? "100.00" : cutDecimals(Math.min(value, 99.99999999).toFixed(8));
  return `${cut} %`;
}

function cutDecimals(digits: string): string {
  const [whole = "0", decimals = ""] = digits.split(".");
  const kept = decimals.slice(0, MOST_DIGITS).replace(/0+$/, "").padEnd(LEAST_DIGITS, "0");
  return `${whole}.${kept}`;
}

/** A length of time; none at all is "0 s". */
export function secs(value: number | null): string {
  return value === 0 ? "0 s" : durationSecs(value);
}

/** How long a cluster took no writes; unknown where nobody looked. */
export function down(it: Pick<ClusterAvailability, "observed_secs" | "unavailable_secs">): string {
  return secs(it.observed_secs === 0 ? null : it.unavailable_secs);
}

/** How long a cluster may take no writes in the time it was observed; null: nothing is promised. */
export function allowedSecs(
  it: Pick<ClusterAvailability, "observed_secs" | "objective_availability_percent">,
): number | null {
  const promised = it.objective_availability_percent;
  return promised === null ? null : it.observed_secs * (1 - promised / 100);
}

/** Which share of the asked time was observed at all, 0 to 1. */
export function observedShare(
  cluster: Pick<ClusterAvailability, "observed_secs">,
  from: string,
  to: string,
): number {
  const asked = (Date.parse(to) - Date.parse(from)) / 1000;
  return asked > 0 ? Math.min(1, Math.max(0, cluster.observed_secs / asked)) : 0;
}

/** From here on a share counts as all: the newest seconds are written down a little later. */
const AS_GOOD_AS_ALL = 0.9995;

/** A share of the time in whole percent, cut and not rounded. */
export function wholePercent(share: number): number {
  return share >= AS_GOOD_AS_ALL ? 100 : Math.floor(share * 100);
}

/** The verdicts of a cluster on its three objectives. */
export function verdicts(it: ClusterAvailability): Record<Figure, Verdict> {
  return {
    availability: verdict(it.objective_availability_percent, it.availability_met, true),
    rto: verdict(it.rto_objective_secs, it.rto_met, it.failures > 0),
    rpo: verdict(it.rpo_objective_secs, it.rpo_met, it.failures > 0),
  };
}

function verdict(objective: number | null, met: boolean | null, tested: boolean): Verdict {
  if (objective === null) return "unset";
  if (met !== null) return met ? "met" : "missed";
  return tested ? "unknown" : "untested";
}

/** Worst first: a missed objective, then the lower availability; what nobody knows before what is well. */
export function worstFirst(clusters: readonly ClusterAvailability[]): ClusterAvailability[] {
  return [...clusters].sort(
    (a, b) =>
      Number(missedAny(b)) - Number(missedAny(a)) ||
      (a.availability_percent ?? -1) - (b.availability_percent ?? -1) ||
      a.cluster.localeCompare(b.cluster),
  );
}

function missedAny(cluster: ClusterAvailability): boolean {
  return Object.values(verdicts(cluster)).includes("missed");
}

/** What all clusters together come to: how many, how many missed an objective, how many nobody knows. */
export interface Summary {
  clusters: number;
  missed: number;
  unknown: number;
  failures: number;
}

/** Counts over the clusters. There is no average: a mean over clusters hides the one that was down. */
export function summarise(clusters: readonly ClusterAvailability[]): Summary {
  return {
    clusters: clusters.length,
    missed: clusters.filter(missedAny).length,
    unknown: clusters.filter((it) => it.availability_percent === null).length,
    failures: clusters.reduce((sum, it) => sum + it.failures, 0),
  };
}

/** An outage and whose it is. */
export type Outage = ClusterAvailability["outages"][number] & { cluster: string };

/** The outages of all clusters, the newest first. */
export function newestOutages(clusters: readonly ClusterAvailability[]): Outage[] {
  return clusters
    .flatMap(({ cluster, outages }) => outages.map((outage) => ({ ...outage, cluster })))
    .sort((a, b) => Date.parse(b.began_at) - Date.parse(a.began_at));
}
