// The fleet's filter and order are in the address: a link shows the same, back goes back.
import { functionalUpdate, type OnChangeFn, type SortingState } from "@tanstack/react-table";
import { useCallback, useMemo } from "react";
import { useAddress } from "../../ui/useAddress";
import { filterOf, sortOf, sortText, type Filter } from "./view";

export function useFleetAddress() {
  const [params, change] = useAddress();
  const filter = useMemo(() => filterOf(params), [params]);
  const sorting = useMemo(() => sortOf(params), [params]);

  const setFilter = useCallback((part: Partial<Filter>) => change({ ...part }), [change]);
  const setSorting: OnChangeFn<SortingState> = useCallback(
    (update) => change({ sort: sortText(functionalUpdate(update, sorting)) }),
    [change, sorting],
  );
  const clear = useCallback(
    () => change({ q: null, health: null, mode: null, state: null }),
    [change],
  );
  return { filter, sorting, setFilter, setSorting, clear };
}
