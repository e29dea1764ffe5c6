// What a page is narrowed to stands in its address: a link shows the same, back goes back.
import { useCallback } from "react";
import { useSearchParams } from "react-router";

/** New values by their names; null, undefined and "" take one out. */
export type Change = Record<string, string | null | undefined>;

/** The parameters of the address, and how some are changed without a new entry in the history. */
export function useAddress(): [URLSearchParams, (values: Change) => void] {
  const [params, setParams] = useSearchParams();
  const change = useCallback(
    (values: Change) =>
      setParams(
        (before) => {
          const next = new URLSearchParams(before);
          for (const [key, value] of Object.entries(values))
            if (value) next.set(key, value);
            else next.delete(key);
          return next;
        },
        { replace: true, preventScrollReset: true },
      ),
    [setParams],
  );
  return [params, change];
}

/** Those of the named parameters that are there. */
export function pick<K extends string>(
  params: URLSearchParams,
  names: readonly K[],
): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  for (const name of names) {
    const value = params.get(name);
    if (value) found[name] = value;
  }
  return found;
}
