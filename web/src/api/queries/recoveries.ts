// Recoveries: the list, and one with its story.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, path } from "../client";
import { keys } from "../keys";
import type { Page, Recovery, RecoverySummary } from "../types";

const PAGE = 50;

/** The newest first, page by page; asked again when a recovery begins or ends. */
export function useRecoveries(cluster?: string) {
  return useInfiniteQuery({
    queryKey: ["recoveries", cluster ?? null],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<RecoverySummary>>("/v1/recoveries", {
        params: { cluster, limit: PAGE, after: pageParam ?? undefined },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    meta: {
      staleOn: (event, data) =>
        event.type === "recovery" &&
        (!cluster || event.data.cluster === cluster) &&
        isNews(event.data, data),
    },
  });
}

/** Whether the list does not say of a recovery what it should: the steps are not its business. */
function isNews(recovery: Recovery, data: unknown): boolean {
  const pages = (data as { pages: Page<RecoverySummary>[] } | undefined)?.pages ?? [];
  const known = pages.flatMap((page) => page.items).find((one) => one.id === recovery.id);
  return known?.state !== recovery.state || known.new_primary !== recovery.new_primary;
}

const POLL_MS = 2000;

/**
 * One recovery; each step of one that runs is written into it (see live-cache.ts). With `poll` it
 * is also asked for until it is over: one that just began may not be known everywhere yet, and the
 * stream may be lost.
 */
export function useRecovery(id: string, { poll = false } = {}) {
  return useQuery({
    queryKey: keys.recovery(id),
    queryFn: ({ signal }) => api.get<Recovery>(path`/v1/recoveries/${id}`, { signal }),
    refetchInterval: ({ state: { data } }) =>
      poll && (data === undefined || data.state === "running") ? POLL_MS : false,
  });
}
