// What the events of the stream do to the query cache. Pure but for the cache it is given.
import type { QueryClient } from "@tanstack/react-query";
import type { LiveEvent } from "./live";
import { keys } from "./keys";
import type { ClusterSummary, Happening } from "./types";

/** Writes the events, in order, and asks again for what they made stale: once per query. */
export function writeEvents(cache: QueryClient, events: readonly LiveEvent[]): void {
  if (events.some((event) => event.type === "hello" && !event.data.resumed)) {
    void cache.invalidateQueries();
    return;
  }
  writeClusters(cache, events);
  writeArrived(cache, events);
  for (const event of events) {
    if (event.type === "recovery") cache.setQueryData(keys.recovery(event.data.id), event.data);
    if (event.type === "operation") cache.setQueryData(keys.operation(event.data.id), event.data);
  }
  void cache.invalidateQueries({
    predicate: ({ meta, state }) => {
      const staleOn = meta?.staleOn;
      return staleOn !== undefined && events.some((event) => staleOn(event, state.data));
    },
  });
}

/** Clusters as they last were told. */
type Changed = Map<string, ClusterSummary>;

const recorders = new Set<Changed>();

/**
 * The fleet as `ask` answers, with what was told while it was asked: an event is at least as new
 * as the answer, or a newer one follows it.
 */
export async function askFleet(ask: () => Promise<ClusterSummary[]>): Promise<ClusterSummary[]> {
  const heard: Changed = new Map();
  recorders.add(heard);
  try {
    return merge(await ask(), heard);
  } finally {
    recorders.delete(heard);
  }
}

/** The fleet is patched in place: a row that did not change keeps its identity. */
function writeClusters(cache: QueryClient, events: readonly LiveEvent[]): void {
  const changed: Changed = new Map();
  for (const event of events) {
    if (event.type === "cluster") changed.set(event.data.name, event.data);
  }
  if (changed.size === 0) return;
  for (const recorder of recorders) for (const [name, row] of changed) recorder.set(name, row);
  cache.setQueryData<ClusterSummary[]>(keys.clusters(), (known) => known && merge(known, changed));
}

function merge(known: ClusterSummary[], changed: Changed): ClusterSummary[] {
  const left = new Map(changed);
  const merged = known.map((row) => {
    const next = left.get(row.name);
    left.delete(row.name);
    return next ?? row;
  });
  return [...merged, ...left.values()];
}

/** So many happenings are kept above the pages of the history; then the pages are asked for again. */
export const MOST_ARRIVED = 500;

/** What happens is kept, so that the history need not be asked for again each time. */
function writeArrived(cache: QueryClient, events: readonly LiveEvent[]): void {
  const known = cache.getQueryData<Happening[]>(keys.arrived()) ?? [];
  const arrived = [...known];
  for (const { type, data } of events)
    if (type === "happening" && !arrived.some((one) => one.id === data.id)) arrived.unshift(data);
  if (arrived.length === known.length) return;
  const full = arrived.length > MOST_ARRIVED;
  cache.setQueryData(keys.arrived(), full ? [] : arrived);
  if (full) void cache.invalidateQueries({ queryKey: ["history"] });
}
