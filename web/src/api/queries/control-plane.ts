// How the instance that answers, the others and the stores stand.
import { useQuery } from "@tanstack/react-query";
import { api } from "../client";
import type { ControlPlane } from "../types";

/** Asked again every 2 s: the ages of leases are no event. */
export function useControlPlane() {
  return useQuery({
    queryKey: ["control-plane"],
    queryFn: ({ signal }) => api.get<ControlPlane>("/v1/control-plane", { signal }),
    refetchInterval: 2000,
  });
}
