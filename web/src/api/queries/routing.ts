// The routing table in force, and what it says of a key or a statement.
import { useMutation, useQuery } from "@tanstack/react-query";
import { api, path } from "../client";
import { lossless } from "../lossless";
import type { Resolution, RoutingTable, RuleTest, RuleTestRequest } from "../types";

/** The whole table; asked again when a newer revision is pushed. */
export function useRouting() {
  return useQuery({
    queryKey: ["routing"],
    queryFn: ({ signal }) => api.get<RoutingTable>("/v1/routing", { signal }),
    meta: {
      staleOn: (event, data) =>
        event.type === "routing" &&
        event.data.revision !== (data as RoutingTable | undefined)?.revision,
    },
  });
}

/** Where a key lives now; asked for once there is a key, and again with each revision. */
export function useResolution(keyspace: string, key: string) {
  return useQuery({
    queryKey: ["routing", "resolve", keyspace, key],
    queryFn: ({ signal }) =>
      api.get<Resolution>(path`/v1/keyspaces/${keyspace}/resolve`, { params: { key }, signal }),
    enabled: keyspace !== "" && key !== "",
    meta: { staleOn: (event) => event.type === "routing" },
  });
}

/** Which rules fire for a statement, with the rules in force or those of a document. */
export function useRuleTest() {
  return useMutation({
    mutationFn: (request: RuleTestRequest) =>
      api.post<RuleTest>("/v1/rules/test", request, { json: lossless }),
  });
}
