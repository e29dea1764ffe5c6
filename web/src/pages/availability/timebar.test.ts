import { describe, expect, it } from "vitest";
import { bars, spanOf, ticks } from "./timebar";

const DAY = spanOf("2026-11-22T00:00:00.000Z", "2026-11-23T00:00:00.000Z");
const outage = (began_at: string, ended_at: string | null, planned = false) => ({
  began_at,
  ended_at,
  secs: 0,
  planned,
  cause: "",
  recovery: null,
});

describe("the bar", () => {
  it("is to scale", () => {
    const [bar] = bars([outage("2026-11-22T06:00:00.000Z", "2026-11-22T12:00:00.000Z")], DAY);
    expect(bar?.left).toBe(0.25);
    expect(bar?.width).toBe(0.25);
  });
  it("cuts off what began before and what goes on", () => {
    const drawn = bars(
      [
        outage("2026-11-22T18:00:00.000Z", null),
        outage("2026-11-20T00:00:00.000Z", "2026-11-22T12:00:00.000Z"),
      ],
      DAY,
    );
    expect(drawn.map((bar) => [bar.left, bar.width])).toEqual([
      [0, 0.5],
      [0.75, 0.25],
    ]);
  });
  it("leaves out what lies outside", () => {
    expect(bars([outage("2026-11-20T00:00:00.000Z", "2026-11-21T00:00:00.000Z")], DAY)).toEqual([]);
  });
  it("has nothing to draw in no time", () => {
    expect(bars([outage("2026-11-22T00:00:00.000Z", null)], { from: 5, to: 5 })).toEqual([]);
  });
});

describe("the ticks", () => {
  it("of a day are on hours", () => {
    const { unit, at } = ticks(DAY);
    expect(unit).toBe("hour");
    expect(at.length).toBeGreaterThan(8);
    expect(at.length).toBeLessThanOrEqual(12);
    expect(at.every((tick) => new Date(tick.time).getMinutes() === 0)).toBe(true);
  });
  it("of a month are on days, of a year on months", () => {
    expect(ticks(spanOf("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")).unit).toBe("day");
    const year = ticks(spanOf("2025-11-23T10:00:00Z", "2026-11-23T10:00:00Z"));
    expect(year.unit).toBe("month");
    expect(year.at.every((tick) => new Date(tick.time).getDate() === 1)).toBe(true);
  });
  it("stay readable over ten years, and there are none in no time", () => {
    expect(
      ticks(spanOf("2016-01-01T00:00:00Z", "2026-01-01T00:00:00Z")).at.length,
    ).toBeLessThanOrEqual(12);
    expect(ticks({ from: 1, to: 1 }).at).toEqual([]);
  });
});
