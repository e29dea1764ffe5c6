// The live layer: one stream of server-sent events from /v1/events keeps the query cache true.
// Read with fetch, because EventSource tells neither of comments nor of a stream that fell silent.
//
// What an event carries whole is written into the cache; whatever else it makes stale is asked for
// again. Which queries those are, each query says itself (`meta: { staleOn }`), so that a resource
// is one file. A stream that is silent for SILENCE_MS is lost: lictord sends a comment every 5 s.
// While it is lost nothing here is shown as if it were fresh (see `useLive`).
import type { QueryClient } from "@tanstack/react-query";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { useSyncExternalStore } from "react";
import { currentSession, endSession } from "../session";
import { writeEvents } from "./live-cache";
import type {
  ClusterSummary,
  ConfigVersion,
  Happening,
  Operation,
  Recovery,
  RoutingChanged,
  SubscriberCounts,
  WatchHello,
} from "./types";

/** An event of the stream, as the contract names them. */
export type LiveEvent =
  | { type: "hello"; data: WatchHello }
  | { type: "cluster"; data: ClusterSummary }
  | { type: "recovery"; data: Recovery }
  | { type: "operation"; data: Operation }
  | { type: "routing"; data: RoutingChanged }
  | { type: "config"; data: ConfigVersion }
  | { type: "happening"; data: Happening }
  | { type: "subscribers"; data: SubscriberCounts };

/** Whether an event makes a query's present data stale. */
export type StaleOn = (event: LiveEvent, data: unknown) => boolean;

declare module "@tanstack/react-query" {
  interface Register {
    queryMeta: { staleOn?: StaleOn };
  }
}

/** How the stream stands. `since`: when it came to be so, ms since 1970. */
export interface Connection {
  state: "connecting" | "live" | "lost";
  since: number;
  instance: string | null;
  leader: boolean | null;
}

const SILENCE_MS = 12_000;
const BATCH_MS = 25;
const BACKOFF_MS = [250, 500, 1000, 2000, 5000];

let connection: Connection = unknown();
const listeners = new Set<() => void>();

/** How the stream stands, for a component. */
export function useLive(): Connection {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => connection,
  );
}

/** Follows the stream into `cache` until `signal` is aborted. */
export async function followEvents(cache: QueryClient, signal: AbortSignal): Promise<void> {
  let lastId: string | null = null;
  let failures = 0;
  become(unknown());
  const batch = new Batch(cache);
  for (;;) {
    const attempt = new AbortController();
    const end = AbortSignal.any([signal, attempt.signal]);
    try {
      await stream(lastId, end, attempt, (message) => {
        failures = 0;
        if (message.id !== undefined) lastId = message.id;
        const event = eventOf(message);
        if (event === null) return;
        if (event.type === "hello") greet(event.data);
        batch.add(event);
      });
    } catch {
      // Every end is the same: the stream is lost, and tried again below.
    }
    attempt.abort();
    if (signal.aborted) return;
    become({ ...connection, state: "lost" });
    await pause(BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] ?? 5000, signal);
    failures += 1;
  }
}

/** Reads one response until it ends, fails or falls silent. */
async function stream(
  lastId: string | null,
  signal: AbortSignal,
  attempt: AbortController,
  onMessage: (message: EventSourceMessage) => void,
): Promise<void> {
  let watch = setTimeout(() => attempt.abort(), SILENCE_MS);
  const heard = () => {
    clearTimeout(watch);
    watch = setTimeout(() => attempt.abort(), SILENCE_MS);
  };
  try {
    const headers = new Headers({ accept: "text/event-stream" });
    if (lastId !== null) headers.set("last-event-id", lastId);
    const session = currentSession();
    const response = await fetch("/v1/events", { headers, signal, cache: "no-store" });
    if (response.status === 401) endSession(session);
    if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
    const parser = createParser({ onEvent: onMessage });
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    clearTimeout(watch);
  }
}

/** Gathers events that come close together, so that 500 clusters at once are one rendering. */
class Batch {
  private events: LiveEvent[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly cache: QueryClient;

  constructor(cache: QueryClient) {
    this.cache = cache;
  }

  add(event: LiveEvent): void {
    this.events.push(event);
    this.timer ??= setTimeout(() => {
      const events = this.events;
      this.events = [];
      this.timer = null;
      writeEvents(this.cache, events);
    }, BATCH_MS);
  }
}

function unknown(): Connection {
  return { state: "connecting", since: Date.now(), instance: null, leader: null };
}

function greet(hello: { instance: string; leader: boolean }): void {
  become({ ...connection, state: "live", instance: hello.instance, leader: hello.leader });
}

function become(next: Connection): void {
  const since = next.state === connection.state ? connection.since : Date.now();
  connection = { ...next, since };
  for (const listener of listeners) listener();
}

const types = new Set<string>([
  "hello",
  "cluster",
  "recovery",
  "operation",
  "routing",
  "config",
  "happening",
  "subscribers",
] satisfies LiveEvent["type"][]);

/** A newer lictord may send events this page does not know: they are left out. */
function eventOf(message: EventSourceMessage): LiveEvent | null {
  if (message.event === undefined || !types.has(message.event)) return null;
  return { type: message.event, data: JSON.parse(message.data) as unknown } as LiveEvent;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
