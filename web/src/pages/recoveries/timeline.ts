// A recovery on a line of time: where its phases and steps lie, and the window that is looked at.
// All times are microseconds since the recovery began. Pure; it draws nothing.
import type { PhaseName, Recovery } from "../../api/types";
import { duration } from "../../format";

/** A step as a mark; `lane` keeps it clear of the steps that ran beside it. */
export interface Mark {
  id: string;
  phase: PhaseName;
  sentence: string;
  began: number;
  ended: number;
  running: boolean;
  lane: number;
}

/** A phase: from the begin of its first step to the end of its last. */
export interface Bar {
  phase: PhaseName;
  began: number;
  ended: number;
  running: boolean;
  lanes: number;
  marks: Mark[];
}

/** A part of the line. */
export interface Span {
  from: number;
  to: number;
}

export interface Timeline {
  bars: Bar[];
  /** Where the line ends. */
  ends: number;
  /** While nobody could write; null where that is not known. */
  unwritable: Span | null;
}

/** Nothing shorter is looked at: the record has microseconds. */
const NARROWEST = 20;

type Recorded = Pick<
  Recovery,
  "kind" | "state" | "phases" | "time_to_writable_us" | "write_pause_us"
>;

/** The line of a recovery; `elapsed` is how long it has run, for steps without an end. */
export function timeline(recovery: Recorded, elapsed: number): Timeline {
  const known = recovery.phases.flatMap((phase) =>
    phase.steps.map((step) => step.began_us + (step.took_us ?? 0)),
  );
  const last = Math.max(0, ...known);
  const now = recovery.state === "running" ? Math.max(last, elapsed) : last;
  const bars = recovery.phases.map((phase) => bar(phase, now));
  bars.sort((one, two) => one.began - two.began);
  return { bars, ends: Math.max(now, NARROWEST), unwritable: unwritable(recovery, now) };
}

function bar(phase: Recovery["phases"][number], now: number): Bar {
  const began = Math.min(now, ...phase.steps.map((step) => step.began_us));
  const marks = phase.steps.map((step, at) => ({
    id: `${phase.name}-${String(at)}`,
    phase: phase.name,
    sentence: step.sentence,
    began: step.began_us,
    ended: step.took_us === null ? now : step.began_us + step.took_us,
    running: step.took_us === null,
    lane: 0,
  }));
  const lanes = spread(marks);
  const running = marks.some((mark) => mark.running);
  const ended = Math.max(began + phase.took_us, ...marks.map((mark) => mark.ended));
  return { phase: phase.name, began, ended, running, lanes, marks };
}

/** Gives each mark the first lane that is free when it begins; how many lanes that takes. */
function spread(marks: Mark[]): number {
  const ends: number[] = [];
  for (const mark of [...marks].sort((one, two) => one.began - two.began)) {
    const free = ends.findIndex((end) => end <= mark.began);
    mark.lane = free < 0 ? ends.length : free;
    ends[mark.lane] = Math.max(mark.ended, mark.began + 1);
  }
  return Math.max(ends.length, 1);
}

function unwritable(recovery: Recorded, now: number): Span | null {
  const hold = recovery.phases.find((phase) => phase.name === "hold");
  const from =
    recovery.kind === "failover" ? 0 : hold && Math.min(...hold.steps.map((step) => step.began_us));
  if (from === undefined || !Number.isFinite(from)) return null;
  const took =
    recovery.kind === "failover" ? recovery.time_to_writable_us : recovery.write_pause_us;
  if (took !== null) return { from, to: from + took };
  return recovery.state === "running" ? { from, to: now } : null;
}

/** Where a time lies in a window: 0 at its begin, 1 at its end. */
export function place(window: Span, at: number): number {
  return (at - window.from) / (window.to - window.from);
}

/** The whole line. */
export function whole(line: Timeline): Span {
  return { from: 0, to: line.ends };
}

/** The window, shortened or lengthened by a factor around a time, and kept on the line. */
export function zoomed(window: Span, factor: number, around: number, line: Timeline): Span {
  const width = Math.min(Math.max((window.to - window.from) * factor, NARROWEST), line.ends);
  const from = around - place(window, around) * width;
  return kept({ from, to: from + width }, line);
}

/** The window moved by a share of its width. */
export function panned(window: Span, share: number, line: Timeline): Span {
  const by = (window.to - window.from) * share;
  return kept({ from: window.from + by, to: window.to + by }, line);
}

/** A window that a part of the line nearly fills. */
export function around(part: Span, line: Timeline): Span {
  const width = Math.min(Math.max((part.to - part.from) * 1.2, NARROWEST), line.ends);
  const from = (part.from + part.to - width) / 2;
  return kept({ from, to: from + width }, line);
}

function kept(window: Span, line: Timeline): Span {
  const width = window.to - window.from;
  const from = Math.min(Math.max(window.from, 0), Math.max(line.ends - width, 0));
  return { from, to: from + width };
}

/** Round times within a window, about `wanted` of them. */
export function ticks(window: Span, wanted: number): number[] {
  const rough = (window.to - window.from) / Math.max(wanted, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((of) => of * power >= rough) ?? 10);
  const first = Math.ceil(window.from / step);
  const count = Math.floor(window.to / step) - first + 1;
  return Array.from({ length: Math.max(count, 0) }, (_, at) => (first + at) * step);
}

/** A tick's text, with as many digits as tell it from the next; `step` is between two ticks. */
export function tickText(at: number, step: number, ends: number): string {
  const [unit, size] = UNITS.find(([, size]) => ends >= size) ?? ["µs", 1];
  const digits = Math.max(0, Math.ceil(-Math.log10(step / size) - 1e-9));
  return `${(at / size).toFixed(digits)} ${unit}`;
}

const UNITS: [string, number][] = [
  ["s", 1e6],
  ["ms", 1e3],
];

/** A time of the story, to a tenth of a millisecond while it is short. */
export function precise(micros: number): string {
  if (micros < 1000 || micros >= 1e7) return duration(micros);
  return `${(micros / 1000).toFixed(1)} ms`;
}
