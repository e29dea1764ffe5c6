// What an order would do, asked while it is being prepared and again whenever it changes.
import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Request } from "../../../api/client";

/** `order`: all of it but the reason, which even a rehearsal must have. */
export function useRehearsal<O extends object, T>(
  kind: string,
  target: string,
  order: O,
  ask: (order: O & { dry_run: true; reason: string }, request: Request) => Promise<T>,
): UseQueryResult<T> {
  const { t } = useTranslation("orders");
  return useQuery({
    queryKey: ["rehearsal", kind, target, order],
    queryFn: ({ signal }) => ask({ ...order, dry_run: true, reason: t("rehearsal") }, { signal }),
    retry: false,
    staleTime: 0,
    gcTime: 0,
    placeholderData: keepPreviousData,
  });
}

/** What was found of exactly this order; undefined while that is not known. */
export function foundBy<T>(query: UseQueryResult<T>): T | undefined {
  return query.isError || query.isPlaceholderData ? undefined : query.data;
}
