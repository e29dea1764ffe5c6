// Who is logged in at this browser, as lictord said. The proof is a cookie that no script can read:
// here is only what the page shows of it, and what it sends with each change.
import { useSyncExternalStore } from "react";
import type { Session } from "./api/types";

export type Standing =
  /** lictord has not said yet; `error` is why, where it was asked. */
  | { state: "asking"; error: unknown }
  /** `ended`: there was a session, and lictord takes it no more. */
  | { state: "out"; ended: boolean }
  | { state: "in"; session: Session };

const listeners = new Set<() => void>();
let standing: Standing = { state: "asking", error: null };

export function currentStanding(): Standing {
  return standing;
}

/** The session, while there is one. */
export function currentSession(): Session | null {
  return standing.state === "in" ? standing.session : null;
}

export function become(next: Standing): void {
  standing = next;
  for (const listener of listeners) listener();
}

/** lictord does not take that session any more; another one that began meanwhile is left alone. */
export function endSession(ended: Session | null): void {
  if (ended !== null && ended === currentSession()) become({ state: "out", ended: true });
}

/** Calls `listener` after each change, until the returned function is called. */
export function onStanding(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useStanding(): Standing {
  return useSyncExternalStore(onStanding, currentStanding);
}

/** The session, for a component: null where nobody is logged in. */
export function useSession(): Session | null {
  return useSyncExternalStore(onStanding, currentSession);
}
