// What is wrong now, what happened, and what was done.
import { keepPreviousData, skipToken, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api } from "../client";
import { keys } from "../keys";
import type {
  AuditRecord,
  ClusterProblem,
  ClusterSummary,
  Happening,
  Page,
  ProblemKind,
} from "../types";

const PAGE = 100;

/** Every problem of every cluster; asked again when one comes or goes. */
export function useProblems() {
  return useQuery({
    queryKey: ["problems"],
    queryFn: async ({ signal }) =>
      (await api.get<{ items: ClusterProblem[] }>("/v1/problems", { signal })).items,
    refetchInterval: 30_000,
    meta: {
      staleOn: (event, data) => {
        if (event.type === "happening") return event.data.kind.startsWith("problem_");
        return event.type === "cluster" && tells(event.data, data as ClusterProblem[] | undefined);
      },
    },
  });
}

/** Whether a cluster has other problems than is known here. */
function tells(cluster: ClusterSummary, known: ClusterProblem[] = []): boolean {
  const here = known.filter((one) => one.cluster === cluster.name);
  return (["critical", "warning", "info"] as const).some(
    (severity) =>
      here.filter((one) => one.severity === severity).length !== cluster.problems[severity],
  );
}

/** The codes of problems there are. They are as old as lictord. */
export function useProblemKinds() {
  return useQuery({
    queryKey: ["problem-codes"],
    queryFn: async ({ signal }) =>
      (await api.get<{ items: ProblemKind[] }>("/v1/problem-codes", { signal })).items,
    staleTime: Infinity,
  });
}

/** What happened, the newest first, page by page. `filter`: as `/v1/history` knows it. */
export function useHistory(filter: Record<string, string>) {
  return useInfiniteQuery({
    queryKey: ["history", filter],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<Happening>>("/v1/history", {
        params: { ...filter, limit: PAGE, after: pageParam ?? undefined },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    // What arrived is kept only while somebody looks.
    staleTime: 0,
  });
}

const none: Happening[] = [];

/** What happened since, the newest first; events are written into it (see live-cache.ts). */
export function useArrived(): Happening[] {
  const { data } = useQuery<Happening[]>({
    queryKey: keys.arrived(),
    queryFn: skipToken,
  });
  return data ?? none;
}

/** The newest pages are asked for again at times; one who has read on is not disturbed. */
const NEWEST = 2;

/** What was done, the newest first, page by page. */
export function useAudit(filter: Record<string, string>) {
  return useInfiniteQuery({
    queryKey: ["audit", filter],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<AuditRecord>>("/v1/audit", {
        params: { ...filter, limit: PAGE, after: pageParam ?? undefined },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) <= NEWEST ? 5000 : false),
    meta: {
      staleOn: (event) =>
        event.type === "config" || (event.type === "recovery" && event.data.state !== "running"),
    },
  });
}
