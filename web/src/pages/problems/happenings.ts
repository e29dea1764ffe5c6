/**
 * The history list: pages of the server below, what arrives live on top.
 *
 * Invariant: newest first, each happening once, and what arrives live is shown
 * only where the server would have answered with it.
 */
import type { Happening, HappeningKind } from "../../api/types";

/** The kinds of happenings. */
export const KINDS: readonly HappeningKind[] = [
  "problem_opened",
  "problem_closed",
  "node_health",
  "primary_changed",
  "unavailable",
  "available",
  "observation",
];

/** The filters of `/v1/history`, as they stand in the URL. */
export const HISTORY_KEYS = [
  "cluster",
  "node",
  "kind",
  "code",
  "severity",
  "q",
  "from",
  "to",
] as const;

/** What the history is narrowed to; absent: everything. */
export type HistoryFilter = Partial<Record<(typeof HISTORY_KEYS)[number], string>>;

/** Whether a happening belongs into the filtered list. */
export function belongs(it: Happening, filter: HistoryFilter): boolean {
  const at = Date.parse(it.at);
  const text = filter.q?.toLowerCase();
  return (
    (filter.cluster === undefined || it.cluster === filter.cluster) &&
    (filter.node === undefined || it.node === filter.node) &&
    (filter.kind === undefined || it.kind === filter.kind) &&
    (filter.code === undefined || it.code === filter.code) &&
    (filter.severity === undefined || it.severity === filter.severity) &&
    (filter.from === undefined || at >= Date.parse(filter.from)) &&
    (filter.to === undefined || at < Date.parse(filter.to)) &&
    (text === undefined ||
      [it.sentence, it.code, it.cluster, it.node ?? ""].some((part) =>
        part.toLowerCase().includes(text),
      ))
  );
}

/** One list of what is live and what the pages say. */
export function together(
  live: readonly Happening[],
  pages: readonly (readonly Happening[])[],
  filter: HistoryFilter,
): Happening[] {
  const byId = new Map<number, Happening>();
  for (const it of live) if (belongs(it, filter)) byId.set(it.id, it);
  for (const page of pages) for (const it of page) byId.set(it.id, it);
  return [...byId.values()].sort((a, b) => b.id - a.id);
}
