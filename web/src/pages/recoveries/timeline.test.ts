import { describe, expect, it } from "vitest";

import type { Recovery } from "../../api/types";
import { around, panned, place, ticks, tickText, timeline, whole, zoomed } from "./timeline";

function step(began_us: number, took_us: number | null, sentence = "something is done") {
  return { began_us, took_us, sentence };
}

const failover: Parameters<typeof timeline>[0] = {
  kind: "failover",
  state: "done",
  time_to_writable_us: 17_800,
  write_pause_us: null,
  phases: [
    { name: "detect", took_us: 4_000, steps: [step(0, 4_000)] },
    {
      name: "fence",
      took_us: 9_800,
      steps: [step(4_000, 3_500), step(7_600, 4_000), step(7_600, 6_200)],
    },
    { name: "repoint", took_us: 15_600, steps: [step(17_800, 15_600)] },
    { name: "promote", took_us: 900, steps: [step(16_900, 900)] },
  ],
};

describe("a recovery on a line of time", () => {
  it("begins each phase with its first step, in the order they began", () => {
    const line = timeline(failover, 0);
    expect(line.bars.map((bar) => [bar.phase, bar.began, bar.ended])).toEqual([
      ["detect", 0, 4_000],
      ["fence", 4_000, 13_800],
      ["promote", 16_900, 17_800],
      ["repoint", 17_800, 33_400],
    ]);
    expect(line.ends).toBe(33_400);
  });

  it("keeps steps that ran side by side on lanes of their own", () => {
    const fence = timeline(failover, 0).bars[1];
    expect(fence?.marks.map((mark) => mark.lane)).toEqual([0, 0, 1]);
    expect(fence?.lanes).toBe(2);
  });

  it("says that nobody could write from the first sign of a failover", () => {
    expect(timeline(failover, 0).unwritable).toEqual({ from: 0, to: 17_800 });
  });

  it("says that nobody could write from the hold of a switchover", () => {
    const phases: Recovery["phases"] = [
      { name: "prepare", took_us: 500, steps: [step(0, 500)] },
      { name: "hold", took_us: 300, steps: [step(500, 300)] },
    ];
    const switchover = { ...failover, kind: "switchover" as const, phases, write_pause_us: 2_000 };
    expect(timeline(switchover, 0).unwritable).toEqual({ from: 500, to: 2_500 });
  });

  it("lets what runs reach to now", () => {
    const phases: Recovery["phases"] = [{ name: "fence", took_us: 0, steps: [step(100, null)] }];
    const running = { ...failover, state: "running" as const, time_to_writable_us: null, phases };
    const line = timeline(running, 5_000);
    expect(line.ends).toBe(5_000);
    expect(line.bars[0]?.ended).toBe(5_000);
    expect(line.unwritable).toEqual({ from: 0, to: 5_000 });
  });

  it("knows no end of an aborted recovery's outage", () => {
    const aborted = { ...failover, state: "aborted" as const, time_to_writable_us: null };
    expect(timeline(aborted, 99_000).unwritable).toBeNull();
    expect(timeline(aborted, 99_000).ends).toBe(33_400);
  });

  it("has a length without any step", () => {
    const line = timeline({ ...failover, phases: [] }, 0);
    expect(line.bars).toEqual([]);
    expect(line.ends).toBeGreaterThan(0);
  });
});

describe("the window", () => {
  const line = timeline(failover, 0);

  it("keeps the time it is zoomed around where it was", () => {
    const window = zoomed(whole(line), 0.25, 10_000, line);
    expect(place(window, 10_000)).toBeCloseTo(place(whole(line), 10_000));
    expect(window.to - window.from).toBeCloseTo(line.ends / 4);
  });

  it("never leaves the line", () => {
    const window = zoomed(whole(line), 0.1, line.ends, line);
    expect(panned(window, 5, line).to).toBeCloseTo(line.ends);
    expect(panned(window, -500, line).from).toBe(0);
    expect(zoomed(window, 1_000, 0, line)).toEqual(whole(line));
  });

  it("shows a phase of nothing with room around it", () => {
    const window = around({ from: 13_800, to: 13_800 }, line);
    expect(window.to - window.from).toBeGreaterThan(0);
    expect(place(window, 13_800)).toBeCloseTo(0.5);
  });

  it("is marked at round times", () => {
    expect(ticks({ from: 0, to: 33_400 }, 6)).toEqual([0, 10_000, 20_000, 30_000]);
    expect(ticks({ from: 13_790, to: 13_810 }, 4)).toEqual([
      13_790, 13_795, 13_800, 13_805, 13_810,
    ]);
  });

  it("tells each mark from the next", () => {
    expect(tickText(13_795, 5, 33_400)).toBe("13.795 ms");
    expect(tickText(20_000, 10_000, 33_400)).toBe("20 ms");
    expect(tickText(500_000, 500_000, 2_500_000)).toBe("0.5 s");
    expect(tickText(40, 20, 100)).toBe("40 µs");
  });
});
