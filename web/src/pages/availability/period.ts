/**
 * Which time an availability report is about, as its URL says.
 *
 * Invariant: what the URL says wrongly is the month, never an error.
 */
import type { Period, Span } from "../../api/queries/availability";

/** The periods that have a name. */
export const PERIODS: readonly Period[] = ["day", "month", "year"];

/** Reads `?period=` or `?from=&to=` (RFC 3339). */
export function readChoice(params: URLSearchParams): Span {
  const from = asTime(params.get("from"));
  const to = asTime(params.get("to"));
  if (from !== null && to !== null && from < to) return { from, to };
  const period = PERIODS.find((it) => it === params.get("period"));
  return { period: period ?? "month" };
}

function asTime(text: string | null): string | null {
  const time = text === null ? NaN : Date.parse(text);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

/** The span and the cluster as parameters: those of the page and of the API are the same. */
export function writeChoice(span: Span, cluster: string | null): URLSearchParams {
  const params = new URLSearchParams({ ...span });
  if (cluster !== null) params.set("cluster", cluster);
  return params;
}
