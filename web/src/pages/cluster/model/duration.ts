// A time as a form holds it: a number and its unit.

export type Unit = "minutes" | "hours" | "days";

export const UNITS: Unit[] = ["minutes", "hours", "days"];

export interface Lasting {
  count: string;
  unit: Unit;
}

const SECS: Record<Unit, number> = { minutes: 60, hours: 3600, days: 86_400 };
const LONGEST_SECS = 30 * 86_400;

/** Its seconds; null when it is no time from 1 s to 30 days. */
export function lastingSecs({ count, unit }: Lasting): number | null {
  if (!/^\d{1,7}(\.\d{1,3})?$/.test(count.trim())) return null;
  const secs = Math.round(Number(count) * SECS[unit]);
  return secs >= 1 && secs <= LONGEST_SECS ? secs : null;
}
