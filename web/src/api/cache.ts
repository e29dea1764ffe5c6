// The query cache of the page. The stream of events keeps it fresh, so nothing is asked again
// merely because a window got the focus.
import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";

const LATER = new Set([429, 502, 503, 504]);

export function newCache(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        refetchOnWindowFocus: false,
        // What lictord refused stays refused; what could not be reached may be back.
        retry: (count, error) =>
          count < 2 &&
          error instanceof ApiError &&
          (LATER.has(error.problem.status) || error.problem.code === "UNREACHABLE"),
      },
      mutations: { retry: false },
    },
  });
}
