// Availability: reckoned from the history, so it changes with what happens, not with lag.
import { useQuery } from "@tanstack/react-query";
import { api } from "../client";
import type { Availability } from "../types";

export type Period = "day" | "month" | "year";

/** A length of time that ends now, or one between two moments (RFC 3339). */
export type Span = { period: Period } | { from: string; to: string };

/** Of every cluster, or of one. Asked again each minute, and when a cluster stops or goes on. */
export function useAvailability(span: Span, cluster?: string) {
  return useQuery({
    queryKey: ["availability", span, cluster ?? null],
    queryFn: ({ signal }) =>
      api.get<Availability>("/v1/availability", { params: { ...span, cluster }, signal }),
    refetchInterval: 60_000,
    meta: {
      staleOn: (event) =>
        event.type === "happening" &&
        (event.data.kind === "unavailable" || event.data.kind === "available"),
    },
  });
}
