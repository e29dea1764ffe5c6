// Which recovery the page follows: the one under way, and after its end the same until it is
// dismissed, so that one that took 20 ms is seen as well.
import { useState } from "react";

/** The state of an address that leads here: the recovery that was just begun elsewhere. */
export interface Following {
  follow: string;
}

export interface Followed {
  id: string | null;
  follow: (id: string) => void;
  dismiss: () => void;
}

/**
 * `running`: the recovery under way now, as the cluster says. `newest`: the last that is known, for
 * one that was over before the cluster said so; undefined while that is not known. `first`: one to
 * begin with.
 */
export function useFollowed(
  running: string | null,
  newest: string | null | undefined,
  first: string | null,
): Followed {
  const [known, setKnown] = useState({ running, newest, id: running ?? first });
  if (running !== known.running || newest !== known.newest) {
    const begun = running === known.running ? null : running;
    const missed = known.newest === undefined || newest === known.newest ? null : newest;
    setKnown({ running, newest, id: begun ?? missed ?? known.id });
  }
  return {
    id: known.id,
    follow: (id) => setKnown((before) => ({ ...before, id })),
    dismiss: () => setKnown((before) => ({ ...before, id: null })),
  };
}
