// Keeps a list still while somebody reads further down: what is new waits until they come back up.
import { useState, useSyncExternalStore } from "react";
import type { Happening } from "../../api/types";

const TOP_PX = 240;

/** What is shown of `arrived`, whose newest is first, and what waits. */
export function useHeld(arrived: Happening[]): [shown: Happening[], waiting: Happening[]] {
  const [held, setHeld] = useState(arrived);
  const atTop = useSyncExternalStore(onScroll, () => window.scrollY < TOP_PX);
  // Emptied: the pages were asked for again, and have it.
  const emptied = arrived.length < held.length;
  if ((atTop || emptied) && held !== arrived) setHeld(arrived);
  const shown = atTop || emptied ? arrived : held;
  return [shown, arrived.slice(0, arrived.length - shown.length)];
}

function onScroll(listener: () => void): () => void {
  window.addEventListener("scroll", listener, { passive: true });
  return () => window.removeEventListener("scroll", listener);
}
