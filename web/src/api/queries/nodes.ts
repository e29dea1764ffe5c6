// Nodes: the list for jumping to one, and one node.
import { useQuery } from "@tanstack/react-query";
import { api, everyPage, path } from "../client";
import { keys } from "../keys";
import type { Happening, HappeningKind, Node, Page, Variable } from "../types";
import { isRebuildNews } from "./operations";

/** All nodes of all clusters, asked for when `enabled` (the palette is open). */
export function useNodes(enabled = true) {
  return useQuery({
    queryKey: ["nodes"],
    queryFn: ({ signal }) => everyPage<Node>("/v1/nodes", { signal }),
    enabled,
    staleTime: 30_000,
  });
}

/** One node; asked again when its cluster changed. */
export function useNode(name: string) {
  return useQuery({
    queryKey: keys.node(name),
    queryFn: ({ signal }) => api.get<Node>(path`/v1/nodes/${name}`, { signal }),
    meta: {
      staleOn: (event, data) => {
        const node = data as Node | undefined;
        return (
          (event.type === "cluster" && event.data.name === node?.cluster) ||
          isRebuildNews(event, node ? [node] : [])
        );
      },
    },
  });
}

/** Its variables beside what they should be; read from the server itself, so not all the time. */
export function useVariables(name: string) {
  return useQuery({
    queryKey: ["variables", name],
    queryFn: async ({ signal }) =>
      (await api.get<{ items: Variable[] }>(path`/v1/nodes/${name}/variables`, { signal })).items,
    staleTime: 60_000,
  });
}

const NEWEST = 500;

/** How the health of a node changed, and when nobody watched; the newest, in no certain order. */
export function useHealthHistory(node: Node) {
  const ask = (kind: HappeningKind, of: Record<string, string>, signal: AbortSignal) =>
    api.get<Page<Happening>>("/v1/history", { params: { ...of, kind, limit: NEWEST }, signal });
  return useQuery({
    queryKey: ["history", "of-node", node.name],
    queryFn: async ({ signal }) => {
      const [health, observation] = await Promise.all([
        ask("node_health", { node: node.name }, signal),
        ask("observation", { cluster: node.cluster }, signal),
      ]);
      const whole = health.next === null;
      return { health: health.items, observation: observation.items, whole };
    },
    meta: {
      staleOn: (event) =>
        event.type === "happening" &&
        (event.data.kind === "node_health"
          ? event.data.node === node.name
          : event.data.kind === "observation" && event.data.cluster === node.cluster),
    },
  });
}
