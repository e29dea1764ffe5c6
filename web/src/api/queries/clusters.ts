// The fleet and one cluster.
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, everyPage, path } from "../client";
import { keys } from "../keys";
import { askFleet } from "../live-cache";
import { isRebuildNews } from "./operations";
import type { Cluster, ClusterSummary, NodeConnections } from "../types";

/** All clusters; each event of the stream is written into it (see live-cache.ts). */
export const clustersQuery = queryOptions({
  queryKey: keys.clusters(),
  queryFn: ({ signal }) => askFleet(() => everyPage<ClusterSummary>("/v1/clusters", { signal })),
});

export function useClusters() {
  return useQuery(clustersQuery);
}

/** One cluster with its nodes and problems; asked again when something of it changed. */
export function useCluster(name: string) {
  return useQuery({
    queryKey: keys.cluster(name),
    queryFn: ({ signal }) => api.get<Cluster>(path`/v1/clusters/${name}`, { signal }),
    meta: {
      staleOn: (event, data) =>
        (event.type === "cluster" && event.data.name === name) ||
        isRebuildNews(event, (data as Cluster | undefined)?.nodes ?? []),
    },
  });
}

/** How the connections of its nodes are divided; asked again when it changed or subscribers came. */
export function useConnections(name: string) {
  return useQuery({
    queryKey: ["connections", name],
    queryFn: async ({ signal }) =>
      (
        await api.get<{ items: NodeConnections[] }>(path`/v1/clusters/${name}/connections`, {
          signal,
        })
      ).items,
    meta: {
      staleOn: (event) =>
        event.type === "subscribers" || (event.type === "cluster" && event.data.name === name),
    },
  });
}
