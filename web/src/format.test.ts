import { describe, expect, it } from "vitest";
import { bytes, clock, duration, durationSecs, exact, percent, relative } from "./format";

describe("a duration", () => {
  it.each([
    [0, "0 µs"],
    [740, "740 µs"],
    [17_830, "18 ms"],
    [9_830, "9.8 ms"],
    [1_240_000, "1.2 s"],
    [184e6, "3 min 4 s"],
    [180e6, "3 min"],
    [183_600e6, "2 d 3 h"],
  ])("of %d µs is %s", (micros, text) => {
    expect(duration(micros)).toBe(text);
  });

  it("that is unknown is no number", () => {
    expect([duration(null), durationSecs(null), bytes(null), percent(null)]).toEqual(
      Array(4).fill("–"),
    );
  });

  it("never rounds over its unit", () => {
    expect(duration(59_999_999)).toBe("60 s");
    expect(duration(999)).toBe("999 µs");
  });
});

describe("a share", () => {
  it("is cut, not rounded up: only what is whole is 100 %", () => {
    expect(percent(99.99996)).toBe("99.999 %");
    expect(percent(100)).toBe("100 %");
  });

  it("survives how floats are stored", () => {
    expect(percent(0.29, 2)).toBe("0.29 %");
    expect(percent(99.9)).toBe("99.900 %");
  });
});

it("writes bytes in powers of 1000", () => {
  expect([bytes(999), bytes(1000), bytes(8.4e9), bytes(999_600)]).toEqual([
    "999 B",
    "1.0 kB",
    "8.4 GB",
    "1.0 MB",
  ]);
});

describe("a moment", () => {
  const at = "2026-11-23T04:46:43.821Z";

  it("is told by its distance, in whole units", () => {
    const now = Date.parse(at);
    expect(relative(at, now + 59_000, "en")).toBe("59 sec. ago");
    expect(relative(at, now + 119_000, "en")).toBe("1 min. ago");
    expect(relative(at, now - 7_200_000, "en")).toBe("in 2 hr.");
  });

  it("is exact to the millisecond, in UTC, as the command line writes it", () => {
    expect(exact(at)).toBe("2026-11-23 04:46:43.821 UTC");
  });

  it("has a clock of two digits each", () => {
    expect(clock(at)).toMatch(/^\d\d:\d\d:\d\d$/);
  });
});
