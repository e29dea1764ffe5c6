/**
 * Who is told the routes, and how far each is.
 *
 * Invariant: who is behind is on top; a delay nobody knows is no number.
 */
import type { Subscriber } from "../../api/types";

/** What the list is narrowed to; absent: everyone. */
export interface SubscriberFilter {
  kind?: string;
  cluster?: string;
  state?: string;
  q?: string;
}

/** The kinds of subscribers. */
export const SUBSCRIBER_KINDS: readonly Subscriber["kind"][] = [
  "client",
  "proxy",
  "cli",
  "lictord",
  "other",
];

/** The states that can be asked for. */
export const STATES = ["behind", "nacked"] as const;

/** The subscribers that the filter lets through. One without clusters of its own is told of all. */
export function narrow(subscribers: readonly Subscriber[], filter: SubscriberFilter): Subscriber[] {
  const text = filter.q?.toLowerCase();
  return subscribers.filter(
    (it) =>
      (filter.kind === undefined || it.kind === filter.kind) &&
      (filter.cluster === undefined ||
        it.clusters.length === 0 ||
        it.clusters.includes(filter.cluster)) &&
      (filter.state !== "behind" || it.behind) &&
      (filter.state !== "nacked" || it.nacks > 0) &&
      (text === undefined || shown(it).some((part) => part.toLowerCase().includes(text))),
  );
}

function shown(it: Subscriber): string[] {
  return [
    it.id,
    it.kind,
    it.version,
    it.address,
    it.last_nack?.reason ?? "",
    ...it.clusters,
    ...it.keyspaces,
  ];
}

/** Behind first, then who refused something, then the slowest. */
export function mostUrgentFirst(subscribers: readonly Subscriber[]): Subscriber[] {
  return [...subscribers].sort(
    (a, b) =>
      Number(b.behind) - Number(a.behind) ||
      Number(b.last_nack !== null) - Number(a.last_nack !== null) ||
      (b.ack_delay_us ?? -1) - (a.ack_delay_us ?? -1) ||
      a.id.localeCompare(b.id) ||
      a.address.localeCompare(b.address),
  );
}

/** What all subscribers together come to; delays in µs. */
export interface Summary {
  connected: number;
  behind: number;
  nacked: number;
  median_us: number | null;
  max_us: number | null;
}

/** Counts, and the middle and the largest of the known delays. */
export function summarise(subscribers: readonly Subscriber[]): Summary {
  const delays = subscribers
    .map((it) => it.ack_delay_us)
    .filter((delay) => delay !== null)
    .sort((a, b) => a - b);
  return {
    connected: subscribers.length,
    behind: subscribers.filter((it) => it.behind).length,
    nacked: subscribers.filter((it) => it.last_nack !== null).length,
    median_us: delays[Math.floor((delays.length - 1) / 2)] ?? null,
    max_us: delays.at(-1) ?? null,
  };
}
