// API tokens: those there are, and how they are made and revoked. Never under an idempotency key: an
// answer is kept under its key, and a token's text is kept nowhere.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, path } from "../client";
import type {
  CreatedToken,
  CreateTokenRequest,
  RevokedToken,
  RevokeTokenRequest,
  TokenList,
} from "../types";

/** Every token. No event tells of them: asked again each 15 s, as often as their last use is written. */
export function useTokens() {
  return useQuery({
    queryKey: ["tokens"],
    queryFn: async ({ signal }) => (await api.get<TokenList>("/v1/tokens", { signal })).items,
    refetchInterval: 15_000,
  });
}

export function useCreateToken() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (wish: CreateTokenRequest) => api.post<CreatedToken>("/v1/tokens", wish),
    onSuccess: () => void cache.invalidateQueries({ queryKey: ["tokens"] }),
    // The text is the caller's alone, and not kept in the cache.
    gcTime: 0,
  });
}

export function useRevokeToken(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (why: RevokeTokenRequest) => api.delete<RevokedToken>(path`/v1/tokens/${id}`, why),
    onSuccess: () => void cache.invalidateQueries({ queryKey: ["tokens"] }),
  });
}
