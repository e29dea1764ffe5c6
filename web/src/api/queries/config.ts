// The configuration: its newest version and others, what changed, and how it is changed.
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "../client";
import { lossless } from "../lossless";
import type { Config, ConfigDiff, ConfigOutcome, ConfigStep, Page } from "../types";

const PAGE = 30;

/** The newest version, or a given one, which never changes. */
export function useConfig(version?: number) {
  return useQuery({
    queryKey: ["config", version ?? "head"],
    queryFn: ({ signal }) =>
      api.get<Config>("/v1/config", { params: { version }, signal, json: lossless }),
    staleTime: version === undefined ? undefined : Infinity,
    meta: {
      staleOn: (event, data) =>
        version === undefined &&
        event.type === "config" &&
        event.data.version !== (data as Config | undefined)?.version.version,
    },
  });
}

/** What each version changed, the newest first. */
export function useConfigVersions() {
  return useInfiniteQuery({
    queryKey: ["config", "versions"],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<ConfigStep>>("/v1/config/versions", {
        params: { limit: PAGE, after: pageParam ?? undefined },
        signal,
        json: lossless,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    meta: { staleOn: (event) => event.type === "config" },
  });
}

/** What leads from one version to another. Versions never change. */
export function useConfigDiff(from: number, to: number, enabled = true) {
  return useQuery({
    queryKey: ["config", "diff", from, to],
    queryFn: ({ signal }) =>
      api.post<ConfigDiff>("/v1/config/diff", { from, version: to }, { signal, json: lossless }),
    enabled,
    staleTime: Infinity,
  });
}

/** What is to be put in force instead of version `base`. */
export type Wish = { base: number; reason: string; dryRun: boolean } & (
  { document: unknown } | { version: number }
);

/** Puts a document or an older version in force, or says what that would change. */
export function useConfigChange() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (wish: Wish) => {
      const { base: ifMatch, reason, dryRun: dry_run } = wish;
      const request = { ifMatch, json: lossless };
      return "document" in wish
        ? api.put<ConfigOutcome>(
            "/v1/config",
            { document: wish.document, reason, dry_run },
            request,
          )
        : api.post<ConfigOutcome>(
            "/v1/config/rollback",
            { to: wish.version, reason, dry_run },
            request,
          );
    },
    onSuccess: async (outcome) => {
      if (outcome.made === null) return;
      await Promise.all([
        cache.invalidateQueries({ queryKey: ["config", "head"] }),
        cache.invalidateQueries({ queryKey: ["config", "versions"] }),
        cache.invalidateQueries({ queryKey: ["routing"] }),
      ]);
    },
  });
}
