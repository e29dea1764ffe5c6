// Logging in and out, and what hangs on it: the stream of events and what the cache holds are one
// session's, and end with it.
import type { QueryClient } from "@tanstack/react-query";
import { become, currentSession, currentStanding, onStanding } from "../session";
import { isForPeople } from "./access";
import { api, ApiError } from "./client";
import { followEvents } from "./live";
import { clustersQuery } from "./queries/clusters";
import type { LogInRequest, Session } from "./types";

const AGAIN_MS = 2000;

/** Asks who is logged in until lictord says so, also that nobody is. */
export async function startSession(): Promise<void> {
  while (currentStanding().state === "asking") {
    await askSession();
    if (currentStanding().state === "asking")
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/**
 * Asks once who is logged in. Another tab may have logged in or out since; what cannot be asked
 * changes nothing.
 */
export async function askSession(): Promise<void> {
  const before = currentStanding();
  const known = currentSession();
  const answer = await api.get<Session>("/v1/session").catch((error: unknown) => error);
  // Somebody logged in or out while it was asked, or the answer ended the session.
  if (currentStanding() !== before) return;
  if (!(answer instanceof Error)) {
    const session = answer as Session;
    const same = known?.token.id === session.token.id && known.csrf === session.csrf;
    if (!same) become({ state: "in", session });
  } else if (answer instanceof ApiError && answer.problem.status === 401) {
    become({ state: "out", ended: false });
  } else if (before.state === "asking") {
    become({ state: "asking", error: answer });
  }
}

export async function logIn(token: string): Promise<void> {
  const body: LogInRequest = { token };
  become({ state: "in", session: await api.post<Session>("/v1/session", body) });
}

export async function logOut(): Promise<void> {
  await api.delete("/v1/session");
  become({ state: "out", ended: false });
}

/** Keeps `cache` true for whom it is that is logged in, and empty for everybody else. */
export function followSession(cache: QueryClient): void {
  let stream: AbortController | null = null;
  let shown: string | null = null;
  const turn = () => {
    const token = currentSession()?.token ?? null;
    const id = token?.id ?? null;
    if (id === shown) return;
    shown = id;
    stream?.abort();
    stream = null;
    cache.clear();
    if (token === null || !isForPeople(token.role)) return;
    stream = new AbortController();
    // Every page shows something of the fleet: asked for before the first page is there.
    cache.query(clustersQuery).catch(() => undefined);
    void followEvents(cache, stream.signal);
  };
  onStanding(turn);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && shown !== null) void askSession();
  });
}
