/**
 * The time bar: where an outage is drawn, and where the ticks are.
 *
 * Invariant: to scale; what lies outside the span is cut off. Positions are
 * shares of the span, 0 to 1; times are milliseconds since 1970.
 */
import type { ClusterAvailability } from "../../api/types";

/** The time that is shown. */
export interface Span {
  from: number;
  to: number;
}

type Outage = ClusterAvailability["outages"][number];

/** An outage as it is drawn. */
export interface Bar {
  left: number;
  width: number;
  outage: Outage;
}

/** The span of an answer. */
export function spanOf(from: string, to: string): Span {
  return { from: Date.parse(from), to: Date.parse(to) };
}

/** Where each outage lies, earliest first; one that goes on reaches to the end. */
export function bars(outages: readonly Outage[], span: Span): Bar[] {
  const length = span.to - span.from;
  if (!(length > 0)) return [];
  return outages
    .map((outage) => {
      const from = Math.max(Date.parse(outage.began_at), span.from);
      const to = Math.min(
        outage.ended_at === null ? span.to : Date.parse(outage.ended_at),
        span.to,
      );
      return { left: (from - span.from) / length, width: (to - from) / length, outage };
    })
    .filter((bar) => bar.width >= 0)
    .sort((a, b) => a.left - b.left);
}

/** What the labels of the ticks tell. */
export type TickUnit = "hour" | "day" | "month";

/** The ticks of a bar. */
export interface Ticks {
  unit: TickUnit;
  at: { left: number; time: number }[];
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** So many ticks at most; more would not be read. */
const MOST = 12;

const STEPS: { unit: TickUnit; every: number; about: number }[] = [
  ...[1, 2, 3, 6, 12].map((every) => ({ unit: "hour" as const, every, about: every * HOUR })),
  ...[1, 2, 5, 10].map((every) => ({ unit: "day" as const, every, about: every * DAY })),
  ...[1, 2, 3, 6, 12].map((every) => ({ unit: "month" as const, every, about: every * 30 * DAY })),
];

/** Ticks on round local times: the finest step that gives at most twelve. */
export function ticks(span: Span): Ticks {
  const length = span.to - span.from;
  const step = STEPS.find((it) => length / it.about <= MOST) ?? {
    unit: "month" as const,
    every: 12,
  };
  const at: Ticks["at"] = [];
  for (const time of roundTimes(span, step.unit, step.every)) {
    at.push({ left: (time - span.from) / length, time });
  }
  return { unit: step.unit, at };
}

/** Local times within the span whose hour, day of the month or month is a multiple of `every`. */
function* roundTimes(span: Span, unit: TickUnit, every: number): Generator<number> {
  if (!(span.to > span.from)) return;
  const cursor = new Date(span.from);
  if (unit === "hour") cursor.setMinutes(0, 0, 0);
  else cursor.setHours(0, 0, 0, 0);
  if (unit === "month") cursor.setDate(1);
  while (cursor.getTime() < span.to) {
    if (cursor.getTime() >= span.from && isRound(cursor, unit, every)) yield cursor.getTime();
    if (unit === "hour") cursor.setTime(cursor.getTime() + HOUR);
    else if (unit === "day") cursor.setDate(cursor.getDate() + 1);
    else cursor.setMonth(cursor.getMonth() + 1);
  }
}

function isRound(time: Date, unit: TickUnit, every: number): boolean {
  if (unit === "hour") return time.getHours() % every === 0;
  if (unit === "month") return time.getMonth() % every === 0;
  // 1, 6, 11, …; the 31st stands too near the 1st.
  return (time.getDate() - 1) % every === 0 && (every < 3 || time.getDate() < 30);
}
