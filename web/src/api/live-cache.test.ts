import { QueryClient, QueryObserver, type QueryKey, type QueryMeta } from "@tanstack/react-query";
import { expect, it, vi } from "vitest";
import { keys } from "./keys";
import type { LiveEvent } from "./live";
import { askFleet, MOST_ARRIVED, writeEvents } from "./live-cache";
import type { ClusterSummary, Happening, Recovery } from "./types";

const row = (name: string, epoch = "1.1") => ({ name, epoch }) as ClusterSummary;
const changed = (data: ClusterSummary): LiveEvent => ({ type: "cluster", data });

function cacheOf(...rows: ClusterSummary[]): QueryClient {
  const cache = new QueryClient();
  cache.setQueryData(keys.clusters(), rows);
  return cache;
}

/** How often a query that is on the screen was asked for after its first answer. */
async function watched(cache: QueryClient, queryKey: QueryKey, data: unknown, meta: QueryMeta) {
  const ask = vi.fn(() => Promise.resolve(data));
  new QueryObserver(cache, { queryKey, queryFn: ask, meta, staleTime: Infinity }).subscribe(
    () => undefined,
  );
  await vi.waitFor(() => expect(cache.getQueryData(queryKey)).toBe(data));
  ask.mockClear();
  return ask;
}

it("writes a changed cluster into the fleet and leaves the other rows as they are", () => {
  const [a, b] = [row("a"), row("b")];
  const cache = cacheOf(a, b);
  writeEvents(cache, [changed(row("b", "1.2")), changed(row("b", "1.3"))]);
  const fleet = cache.getQueryData<ClusterSummary[]>(keys.clusters());
  expect(fleet?.[0]).toBe(a);
  expect(fleet?.[1]?.epoch).toBe("1.3");
});

it("adds a cluster that is new", () => {
  const cache = cacheOf(row("a"), row("b"));
  writeEvents(cache, [changed(row("c"))]);
  const fleet = cache.getQueryData<ClusterSummary[]>(keys.clusters());
  expect(fleet?.map(({ name }) => name)).toEqual(["a", "b", "c"]);
});

it("keeps what was told while the fleet was asked for", async () => {
  const cache = new QueryClient();
  const fleet = await askFleet(() => {
    writeEvents(cache, [changed(row("a", "1.2"))]);
    return Promise.resolve([row("a"), row("c")]);
  });
  expect(fleet.map(({ name, epoch }) => `${name} ${epoch}`)).toEqual(["a 1.2", "c 1.1"]);
});

it("makes no fleet of one cluster while the fleet is not known", () => {
  const cache = new QueryClient();
  writeEvents(cache, [changed(row("a"))]);
  expect(cache.getQueryData(keys.clusters())).toBeUndefined();
});

it("writes each step of a recovery", () => {
  const cache = new QueryClient();
  const recovery = { id: "7", state: "running" } as Recovery;
  writeEvents(cache, [{ type: "recovery", data: recovery }]);
  expect(cache.getQueryData(keys.recovery("7"))).toBe(recovery);
});

it("asks again, once, for what a query says is stale, and for nothing else", async () => {
  const cache = cacheOf();
  const staleOn = (event: LiveEvent) => event.type === "cluster" && event.data.name === "a";
  const ask = await watched(cache, ["cluster", "a"], {}, { staleOn });
  const other = await watched(cache, ["audit"], {}, {});
  writeEvents(cache, [changed(row("a")), changed(row("a", "1.2")), changed(row("b"))]);
  await vi.waitFor(() => expect(ask).toHaveBeenCalledTimes(1));
  expect(other).not.toHaveBeenCalled();
});

it("forgets everything when the stream could not be resumed", async () => {
  const cache = cacheOf();
  const ask = await watched(cache, ["audit"], {}, {});
  const hello = { instance: "i", leader: true };
  writeEvents(cache, [{ type: "hello", data: { ...hello, resumed: true } }]);
  expect(ask).not.toHaveBeenCalled();
  writeEvents(cache, [{ type: "hello", data: { ...hello, resumed: false } }]);
  await vi.waitFor(() => expect(ask).toHaveBeenCalledTimes(1));
});

const happened = (id: number): LiveEvent => ({ type: "happening", data: { id } as Happening });

it("keeps what happens, the newest first, each once", () => {
  const cache = new QueryClient();
  writeEvents(cache, [happened(1), happened(2)]);
  writeEvents(cache, [happened(2), happened(3)]);
  const arrived = cache.getQueryData<Happening[]>(keys.arrived());
  expect(arrived?.map(({ id }) => id)).toEqual([3, 2, 1]);
});

it("asks for the history again instead of keeping more than it may", async () => {
  const cache = new QueryClient();
  const ask = await watched(cache, ["history", {}], "pages", {});
  const many = Array.from({ length: MOST_ARRIVED }, (_, at) => happened(at));
  writeEvents(cache, many);
  expect(cache.getQueryData(keys.arrived())).toHaveLength(MOST_ARRIVED);
  expect(ask).not.toHaveBeenCalled();
  writeEvents(cache, [happened(MOST_ARRIVED)]);
  expect(cache.getQueryData(keys.arrived())).toEqual([]);
  expect(ask).toHaveBeenCalledTimes(1);
});
