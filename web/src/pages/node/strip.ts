// The health of a node over time as stretches of one colour. Nothing is drawn as good that nobody
// saw: before the first thing that is known, and while nobody watched, it is unknown.
import type { Happening } from "../../api/types";

export type Stretch = {
  /** ms since the Unix epoch. */
  from: number;
  to: number;
  /** What is known of it; null: nothing. */
  change: Happening | null;
};

/**
 * The stretches of [from, to], in order and without a gap. `changes` of its health and
 * `observations` of its cluster in any order; those before `from` say how it began.
 */
export function stretches(
  changes: readonly Happening[],
  from: number,
  to: number,
  observations: readonly Happening[] = [],
): Stretch[] {
  const events = [...changes, ...observations]
    .map((event) => ({ event, at: Date.parse(event.at) }))
    .filter(({ at }) => at < to)
    .sort((a, b) => a.at - b.at || a.event.id - b.event.id);
  const found: Stretch[] = [{ from, to, change: null }];
  let change: Happening | null = null;
  const first = events.find(({ event }) => event.kind === "observation")?.event;
  let watched = first?.code !== "Begun";
  for (const { event, at } of events) {
    if (event.kind === "observation") watched = event.code === "Begun";
    else change = event;
    const last = found[found.length - 1];
    const now = watched ? change : null;
    if (!last || last.change === now) continue;
    if (at <= last.from) last.change = now;
    else {
      last.to = at;
      found.push({ from: at, to, change: now });
    }
  }
  return found;
}
