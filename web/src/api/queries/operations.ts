// Operations: what takes long, and how far it is.
import { useQuery } from "@tanstack/react-query";
import { api, path } from "../client";
import { keys } from "../keys";
import type { LiveEvent } from "../live";
import type { Node, Operation } from "../types";

const POLL_MS = 5000;

/** One operation; its progress is written into it (see live-cache.ts), and asked for as well. */
export function useOperation(id: string) {
  return useQuery({
    queryKey: keys.operation(id),
    queryFn: ({ signal }) => api.get<Operation>(path`/v1/operations/${id}`, { signal }),
    refetchInterval: ({ state: { data } }) =>
      data === undefined || data.state === "running" ? POLL_MS : false,
  });
}

/** Whether an event tells of a rebuild what these nodes do not; how much it copied is not news. */
export function isRebuildNews(event: LiveEvent, nodes: readonly Node[]): boolean {
  if (event.type !== "operation" || event.data.kind !== "rebuild") return false;
  const { id, node: name, stage, state } = event.data;
  const node = nodes.find((one) => one.name === name);
  if (!node) return false;
  const known = node.rebuild;
  return (
    known?.id !== id ||
    known.stage !== (stage ?? "") ||
    (state !== "running" && known.finished_at === null)
  );
}
