// Who is told the routes.
import { useQuery } from "@tanstack/react-query";
import { everyPage } from "../client";
import type { Subscriber } from "../types";

/** All of them; asked again when one comes, goes or falls behind, and for the delays at times. */
export function useSubscribers() {
  return useQuery({
    queryKey: ["subscribers"],
    queryFn: ({ signal }) => everyPage<Subscriber>("/v1/subscribers", { signal }),
    refetchInterval: 10_000,
    meta: {
      staleOn: (event, data) => {
        if (event.type === "routing") return true;
        if (event.type !== "subscribers") return false;
        const known = (data as Subscriber[] | undefined) ?? [];
        return (
          event.data.connected !== known.length ||
          event.data.behind !== known.filter((one) => one.behind).length
        );
      },
    },
  });
}
