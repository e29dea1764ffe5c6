import { describe, expect, it } from "vitest";

import type { Recovery } from "../../../api/types";
import { elapsed, phases, told } from "./progress";
import { rate, sampled, secondsLeft } from "./rate";

const recovery = (change: Partial<Recovery> = {}): Recovery => ({
  id: "1",
  cluster: "orders",
  kind: "failover",
  epoch: "1.2",
  started_at: "2026-11-23T09:00:00.000Z",
  old_primary: "orders-1",
  new_primary: null,
  state: "running",
  abort_reason: null,
  verdict: "",
  time_to_writable_us: null,
  write_pause_us: null,
  problem: null,
  fencing: null,
  candidates: [],
  phases: [
    {
      name: "detect",
      took_us: 4_000,
      steps: [{ began_us: 0, took_us: 4_000, sentence: "it is dead" }],
    },
    {
      name: "fence",
      took_us: 0,
      steps: [{ began_us: 4_000, took_us: null, sentence: "store the intent" }],
    },
  ],
  ...change,
});

describe("a running recovery", () => {
  it("shows what is done, what runs and what is to come", () => {
    expect(phases(recovery()).map(({ name, state }) => `${name} ${state}`)).toEqual([
      "detect done",
      "fence running",
      "elect to_come",
      "catch_up to_come",
      "promote to_come",
      "publish to_come",
      "repoint to_come",
    ]);
  });

  it("of a kind that is not known yet tells only what was done", () => {
    const strange = recovery({ kind: "unknown" as Recovery["kind"] });
    expect(phases(strange).map(({ name }) => name)).toEqual(["detect", "fence"]);
  });

  it("has a clock that goes on from what the server told", () => {
    expect(elapsed(recovery(), 250)).toBe(254_000);
    expect(elapsed(recovery(), -5_000)).toBe(4_000);
  });
});

describe("a recovery that is over", () => {
  it("has a clock that stands still, and leaves out what never came", () => {
    const aborted = recovery({ state: "aborted" });
    expect(elapsed(aborted, 99_000)).toBe(told(aborted));
    expect(phases(aborted).map(({ state }) => state)).toEqual([
      "done",
      "done",
      ...Array<string>(5).fill("left_out"),
    ]);
  });

  it("that was undone goes nowhere else", () => {
    const undo = {
      name: "undo" as const,
      took_us: 900,
      steps: [{ began_us: 1, took_us: 900, sentence: "open it" }],
    };
    const hold = {
      name: "hold" as const,
      took_us: 1,
      steps: [{ began_us: 0, took_us: 1, sentence: "hold" }],
    };
    const undone = recovery({ kind: "switchover", state: "aborted", phases: [hold, undo] });
    expect(phases(undone).map(({ name }) => name)).toEqual(["hold", "undo"]);
  });
});

describe("the rate of a copy", () => {
  it("is taken from the last seconds", () => {
    const samples = [0, 1, 2, 12].reduce(
      (seen, second) => sampled(seen, { at: second * 1000, bytes: second * 100 }),
      sampled([], { at: 0, bytes: 0 }),
    );
    expect(samples.map(({ at }) => at)).toEqual([2000, 12_000]);
    expect(rate(samples)).toBe(100);
  });

  it("is not known from one look, nor across a new start", () => {
    expect(rate([{ at: 0, bytes: 5 }])).toBeNull();
    expect(sampled([{ at: 0, bytes: 500 }], { at: 1000, bytes: 10 })).toEqual([
      { at: 1000, bytes: 10 },
    ]);
  });

  it("tells the time left only where there is one", () => {
    expect(secondsLeft(100, 300, 50)).toBe(4);
    expect(secondsLeft(300, 300, 50)).toBeNull();
    expect(secondsLeft(100, 300, null)).toBeNull();
  });
});
