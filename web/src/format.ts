// How numbers, times and durations are written. Pure: the language and the present are given.
//
// What is unknown is "–", never zero.

export const UNKNOWN = "–";

/** A duration in µs, three digits at most: "740 µs", "17.8 ms", "1.2 s", "3 min 4 s", "2 d 3 h". */
export function duration(micros: number | null | undefined): string {
  if (micros === null || micros === undefined) return UNKNOWN;
  if (micros < 1000) return `${Math.round(micros)} µs`;
  if (micros < 1e6) return `${short(micros / 1e3)} ms`;
  const secs = micros / 1e6;
  if (secs < 60) return `${short(secs)} s`;
  return long(Math.round(secs));
}

/** A duration in seconds. */
export function durationSecs(secs: number | null | undefined): string {
  return duration(secs === null || secs === undefined ? secs : secs * 1e6);
}

const units: [string, number][] = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
];

/** The two largest units. */
function long(secs: number): string {
  const from = units.findIndex(([, size]) => secs >= size);
  let rest = secs;
  const parts: string[] = [];
  for (const [unit, size] of units.slice(Math.max(from, 0), from + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ");
}

function short(value: number): string {
  return value < 9.95 ? value.toFixed(1) : String(Math.round(value));
}

/** A share in percent, cut off and never rounded up: 99.9996 is not 100. */
export function percent(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined) return UNKNOWN;
  const scale = 10 ** digits;
  // 99.9 * 1000 is 99900.00000000001, and 0.29 * 100 is 28.999999999999996.
  const cut = Math.floor(value * scale + 1e-6) / scale;
  return `${cut === 100 ? "100" : cut.toFixed(digits)} %`;
}

/** "1.2 GB": powers of 1000. */
export function bytes(count: number | null | undefined): string {
  if (count === null || count === undefined) return UNKNOWN;
  const names = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = count;
  let at = 0;
  while (value >= 999.5 && at < names.length - 1) {
    value /= 1000;
    at += 1;
  }
  return `${at === 0 ? value : short(value)} ${names[at] ?? ""}`;
}

/** "12,345" as the language writes it. */
export function count(value: number | null | undefined, language: string): string {
  return value === null || value === undefined ? UNKNOWN : value.toLocaleString(language);
}

/** "3 minutes ago", "in 2 hours". `now`: ms since 1970. */
export function relative(at: string, now: number, language: string): string {
  const secs = Math.round((Date.parse(at) - now) / 1000);
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  for (const [unit, size] of relativeUnits)
    if (Math.abs(secs) >= size) return format.format(Math.trunc(secs / size), unit);
  return format.format(Object.is(secs, -0) ? 0 : secs, "second");
}

const relativeUnits: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** "2026-11-23 04:46:43.821 UTC": the form of the command line and the log. */
export function exact(at: string): string {
  return `${new Date(at).toISOString().replace("T", " ").replace("Z", "")} UTC`;
}

/** "04:46:43", in the browser's own time zone. */
export function clock(at: number | string): string {
  return new Date(at).toLocaleTimeString("en-GB", { hour12: false });
}
