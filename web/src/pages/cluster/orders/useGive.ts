// Gives an order under a key, so that one that was lost on its way and is given again happens once.
import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { ApiError, newKey, type Request } from "../../../api/client";
import { keys } from "../../../api/keys";

/** Whether lictord said what became of it. */
function wasAnswered(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const { status, code } = error.problem;
  return status >= 400 && status < 500 && code !== "IN_PROGRESS";
}

/** Gives `body` and asks again for what it changes: the cluster, and each of its nodes. */
export function useGive(cluster: string) {
  const cache = useQueryClient();
  const last = useRef<{ body: string; key: string } | null>(null);
  return async <B, T>(body: B, give: (body: B, request: Request) => Promise<T>): Promise<T> => {
    const text = JSON.stringify(body);
    const key = last.current?.body === text ? last.current.key : newKey();
    last.current = { body: text, key };
    try {
      return await give(body, { idempotencyKey: key });
    } catch (error) {
      // An answer is kept under its key: the next try is a new order.
      if (wasAnswered(error)) last.current = null;
      throw error;
    } finally {
      void cache.invalidateQueries({ queryKey: keys.cluster(cluster) });
      void cache.invalidateQueries({ queryKey: ["node"] });
    }
  };
}
